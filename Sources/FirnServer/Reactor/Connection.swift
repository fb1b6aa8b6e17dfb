internal import FirnEngine
internal import FirnWire

/// One accepted socket: its session, its input and output, and the times for its limits.
///
/// Belongs to one reactor's thread. An idle connection holds no buffers.
final class Connection {
    /// The phases of a connection.
    enum Phase {
        case open
        /// Answers are still to be sent; nothing more is read.
        case finishing
        /// The sending side is shut down. What the peer still sends is discarded until it closes, so that the peer
        /// reads the last answers instead of a reset.
        case lingering
        case closed
    }

    private let socket: FileDescriptor
    /// The socket's number, valid until the connection is closed.
    let descriptor: Int32
    let user: UInt32?
    let session: Session
    /// Where the peer shows its token; `nil` if none is asked for.
    let gate: ConnectionGate?
    var phase = Phase.open
    /// Why the daemon closes it; `nil` when the daemon does not close it.
    var ending: ClosingReason?

    /// Input that was read and not used yet: part of a frame, or frames that wait for their turn.
    let unread = FrameBuffer()
    /// Answers that the kernel has not taken yet.
    let unsent = FrameBuffer()

    /// The events that epoll watches for.
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
    /// When the unsent answers last became fewer, or when the first of them was added.
    var sendProgressed: Int64 = 0
    /// When the last byte came in.
    var lastReceived: Int64
    /// When lingering began.
    var lingerBegan: Int64 = 0
    /// When the reactor looks at the connection's timeouts next; `.max`: it has none.
    var timeoutCheck = Int64.max

    init(_ accepted: AcceptedSocket, session: Session, gate: ConnectionGate? = nil, now: Int64) {
        socket = FileDescriptor(accepted.descriptor)
        descriptor = accepted.descriptor
        user = accepted.user
        self.session = session
        self.gate = gate
        lastReceived = now
    }

    var isUnix: Bool { user != nil }

    /// Why a connection is closed when a timeout expires.
    enum TimeoutReason {
        case unread, slowFrame, idle, lingered
        /// The daemon stops, and the peer sends nothing more.
        case drained
        /// The daemon stops, and does not wait for the remaining answers.
        case refused
        /// The daemon stops, and does not wait for the peer to read the reason.
        case cutOff
    }
}

/// The limits' durations in nanoseconds, converted once: `Duration` counts in 128 bits.
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
