/// How a ``FirnClient`` behaves. Values out of their range are moved to the nearest in it.
public struct FirnClientConfiguration: Sendable, Hashable {
    // MARK: - Calls

    /// How long one call may take that is given no timeout of its own, from the moment it is made: waiting for `run()`,
    /// connecting, waiting for its turn and for the answer. 1 ms to 1 h; 1 s by default.
    ///
    /// The daemon is told what is left of it, and its own answer is given 50 ms to arrive after that.
    /// ``FirnClient/nextIDs(_:timeout:)`` makes a call for each ``maximumBatch`` IDs, each with this time.
    ///
    /// A connection is given up on which a call's time passed, and not a byte came since it was sent, half of this time
    /// ago or longer; and one that was not made within this time (with several addresses a fraction of it, so that a
    /// call's time is enough to come to the last).
    public var timeout: Duration = .seconds(1)

    /// Whether callers of ``FirnClient/nextID(timeout:)`` that ask while such a call is open share the next one. On by
    /// default: a thousand tasks then cost a few frames, and one alone waits no longer than without.
    public var coalescing = true

    /// How many calls are open on one connection. 1 to 65,536; 1,024 by default, which is as many as a daemon lets wait
    /// before it reads no more.
    public var maximumCallsInFlight = 1024

    /// How many more calls wait for their turn, or for a connection. Past it calls fail with `.tooManyCalls`.
    /// 0 to 1,048,576; 16,384 by default: what a hundred thousand calls per second need through a pause of 160 ms.
    public var maximumWaitingCalls = 16_384

    /// How many IDs one call asks for at most. 1 to 65,536, which is the default and the most that a daemon gives.
    ///
    /// A layout of few IDs per second wants fewer, for a call's IDs have to be there within ``timeout``: Sonyflake's
    /// 25,600 per second make 65,536 in 2.6 s.
    public var maximumBatch = 65_536

    // MARK: - Connections

    /// How many connections are made when `run()` begins, and kept. 0 to ``maximumConnectionsSoft``; 0 by default: the
    /// first call makes the first.
    public var minimumConnections = 0

    /// How many connections there are under load. 1 to ``maximumConnectionsHard``; 4 by default: one keeps a core of the
    /// client and one of the daemon busy, and few services spend more than four cores on their IDs.
    ///
    /// Another is made when 256 calls are open on the one with the fewest.
    public var maximumConnectionsSoft = 4

    /// How many connections there are at most, with those that finish their calls and take no new ones. 1 to 1,024; 20 by
    /// default, so that fifty clients of one daemon stay below the 1,024 descriptors that processes usually start with.
    ///
    /// Those above ``maximumConnectionsSoft`` are made only when all are full (``maximumCallsInFlight``), and closed as
    /// soon as no call is open on them.
    public var maximumConnectionsHard = 20

    /// After how long a connection above ``minimumConnections`` closes that nobody used. 1 s to 1 day; 60 s by default.
    public var idleTimeout: Duration = .seconds(60)

    /// After how long a connection on which nothing came is asked whether it is sound. 1 s to 1 day; 30 s by default:
    /// below the minutes after which routers forget a quiet connection. One that does not answer within ``timeout`` is
    /// replaced.
    public var keepAlive: Duration = .seconds(30)

    // MARK: - Daemons that are away

    /// How long connecting pauses after each address was tried in vain once. 1 ms to 1 minute; 10 ms by default: a
    /// daemon's restart takes about that.
    ///
    /// The pause doubles each time up to ``maximumBackoff``, and is then shortened by up to a half at random.
    public var initialBackoff: Duration = .milliseconds(10)

    /// The longest pause between two tries to connect. ``initialBackoff`` to 10 minutes; 500 ms by default, so that
    /// calls succeed again within a second of a daemon's coming back.
    public var maximumBackoff: Duration = .milliseconds(500)

    /// For how long calls wait while nobody can be connected, each up to its timeout. Then they fail at once, with
    /// `.unreachable`, until a connection comes about, which goes on being tried. 0 to 1 h; 5 s by default: longer than
    /// a daemon's restart, so that nobody notices that.
    ///
    /// With `.zero` calls fail as soon as each address was tried once.
    public var circuitBreakerTripAfter: Duration = .seconds(5)

    /// How often a more preferred address is tried again while calls go to another. 1 ms to 1 day; 10 s by default.
    public var failbackInterval: Duration = .seconds(10)

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: FirnClientConfiguration {
        var result = self
        result.timeout = Self.clampedTimeout(timeout)
        result.maximumCallsInFlight = min(max(maximumCallsInFlight, 1), 65_536)
        result.maximumWaitingCalls = min(max(maximumWaitingCalls, 0), 1 << 20)
        result.maximumBatch = min(max(maximumBatch, 1), 65_536)
        result.maximumConnectionsHard = min(max(maximumConnectionsHard, 1), 1024)
        result.maximumConnectionsSoft = min(max(maximumConnectionsSoft, 1), result.maximumConnectionsHard)
        result.minimumConnections = min(max(minimumConnections, 0), result.maximumConnectionsSoft)
        result.idleTimeout = min(max(idleTimeout, .seconds(1)), .seconds(86_400))
        result.keepAlive = min(max(keepAlive, .seconds(1)), .seconds(86_400))
        result.initialBackoff = min(max(initialBackoff, .milliseconds(1)), .seconds(60))
        result.maximumBackoff = min(max(maximumBackoff, result.initialBackoff), .seconds(600))
        result.circuitBreakerTripAfter = min(max(circuitBreakerTripAfter, .zero), .seconds(3600))
        result.failbackInterval = min(max(failbackInterval, .milliseconds(1)), .seconds(86_400))
        return result
    }

    /// A call's timeout in its range.
    static func clampedTimeout(_ timeout: Duration) -> Duration {
        min(max(timeout, .milliseconds(1)), .seconds(3600))
    }
}
