/// A field of an ID: consecutive bits with one meaning.
@frozen
public struct BitField: Sendable, Hashable {
    /// What a field means.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Always 0.
        case unused
        /// Ticks since the layout's epoch.
        case time
        /// The maker of the ID; other systems call it machine, node or shard.
        case worker
        /// Counts the IDs of one worker in one tick.
        case sequence
        /// Pinterest's logical shard.
        case shard
        /// Pinterest's kind of object.
        case type
        /// Pinterest's number within shard and type.
        case local
    }

    /// What the field means.
    public let kind: Kind
    /// The number of bits, 1 to 64.
    public let width: Int
    /// The number of bits below the field, 0 to 63.
    public let shift: Int

    /// Makes a field; traps unless it has at least one bit and lies within 64.
    public init(kind: Kind, width: Int, shift: Int) {
        precondition(width >= 1 && shift >= 0 && shift <= 64 - width, "a field lies within 64 bits")
        self.kind = kind
        self.width = width
        self.shift = shift
    }

    /// The highest value that the field holds.
    public var maximum: UInt64 { Self.maximum(ofWidth: width) }

    /// The number of its highest bit, 63 at most.
    public var highestBit: Int { shift + width - 1 }

    /// The field's value in an ID.
    public func value(in id: FirnID) -> UInt64 {
        id.rawValue >> UInt64(shift) & maximum
    }

    static func maximum(ofWidth width: Int) -> UInt64 {
        width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
    }

    /// Lays out fields from bit 63 down. Fields without bits are left out; the remaining bits become an unused field on
    /// top.
    static func stack(_ widths: [(kind: Kind, width: Int)]) -> [BitField] {
        let used = widths.reduce(0) { $0 + $1.width }
        var shift = 64
        return ([(kind: .unused, width: 64 - used)] + widths).filter { $0.width > 0 }.map { part in
            shift -= part.width
            return BitField(kind: part.kind, width: part.width, shift: shift)
        }
    }
}
