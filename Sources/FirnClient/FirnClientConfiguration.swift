/// How a ``FirnClient`` behaves. Values out of their range are moved to the nearest in it.
public struct FirnClientConfiguration: Sendable, Hashable {
    // MARK: - Calls

    /// How long a call without a timeout of its own may take, from when it is made: waiting for `run()`, connecting,
    /// waiting in the queue and for the answer. 1 ms to 1 h; 1 s by default.
    ///
    /// The request tells the daemon how much of it is left, and the daemon's answer that the time has passed is waited for
    /// for 50 ms. ``FirnClient/nextIDs(count:timeout:)`` makes a call for each ``maximumBatchSize`` IDs, each with this
    /// timeout.
    ///
    /// A connection is closed when a call on it timed out and no byte has come since that call was sent, at least half of
    /// this time ago. Connecting fails after this time; with several addresses after a fraction of it, so that a call's
    /// timeout is long enough to reach the last address.
    public var timeout: Duration = .seconds(1)

    /// Whether calls of ``FirnClient/nextID(timeout:)`` that are made while another one is in flight share one request. On
    /// by default: a thousand tasks then cost a few frames, and one task alone waits no longer than without.
    public var coalescesCalls = true

    /// How many calls are in flight on one connection at most. 1 to 65,536; 1,024 by default, which is how many calls a
    /// daemon lets wait before it stops reading the connection.
    public var maximumCallsInFlight = 1024

    /// How many more calls wait in the client at most, for a place on a connection or for a connection. Past it calls fail
    /// with `.tooManyCalls`. 0 to 1,048,576; 16,384 by default: the calls of 160 ms at a hundred thousand calls per second.
    public var maximumWaitingCalls = 16_384

    /// How many IDs one call requests at most. 1 to 65,536, which is the default and the most that a daemon gives.
    ///
    /// Choose fewer for a layout of few IDs per second, for a call's IDs have to be made within ``timeout``: a worker of
    /// Sonyflake's layout makes 25,600 per second, and takes 2.6 s for 65,536.
    public var maximumBatchSize = 65_536

    // MARK: - Connections

    /// How many connections are made when `run()` begins, and kept open. 0 to ``maximumConnectionSoftLimit``; 0 by
    /// default: the first call makes the first connection.
    public var minimumConnectionCount = 0

    /// How many connections there are at most under load. 1 to ``maximumConnectionHardLimit``; 4 by default: one connection
    /// keeps a core of the client and one of the daemon busy, and few services spend more than four cores on their IDs.
    ///
    /// Another is made when 256 calls are in flight on the connection that has the fewest.
    public var maximumConnectionSoftLimit = 4

    /// How many connections there are at most, those among them that are draining. 1 to 1,024; 20 by default, so that
    /// fifty clients of one daemon stay below the 1,024 descriptors that processes usually start with.
    ///
    /// Connections above ``maximumConnectionSoftLimit`` are made only when all are full (``maximumCallsInFlight``), and
    /// closed as soon as no call is in flight on them.
    public var maximumConnectionHardLimit = 20

    /// How long a connection above ``minimumConnectionCount`` may be unused before it is closed. 1 s to 1 day; 60 s by
    /// default.
    public var idleTimeout: Duration = .seconds(60)

    /// How long a connection may be silent before the client sends a request of its own on it. 1 s to 1 day; 30 s by
    /// default: below the minutes after which routers forget a silent connection. A connection without an answer within
    /// ``timeout`` is replaced.
    public var keepAliveInterval: Duration = .seconds(30)

    /// The token that is shown to the daemon on each new connection, before any call; nil by default.
    ///
    /// A daemon asks for one on TCP if it has a `--token-file`. A token that it does not accept fails calls with
    /// `.unauthenticated`, and no call is made again for that. One that does not allow a method fails that call with
    /// `.permissionDenied`. A daemon that asks for no token accepts any. It has 16 to 256 characters of printable ASCII.
    public var token: String?

    /// The files and the server's name for addresses that begin with `tls:`. What is not set is taken from the environment.
    public var tls = FirnTLSConfiguration()

    // MARK: - Daemons that cannot be connected

    /// The pause after the first failed attempt to connect at every address. 1 ms to 1 minute; 10 ms by default: about
    /// what a daemon's restart takes.
    ///
    /// The pause doubles each time, up to ``maximumBackoff``. Each one is shortened by up to a half at random.
    public var initialBackoff: Duration = .milliseconds(10)

    /// The longest pause between attempts to connect. ``initialBackoff`` to 10 minutes; 500 ms by default, so that calls
    /// succeed within a second after a daemon is back.
    public var maximumBackoff: Duration = .milliseconds(500)

    /// How long calls wait while no daemon can be connected, each up to its timeout. After that calls fail at once, with
    /// `.unreachable`, until a connection is made; attempts to connect go on. 0 to 1 h; 5 s by default: longer than a
    /// daemon's restart, so that a restart is a delay and no error.
    ///
    /// With `.zero` calls fail as soon as connecting to each address has failed once.
    public var circuitBreakerTripAfter: Duration = .seconds(5)

    /// How often connecting to a more preferred address is attempted while calls go to another. 1 ms to 1 day; 10 s by
    /// default.
    public var failbackInterval: Duration = .seconds(10)

    /// Makes the default configuration.
    public init() {}

    /// The same with every value in its range.
    var inRange: FirnClientConfiguration {
        var result = self
        result.timeout = Self.clampedTimeout(timeout)
        result.maximumCallsInFlight = min(max(maximumCallsInFlight, 1), 65_536)
        result.maximumWaitingCalls = min(max(maximumWaitingCalls, 0), 1 << 20)
        result.maximumBatchSize = min(max(maximumBatchSize, 1), 65_536)
        result.maximumConnectionHardLimit = min(max(maximumConnectionHardLimit, 1), 1024)
        result.maximumConnectionSoftLimit = min(max(maximumConnectionSoftLimit, 1), result.maximumConnectionHardLimit)
        result.minimumConnectionCount = min(max(minimumConnectionCount, 0), result.maximumConnectionSoftLimit)
        result.idleTimeout = min(max(idleTimeout, .seconds(1)), .seconds(86_400))
        result.keepAliveInterval = min(max(keepAliveInterval, .seconds(1)), .seconds(86_400))
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
