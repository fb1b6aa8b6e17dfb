internal import CNghttp2

/// The header fields of an answer, in the form in which nghttp2 takes them.
///
/// Sendable because nothing is changed after the initializer.
final class HeaderFields: @unchecked Sendable {
    struct Field: Equatable {
        let name: String
        let value: String
        /// Whether the peer's table gets it. Fields that are in it take one byte.
        var isIndexed = true
    }

    let fields: [Field]
    /// Refers to `text`.
    let vector: UnsafeMutableBufferPointer<nghttp2_nv>
    /// Bytes of all names and values.
    var length: Int { text.count }
    private let text: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter isConstant: whether they are never freed. nghttp2 copies those that may be, and refers to constant ones.
    init(_ fields: [Field], isConstant: Bool = false) {
        self.fields = fields
        vector = .allocate(capacity: fields.count)
        text = .allocate(capacity: fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count })
        let constant = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        var rest = text[...]
        func put(_ part: String) -> UnsafeMutablePointer<UInt8>? {
            let count = part.utf8.count
            let bytes = UnsafeMutableBufferPointer(rebasing: rest.prefix(count))
            _ = bytes.initialize(from: part.utf8)
            rest = rest.dropFirst(count)
            return bytes.baseAddress
        }
        for (index, field) in fields.enumerated() {
            let flags = (field.isIndexed ? 0 : NGHTTP2_NV_FLAG_NO_INDEX.rawValue) | (isConstant ? constant : 0)
            let name = put(field.name)
            vector.initializeElement(
                at: index,
                to: nghttp2_nv(
                    name: name,
                    value: put(field.value),
                    namelen: field.name.utf8.count,
                    valuelen: field.value.utf8.count,
                    flags: UInt8(flags)
                )
            )
        }
    }

    deinit {
        vector.deallocate()
        text.deallocate()
    }
}
