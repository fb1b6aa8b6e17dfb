/// The header fields of a request that ``CallHead`` looks at. All others are ignored.
struct RequestFields {
    var path = ""
    var method = ""
    var contentType = ""
    var timeout: String?
    /// Several are joined, and so no token.
    var authorization: String?
}

/// Collects the fields of one request after the other.
struct RequestFieldReader {
    private(set) var fields = RequestFields()
    /// Most requests of a connection have the same path and content type, whose texts are kept.
    private var last = RequestFields()

    /// A new request begins.
    mutating func reset() {
        last = fields
        fields = RequestFields()
    }

    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        switch name.count {
        case 5 where Self.isEqual(name, ":path"): fields.path = Self.text(value, likely: last.path)
        case 7 where Self.isEqual(name, ":method"): fields.method = Self.text(value, likely: last.method)
        case 12 where Self.isEqual(name, "content-type"):
            fields.contentType = Self.text(value, likely: last.contentType)
        case 12 where Self.isEqual(name, "grpc-timeout"): fields.timeout = String(decoding: value, as: UTF8.self)
        case 13 where Self.isEqual(name, "authorization"):
            let text = String(decoding: value, as: UTF8.self)
            fields.authorization = fields.authorization.map { "\($0), \(text)" } ?? text
        default: break
        }
    }

    private static func isEqual(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        bytes.elementsEqual(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, likely text: String) -> String {
        let isSame = text.utf8.withContiguousStorageIfAvailable { utf8 in
            utf8.count == bytes.count && bytes.elementsEqual(UnsafeRawBufferPointer(utf8))
        }
        return isSame == true ? text : String(decoding: bytes, as: UTF8.self)
    }
}
