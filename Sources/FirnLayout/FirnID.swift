/// A unique 64-bit ID.
///
/// IDs are ordered as unsigned numbers. In JSON an ID is a decimal *string*, because a JavaScript number is exact only
/// up to 2^53. ``formatted(_:)`` and ``init(parsing:format:)`` support other text forms.
@frozen
public struct FirnID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The 64 bits.
    public let rawValue: UInt64

    /// Makes an ID from its 64 bits; every value is valid.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Whether one ID is lower than another, compared as unsigned numbers.
    @inlinable
    public static func < (lhs: FirnID, rhs: FirnID) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
