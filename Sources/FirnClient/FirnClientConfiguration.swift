/// How a ``FirnClient`` behaves. Values out of their range are moved to the nearest in it.
public struct FirnClientConfiguration: Sendable, Hashable {
    /// How long one call may take, from the moment it is made: waiting for `run()`, connecting, waiting for its turn and
    /// for the answer. 1 ms to 1 h; 1 s by default.
    ///
    /// The daemon is told what is left of it, and its own answer is given 50 ms to arrive after that.
    /// ``FirnClient/nextIDs(_:)`` makes a call for each ``maximumBatch`` IDs, each with this time.
    public var timeout: Duration = .seconds(1)

    /// How many calls are open on one connection. 1 to 65,536; 1,024 by default, which is as many as a daemon lets wait
    /// before it reads no more.
    public var maximumCallsInFlight = 1024

    /// How many more calls wait for their turn, or for the connection. Past it calls fail with `.tooManyCalls`.
    /// 0 to 1,048,576; 16,384 by default: what a hundred thousand calls a second need through a pause of 160 ms.
    public var maximumWaitingCalls = 16_384

    /// How many IDs one call asks for at most. 1 to 65,536, which is the default and the most that a daemon gives.
    ///
    /// A layout of few IDs a second wants fewer, for a call's IDs have to be there within ``timeout``: Sonyflake's
    /// 25,600 a second make 65,536 in 2.6 s.
    public var maximumBatch = 65_536

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: FirnClientConfiguration {
        var result = self
        result.timeout = min(max(timeout, .milliseconds(1)), .seconds(3600))
        result.maximumCallsInFlight = min(max(maximumCallsInFlight, 1), 65_536)
        result.maximumWaitingCalls = min(max(maximumWaitingCalls, 0), 1 << 20)
        result.maximumBatch = min(max(maximumBatch, 1), 65_536)
        return result
    }
}
