internal import CLinux
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// Accepts connections on the listening sockets, refuses those that exceed a limit or break a rule, and passes each of
/// the others to the reactor with the fewest connections. It belongs to one reactor.
final class Acceptor {
    private let listeners: Listeners
    private let mailboxes: [Mailbox]
    private let limiter: ConnectionLimiter
    private let policy: AccessPolicy
    private let reserve: DescriptorReserve
    private let meter: AcceptorMeter?
    private let logger: Logger

    /// When accepting resumes after the process ran out of descriptors; `.max` when it is not suspended.
    private(set) var resumesAt = Int64.max
    private var refused = 0

    /// nginx also waits on EMFILE. Without a pause, the loop would fail a million times per second.
    private static let suspension: Int64 = 500_000_000
    private static let acceptedPerWakeup = 64

    init(
        listeners: Listeners,
        mailboxes: [Mailbox],
        limiter: ConnectionLimiter,
        policy: AccessPolicy,
        reserve: DescriptorReserve,
        meter: AcceptorMeter?,
        logger: Logger
    ) {
        self.listeners = listeners
        descriptors = listeners.descriptors
        self.reserve = reserve
        self.mailboxes = mailboxes
        self.limiter = limiter
        self.policy = policy
        self.meter = meter
        self.logger = logger
    }

    private(set) var descriptors: [Int32]

    var isSuspended: Bool { resumesAt != .max }

    func resume() {
        resumesAt = .max
    }

    /// Stops listening, and removes the sockets' files.
    func close() {
        listeners.close()
        descriptors = []
    }

    /// Switches to the sockets that were bound again. Connections that wait on the old ones are accepted first.
    func takeReplacements(now: Int64) -> [(old: FileDescriptor, new: Int32)] {
        var replaced: [(old: FileDescriptor, new: Int32)] = []
        for (index, old) in listeners.takeReplacements() {
            if !isSuspended { accept(on: old.number, isUnix: true, atMost: .max, now: now) }
            descriptors[index] = listeners.descriptors[index]
            replaced.append((old, descriptors[index]))
        }
        return replaced
    }

    /// Accepts the connections that wait on any listener, up to a limit per wake-up.
    func acceptWaiting(now: Int64) {
        for index in descriptors.indices {
            let isUnix = listeners.isUnix[index]
            guard accept(on: descriptors[index], isUnix: isUnix, atMost: Self.acceptedPerWakeup, now: now) else {
                return
            }
        }
    }

    /// - Returns: whether other listeners may be tried; false when the process has no descriptors left.
    @discardableResult
    private func accept(on listener: Int32, isUnix: Bool, atMost maximum: Int, now: Int64) -> Bool {
        for _ in 0..<maximum {
            let descriptor = firn_accept(listener)
            guard descriptor >= 0 else { return mayGoOn(errno, now: now) }
            welcome(descriptor, isUnix: isUnix)
        }
        return true
    }

    /// - Returns: whether other listeners may be tried; false when the process has no descriptors left.
    private func mayGoOn(_ error: Int32, now: Int64) -> Bool {
        switch error {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            resumesAt = now + Self.suspension
            logger.warning(
                "no descriptors or memory left for new connections; those that are open go on, accepting pauses",
                metadata: [
                    "error": "\(String(cString: strerror(error)))", "pause_ms": "\(Self.suspension / 1_000_000)",
                ]
            )
            return false
        default:
            // EAGAIN: no connection waits. Anything else is a pending error of that connection (accept(2)), not of the
            // listener.
            return true
        }
    }

    private func welcome(_ descriptor: Int32, isUnix: Bool) {
        if reserve.isShort(with: descriptor) { return refuse(descriptor, DescriptorReserve.refusal, .limit) }
        var user: UInt32?
        if isUnix {
            let peer = policy.examinePeer(of: descriptor)
            if let refusal = peer.refusal { return refuse(descriptor, refusal, .access) }
            user = peer.user
        } else {
            // Answers are small and must be sent without delay.
            var yes: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        if let refusal = limiter.enter(user: user) { return refuse(descriptor, refusal, .limit) }
        meter?.accepted(isUnix: isUnix)
        let mailbox = mailboxes.min {
            $0.connectionCount.load(ordering: .relaxed) < $1.connectionCount.load(ordering: .relaxed)
        }!
        mailbox.hand(AcceptedSocket(descriptor: descriptor, user: user))
    }

    private func refuse(_ descriptor: Int32, _ status: Status, _ reason: RefusalReason) {
        let socket = FileDescriptor(descriptor)
        let output = FrameBuffer()
        output.appendError(callID: 0, status)
        _ = output.withUnsafeBytes { firn_send(socket.number, $0.baseAddress, $0.count) }
        shutdown(socket.number, Int32(SHUT_WR))
        // What the peer has already sent is read first. Otherwise closing would send a reset, and the peer might
        // not receive the refusal.
        var scrap: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        _ = withUnsafeMutableBytes(of: &scrap) { firn_receive(socket.number, $0.baseAddress, $0.count) }
        refused += 1
        meter?.refused(reason)
        // Logs one line for each power of two, so that a refused peer that connects repeatedly does not fill the log.
        if refused & (refused - 1) == 0 {
            logger.notice(
                "a connection was refused",
                metadata: ["reason": "\(status.message)", "refused_so_far": "\(refused)"]
            )
        }
    }
}
