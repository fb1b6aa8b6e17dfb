/// The files of ``fileDescriptorSet`` by name, and by the names of what they define. Field numbers: descriptor.proto,
/// <https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto>.
struct DescriptorIndex: Sendable {
    struct File: Sendable {
        let name: String
        /// A google.protobuf.FileDescriptorProto.
        let bytes: [UInt8]
    }

    private(set) var files: [String: File] = [:]
    /// Messages, enums, services, methods, fields and values, by their full name.
    private var owners: [String: String] = [:]
    /// The full names of messages.
    private(set) var messages: Set<String> = []
    /// The full names of services.
    private(set) var services: [String] = []

    init(_ descriptorSet: [UInt8]) throws(ProtobufReader.Malformed) {
        for case .bytes(let file) in try Self.values(1, of: descriptorSet[...]) { try add(file) }
    }

    func file(of symbol: String) -> File? { owners[symbol].flatMap { files[$0] } }

    private mutating func add(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        let name = try Self.text(1, of: bytes)
        let package = try Self.text(2, of: bytes)
        files[name] = File(name: name, bytes: Array(bytes))
        for case .bytes(let message) in try Self.values(4, of: bytes) {
            try add(message: message, in: package, of: name)
        }
        for case .bytes(let type) in try Self.values(5, of: bytes) { try add(enum: type, in: package, of: name) }
        for case .bytes(let service) in try Self.values(6, of: bytes) {
            let symbol = try "\(package).\(Self.text(1, of: service))"
            services.append(symbol)
            owners[symbol] = name
            for case .bytes(let method) in try Self.values(2, of: service) {
                owners[try "\(symbol).\(Self.text(1, of: method))"] = name
            }
        }
    }

    private mutating func add(
        message: ArraySlice<UInt8>,
        in scope: String,
        of file: String
    ) throws(ProtobufReader.Malformed) {
        let symbol = try "\(scope).\(Self.text(1, of: message))"
        owners[symbol] = file
        messages.insert(symbol)
        // Fields, oneofs.
        for number: UInt64 in [2, 8] {
            for case .bytes(let member) in try Self.values(number, of: message) {
                owners[try "\(symbol).\(Self.text(1, of: member))"] = file
            }
        }
        for case .bytes(let nested) in try Self.values(3, of: message) {
            try add(message: nested, in: symbol, of: file)
        }
        for case .bytes(let type) in try Self.values(4, of: message) { try add(enum: type, in: symbol, of: file) }
    }

    private mutating func add(
        enum type: ArraySlice<UInt8>,
        in scope: String,
        of file: String
    ) throws(ProtobufReader.Malformed) {
        owners[try "\(scope).\(Self.text(1, of: type))"] = file
        // A value's name is in the scope of its enum, and not in the enum.
        for case .bytes(let value) in try Self.values(2, of: type) {
            owners[try "\(scope).\(Self.text(1, of: value))"] = file
        }
    }

    private static func values(
        _ number: UInt64,
        of message: ArraySlice<UInt8>
    ) throws(ProtobufReader.Malformed) -> [ProtobufReader.Value] {
        var values: [ProtobufReader.Value] = []
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            if field.number == number { values.append(field.value) }
        }
        return values
    }

    private static func text(
        _ number: UInt64,
        of message: ArraySlice<UInt8>
    ) throws(ProtobufReader.Malformed) -> String {
        try values(number, of: message).last?.text ?? ""
    }
}
