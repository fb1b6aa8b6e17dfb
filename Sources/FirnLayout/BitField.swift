/// A field of an ID: consecutive bits with one meaning.
@frozen
public struct BitField: Sendable, Hashable {
    /// What a field means.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Always 0.
        case unused
        /// Ticks since the layout's epoch, or in a descending layout the ticks that are left.
        case time
        /// The maker of the ID, or a part of its number; other systems call it machine, node, datacenter or shard.
        case worker
        /// Counts the IDs of one worker in one tick.
        case sequence
        /// The same number in every ID of the layout.
        case constant
        /// Random, or of no meaning to Firn.
        case random
        /// Pinterest's logical shard.
        case shard
        /// Pinterest's kind of object.
        case type
        /// Pinterest's number within shard and type.
        case local
    }

    /// What the field means.
    public let kind: Kind
    /// The field's name in a layout's text. A layout has no two fields of one name.
    public let name: String
    /// The number of bits, 1 to 64.
    public let width: Int
    /// The number of bits below the field, 0 to 63.
    public let shift: Int
    /// The number that a ``Kind/constant`` field has in every ID; 0 for fields of other kinds.
    public let constant: UInt64

    /// Makes a field with its kind's name; traps unless it has at least one bit and lies within 64.
    public init(kind: Kind, width: Int, shift: Int) {
        self.init(kind: kind, name: kind.rawValue, width: width, shift: shift)
    }

    /// Makes a field; traps unless it has at least one bit, lies within 64, and holds its constant.
    init(kind: Kind, name: String, width: Int, shift: Int, constant: UInt64 = 0) {
        precondition(width >= 1 && shift >= 0 && shift <= 64 - width, "a field lies within 64 bits")
        precondition(constant <= Self.maximum(ofWidth: width), "a constant fits in its field")
        self.kind = kind
        self.name = name
        self.width = width
        self.shift = shift
        self.constant = constant
    }

    /// The highest value that the field holds.
    public var maximum: UInt64 { Self.maximum(ofWidth: width) }

    /// The number of its highest bit, 63 at most.
    public var highestBit: Int { shift + width - 1 }

    /// The field's value in an ID.
    public func value(in id: FirnID) -> UInt64 {
        id.rawValue >> UInt64(shift) & maximum
    }

    /// The bits of an ID that are the field's.
    var mask: UInt64 { maximum << UInt64(shift) }

    /// The bits of an ID in which the field has a value that fits in it.
    func bits(of value: UInt64) -> UInt64 {
        value << UInt64(shift)
    }

    static func maximum(ofWidth width: Int) -> UInt64 {
        width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
    }
}
