/// Reads the fields of a protobuf message, for the few small messages that are not Firn's: those of gRPC's standard
/// services, and descriptors. Source: <https://protobuf.dev/programming-guides/encoding/>.
struct ProtobufReader {
    struct Malformed: Error {}

    struct Field {
        let number: UInt64
        let value: Value
    }

    enum Value: Equatable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)

        /// The value of a field that is text; `nil` when it is a number or not UTF-8.
        var text: String? {
            guard case .bytes(let bytes) = self else { return nil }
            return String(validating: bytes, as: UTF8.self)
        }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        rest = ArraySlice(bytes)
    }

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field; `nil` at the message's end.
    mutating func next() throws(Malformed) -> Field? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0 else { throw Malformed() }
        switch tag & 7 {
        case 0: return Field(number: tag >> 3, value: .number(try varint()))
        case 1: return Field(number: tag >> 3, value: .number(try fixed(8)))
        case 2: return Field(number: tag >> 3, value: .bytes(try take(try varint())))
        case 5: return Field(number: tag >> 3, value: .number(try fixed(4)))
        default: throw Malformed()
        }
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst(), shift < 63 || byte <= 1 else { throw Malformed() }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw Malformed()
    }

    private mutating func fixed(_ count: UInt64) throws(Malformed) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: UInt64) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw Malformed() }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }
}
