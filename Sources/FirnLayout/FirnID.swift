/// A unique 64-bit ID.
///
/// IDs order as their unsigned numbers do. In JSON an ID is a decimal *string*, because a JavaScript number is exact
/// only up to 2^53. ``formatted(_:)`` and ``init(parsing:format:)`` know the other text forms.
@frozen
public struct FirnID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The 64 bits.
    public let rawValue: UInt64

    /// Makes an ID of its 64 bits; every value is one.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Whether one ID is lower than another, as unsigned numbers.
    @inlinable
    public static func < (lhs: FirnID, rhs: FirnID) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
