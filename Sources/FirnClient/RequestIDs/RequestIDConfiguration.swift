/// How a ``RequestIDGenerator`` behaves. Values out of their range are moved to the nearest in it.
public struct RequestIDConfiguration: Sendable, Hashable {
    /// The last number of a prefix; then comes the next prefix. 1 to 2^63 - 1; 2^32 - 1 by default: an ID's number has ten
    /// digits at most, and a service that makes a million IDs per second asks for a prefix every 72 minutes.
    ///
    /// The next prefix is asked for when the last quarter of the numbers begins; by default that service then has
    /// 18 minutes to get it.
    public var maximumNumber = 4_294_967_295

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: RequestIDConfiguration {
        var result = self
        result.maximumNumber = max(maximumNumber, 1)
        return result
    }
}
