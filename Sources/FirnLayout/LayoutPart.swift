/// A field of a layout before it has its place: a width instead of bits.
struct LayoutPart: Hashable {
    let kind: BitField.Kind
    let name: String
    let width: Int
    let constant: UInt64

    init(_ kind: BitField.Kind, name: String? = nil, width: Int, constant: UInt64 = 0) {
        self.kind = kind
        self.name = name ?? kind.rawValue
        self.width = width
        self.constant = constant
    }
}

extension [LayoutPart] {
    /// The fields, from bit 63 down. Parts without bits are left out, and the bits that remain become one unused field
    /// on top.
    var fields: [BitField] {
        let used = filter { $0.kind != .unused && $0.width > 0 }
        var shift = 64
        let rest = 64 - used.reduce(0) { $0 + $1.width }
        return ((rest > 0 ? [LayoutPart(.unused, width: rest)] : []) + used).map { part in
            shift -= part.width
            return BitField(
                kind: part.kind,
                name: part.name,
                width: part.width,
                shift: shift,
                constant: part.constant
            )
        }
    }
}
