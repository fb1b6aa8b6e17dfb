internal import NIOCore

/// One accepted HTTP connection, and the timestamps that its timeouts are computed from. Belongs to one event loop.
final class HTTPConnection {
    enum Phase {
        case open
        /// The connection closes after the answer that is being sent; no more bytes are read as requests.
        case finishing
        /// Our side is shut down. What the peer still sends is discarded until it closes, so that it reads the last
        /// answer and not a reset.
        case lingering
    }

    /// Why the connection will be closed if nothing happens.
    enum TimeoutReason {
        case idle, slowRequest, unread, lingered
    }

    let channel: any Channel
    let purpose: HTTPListener.Purpose
    /// Whether the host of a request is checked: connections on loopback.
    let checksHost: Bool
    /// Whether requests must show a token, if the daemon has any.
    let asksForToken: Bool
    /// Whether it has TLS.
    let isSecure: Bool
    /// The host of the last request that passed the check; the next request nearly always has the same.
    var acceptedHost: String?
    var phase = Phase.open { didSet { loop.scheduleTimeout(self) } }
    /// Whether the limiter counts it.
    var isCounted = false
    /// A complete request is being answered.
    var isAnswering = false { didSet { if !isAnswering { loop.scheduleTimeout(self) } } }
    /// Whether bytes of a request have arrived that is not complete yet.
    var hasPartialRequest = false
    /// Whether the last part that the decoder returned was the end of a request.
    var sawRequestEnd = false
    /// The decoder has found bytes that are not a request.
    var isBroken = false
    /// When the first byte of an incomplete request arrived; `nil` when there is none. It becomes `nil` when an answer
    /// begins, which has no timeout.
    var requestBegan: NIODeadline? { didSet { if requestBegan != nil { loop.scheduleTimeout(self) } } }
    /// When the peer stopped reading an answer; `nil` while it reads.
    var stuckSince: NIODeadline? { didSet { if stuckSince != oldValue { loop.scheduleTimeout(self) } } }
    /// When the last byte arrived, or the last answer was sent.
    var lastActivity: NIODeadline
    var lingerBegan = NIODeadline.uptimeNanoseconds(0)
    /// The connection's index in its loop.
    let slot: Int

    private unowned let loop: HTTPLoop

    /// How long a peer may take to read the last answer before the descriptor is reclaimed.
    private static let maximumLinger = TimeAmount.seconds(1)

    init(
        _ channel: any Channel,
        purpose: HTTPListener.Purpose,
        checksHost: Bool,
        asksForToken: Bool,
        isSecure: Bool,
        loop: HTTPLoop,
        slot: Int
    ) {
        self.loop = loop
        self.slot = slot
        self.channel = channel
        self.purpose = purpose
        self.checksHost = checksHost
        self.asksForToken = asksForToken
        self.isSecure = isSecure
        lastActivity = .now()
    }

    /// No request has begun that is not answered.
    var isIdle: Bool { phase == .open && !isAnswering && requestBegan == nil }

    /// Starts the request timeout for a request that arrived in part behind another one. It starts when that one is
    /// answered.
    func noteRest() {
        if hasPartialRequest, !isAnswering, phase == .open, requestBegan == nil { requestBegan = .now() }
    }

    func timeout(_ timeouts: HTTPTimeouts) -> (at: NIODeadline, reason: TimeoutReason)? {
        if phase == .lingering { return (lingerBegan + Self.maximumLinger, .lingered) }
        if let stuckSince { return (stuckSince + timeouts.send, .unread) }
        if phase == .finishing { return (lastActivity + timeouts.send, .unread) }
        if isAnswering { return nil }
        if let requestBegan { return (requestBegan + timeouts.request, .slowRequest) }
        return (lastActivity + timeouts.idle, .idle)
    }
}

/// The limits' durations in NIO's terms.
struct HTTPTimeouts: Sendable {
    let idle: TimeAmount
    let request: TimeAmount
    let send: TimeAmount
    let drain: TimeAmount

    init(_ limits: HTTPLimits) {
        idle = TimeAmount(limits.idleTimeout)
        request = TimeAmount(limits.requestTimeout)
        send = TimeAmount(limits.sendTimeout)
        drain = TimeAmount(limits.drainTimeout)
    }
}
