/// How a ``Prefetcher`` behaves. Values out of their range are moved to the nearest in it.
public struct PrefetcherConfiguration: Sendable, Hashable {
    /// How old an ID may become in the buffer before it is dropped, counted from the start of the call for it. 1 ms to 1 h;
    /// 100 ms by default: an ID's time is then right to a tenth of a second, and a process may pause for as long without
    /// losing its IDs.
    ///
    /// ``Prefetcher`` says when an ID may become older.
    public var maximumAge: Duration = .milliseconds(100)

    /// How many IDs the buffer has at most, for all processors together. 1 to 1,048,576; 65,536 by default, the most that
    /// one call gives. Memory is used for the runs that the IDs come in, not for each ID.
    public var maximumCount = 65_536

    /// How many IDs are requested at least for a processor whose threads take any. 1 to ``maximumCount``; 64 by default: so
    /// few that it does not matter when they are not taken.
    ///
    /// Raise it for bursts after a pause, for which the rate of use before the pause is no guide.
    public var minimumCount = 64

    /// How many tasks may wait for an ID in ``Prefetcher/next()``. Past it the call fails with `.tooManyCalls`. 0 to
    /// 1,048,576; 16,384 by default, as for ``FirnClientConfiguration/maximumWaitingCalls``.
    public var maximumWaiters = 16_384

    /// How long after the last ID was taken IDs that have become too old are still replaced. 0 to 1 h; 1 s by default. After
    /// that the daemon is not called until an ID is taken again.
    public var idleTimeout: Duration = .seconds(1)

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: PrefetcherConfiguration {
        var result = self
        result.maximumAge = min(max(maximumAge, .milliseconds(1)), .seconds(3600))
        result.maximumCount = min(max(maximumCount, 1), 1 << 20)
        result.minimumCount = min(max(minimumCount, 1), result.maximumCount)
        result.maximumWaiters = min(max(maximumWaiters, 0), 1 << 20)
        result.idleTimeout = min(max(idleTimeout, .zero), .seconds(3600))
        return result
    }
}
