internal import FirnEngine
internal import FirnWire

/// One accepted socket: its session, the bytes on their way in and out, and the times that its limits are kept by.
///
/// Belongs to one reactor's thread. An idle connection holds no buffers.
final class Connection {
    /// Where a connection stands on its way to the end.
    enum Phase {
        case open
        /// Answers are still to be sent; nothing is read any more.
        case finishing
        /// Our side is shut; what the peer still sends is thrown away until it closes, so that it reads our last words
        /// instead of a reset.
        case lingering
        case closed
    }

    private let socket: FileDescriptor
    /// The socket's number, good for as long as the connection lives.
    let descriptor: Int32
    let user: UInt32?
    let lane: Lane
    let session: Session
    var phase = Phase.open
    /// Why we end it; `nil` while it is the peer's to end.
    var ending: ClosingReason?

    /// Input that was read and not used yet: part of a frame, or frames whose turn has not come.
    let unread = FrameBuffer()
    /// Answers that the kernel has not taken yet.
    let unsent = FrameBuffer()

    /// What epoll was told to watch for.
    var watched: UInt32 = 0
    /// The session takes no more frames until waiting calls are answered or output is taken.
    var isPaused = false
    /// The peer has sent its last byte.
    var sawEnd = false
    /// Whether the connection is in its lane's line, and in the reactor's list of those with frames left over.
    var isInLine = false
    var hasLeftover = false

    // In boot nanoseconds.
    /// When the first byte of the frame that is still incomplete came; `nil` when there is none.
    var frameBegan: Int64?
    /// When the unsent answers last got shorter, or began.
    var sendProgressed: Int64 = 0
    /// When the last byte came in.
    var lastReceived: Int64
    /// When lingering began.
    var lingerBegan: Int64 = 0

    init(_ accepted: AcceptedSocket, lane: Lane, limits: Limits, now: Int64) {
        socket = FileDescriptor(accepted.descriptor)
        descriptor = accepted.descriptor
        user = accepted.user
        self.lane = lane
        session = Session(limits: limits)
        lastReceived = now
    }

    var isUnix: Bool { user != nil }

    /// Nothing is left to answer or to send.
    var isQuiet: Bool { !session.hasWaitingCalls && !session.hasStoreCalls && unsent.isEmpty && !hasLeftover }

    /// What the connection would be closed for if nothing happens, and when; in boot nanoseconds.
    func timeout(_ timeouts: Timeouts) -> (at: Int64, reason: TimeoutReason)? {
        switch phase {
        case .closed:
            return nil
        case .lingering:
            return (lingerBegan + Self.maximumLinger, .lingered)
        case .open, .finishing:
            if !unsent.isEmpty { return (sendProgressed + timeouts.send, .unread) }
            if let frameBegan { return (frameBegan + timeouts.frame, .slowFrame) }
            if session.hasWaitingCalls || session.hasStoreCalls { return nil }
            guard let idle = isUnix ? timeouts.unixIdle : timeouts.tcpIdle else { return nil }
            return (lastReceived + idle, .idle)
        }
    }

    enum TimeoutReason {
        case unread, slowFrame, idle, lingered
    }

    /// A peer that wants to read our last words does so within this; nobody else is worth the descriptor.
    private static let maximumLinger: Int64 = 1_000_000_000
}

/// The limits' durations in nanoseconds, taken out once: `Duration` counts in 128 bits.
struct Timeouts {
    let send: Int64
    let frame: Int64
    let unixIdle: Int64?
    let tcpIdle: Int64?
    let drain: Int64

    init(_ limits: Limits) {
        send = limits.sendTimeout.nanoseconds
        frame = limits.frameTimeout.nanoseconds
        unixIdle = limits.unixIdleTimeout?.nanoseconds
        tcpIdle = limits.tcpIdleTimeout?.nanoseconds
        drain = limits.drainTimeout.nanoseconds
    }
}
