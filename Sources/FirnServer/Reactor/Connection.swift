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
    /// Whether the connection is in the reactor's list of those with frames left over.
    var hasLeftover = false
    /// Whether requests wait until the peer has read answers.
    var isParked = false

    // In boot nanoseconds.
    /// When the first byte of the frame that is still incomplete came; `nil` when there is none.
    var frameBegan: Int64?
    /// When the unsent answers last got shorter, or began.
    var sendProgressed: Int64 = 0
    /// When the last byte came in.
    var lastReceived: Int64
    /// When lingering began.
    var lingerBegan: Int64 = 0
    /// When the reactor looks at the connection's timeouts next; `.max`: it has none.
    var timeoutCheck = Int64.max

    init(_ accepted: AcceptedSocket, session: Session, now: Int64) {
        socket = FileDescriptor(accepted.descriptor)
        descriptor = accepted.descriptor
        user = accepted.user
        self.session = session
        lastReceived = now
    }

    var isUnix: Bool { user != nil }

    /// What a connection is closed for when nothing happens.
    enum TimeoutReason {
        case unread, slowFrame, idle, lingered
        /// The daemon stops, and the peer has nothing more to say.
        case drained
        /// The daemon stops, and does not wait for what is left to answer.
        case refused
        /// The daemon stops, and does not wait for the peer to read why.
        case cutOff
    }
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
