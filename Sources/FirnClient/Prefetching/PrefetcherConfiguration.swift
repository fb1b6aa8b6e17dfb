/// How a ``Prefetcher`` behaves. Values out of their range are moved to the nearest in it.
public struct PrefetcherConfiguration: Sendable, Hashable {
    /// How old an ID may become in the buffer before it is dropped, counted from before the call that it was made by.
    /// 1 ms to 1 h; 100 ms by default: an ID's time is then right to a tenth of a second, and a process may pause as long
    /// without its IDs being thrown away.
    ///
    /// ``Prefetcher`` says what can make an ID older.
    public var maximumAge: Duration = .milliseconds(100)

    /// How many IDs the buffer holds at most, all processors' together. 1 to 1,048,576; 65,536 by default, the most that
    /// one call gives. They take no memory for each: what is held is the runs that they come in.
    public var maximumCount = 65_536

    /// How many IDs are made ready at least for a processor whose threads take any. 1 to ``maximumCount``; 64 by default:
    /// little enough to be no loss when nobody takes them.
    ///
    /// A higher one is for bursts after a silence, which the rate of use tells nothing about.
    public var minimumCount = 64

    /// How many tasks may wait for an ID in ``Prefetcher/next()``. Past it the call fails with `.tooManyCalls`. 0 to
    /// 1,048,576; 16,384 by default, as many as wait for calls of their own.
    public var maximumWaiters = 16_384

    /// How long IDs that grew old are replaced after the last one was asked for. 0 to 1 h; 1 s by default. After it the
    /// daemon is not called until an ID is asked for again.
    public var idleAfter: Duration = .seconds(1)

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: PrefetcherConfiguration {
        var result = self
        result.maximumAge = min(max(maximumAge, .milliseconds(1)), .seconds(3600))
        result.maximumCount = min(max(maximumCount, 1), 1 << 20)
        result.minimumCount = min(max(minimumCount, 1), result.maximumCount)
        result.maximumWaiters = min(max(maximumWaiters, 0), 1 << 20)
        result.idleAfter = min(max(idleAfter, .zero), .seconds(3600))
        return result
    }
}
