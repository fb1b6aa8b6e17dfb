/// A unique 64-bit ID.
public struct FirnID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The 64 bits.
    public let rawValue: UInt64

    /// Makes an ID of its 64 bits; every value is one.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    @inlinable
    public static func < (lhs: FirnID, rhs: FirnID) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
