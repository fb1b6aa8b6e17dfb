/// How a ``RequestIDGenerator`` behaves. Values out of their range are moved to the nearest in it.
public struct RequestIDGeneratorConfiguration: Sendable, Hashable {
    /// The highest number of a prefix; after it the next prefix is used. 1 to 2^63 - 1; 2^32 - 1 by default: an ID's number
    /// then has ten digits at most, and a service that makes a million IDs per second requests a prefix every 72 minutes.
    ///
    /// The next prefix is requested when the last quarter of the numbers begins, so 18 minutes before it is needed by that
    /// service.
    public var maximumNumber = 4_294_967_295

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: RequestIDGeneratorConfiguration {
        var result = self
        result.maximumNumber = max(maximumNumber, 1)
        return result
    }
}
