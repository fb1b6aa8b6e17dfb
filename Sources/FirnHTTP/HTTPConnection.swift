internal import NIOCore

/// One accepted HTTP connection, and the times that its limits are kept by. Belongs to one event loop.
final class HTTPConnection {
    enum Phase {
        case open
        /// The connection ends with what is being sent; nothing that still comes is read as a request.
        case finishing
        /// Our side is shut; what the peer still sends is thrown away until it closes, so that it reads our last words
        /// instead of a reset.
        case lingering
    }

    /// What the connection would be closed for if nothing happens.
    enum TimeoutReason {
        case idle, slowRequest, unread, lingered
    }

    let channel: any Channel
    let purpose: HTTPListener.Purpose
    /// Whether requests must be for this host: they come over loopback.
    let checksHost: Bool
    /// The host that was found to be this one last: nearly always the next request's too.
    var acceptedHost: String?
    var phase = Phase.open
    /// Whether the limiter counts it.
    var isCounted = false
    /// A whole request is being answered.
    var isAnswering = false
    /// Whether bytes of a request have come that is not whole yet.
    var hasPartialRequest = false
    /// Whether the part of a request that came last was its end.
    var sawRequestEnd = false
    /// The decoder has found what is no request.
    var isBroken = false
    /// When the first byte of a request came that is not whole yet; `nil` when there is none.
    var requestBegan: NIODeadline?
    /// When the peer stopped taking an answer; `nil` while it takes it.
    var stuckSince: NIODeadline?
    /// When the last byte came in, or the last answer went out.
    var lastActivity: NIODeadline
    var lingerBegan = NIODeadline.uptimeNanoseconds(0)

    /// A peer that wants to read our last words does so within this; nobody else is worth the descriptor.
    private static let maximumLinger = TimeAmount.seconds(1)

    init(_ channel: any Channel, purpose: HTTPListener.Purpose, checksHost: Bool) {
        self.channel = channel
        self.purpose = purpose
        self.checksHost = checksHost
        lastActivity = .now()
    }

    /// Nothing was begun that would have to be finished.
    var isIdle: Bool { phase == .open && !isAnswering && requestBegan == nil }

    /// Has the time of a request run that came in part behind another one. It begins when the other has its answer.
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
