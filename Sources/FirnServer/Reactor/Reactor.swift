internal import CLinux
internal import DequeModule
internal import FirnEngine
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// One thread of the server: an epoll instance, its connections, and their requests.
///
/// A wake-up reads the clock once, serves the requests that waited, and serves what arrived. Each connection's answers
/// are sent with one system call. Nothing in it blocks.
///
/// `@exclusivity(unchecked)` has the same reason as in the scheduler: each change lasts for one call, which makes no
/// other access.
final class Reactor {
    let mailbox: Mailbox
    let service: IDService
    let limits: Limits
    let timeouts: Timeouts
    let logger: Logger

    let epoll: FileDescriptor
    let decoder = RequestDecoder()
    let requests: RequestScheduler<Shard>
    let limiter: ConnectionLimiter
    var acceptor: Acceptor?
    /// Asked for on TCP; `nil` if no token is.
    let tokens: TokenGate?

    /// The connections, indexed by their peers' slots.
    @exclusivity(unchecked) var connections: [Connection?] = []
    var connectionCount = 0
    /// Connections whose frames were not all served in their last turn.
    var leftovers: [Connection] = []
    /// Answers from the scheduler that are being delivered; otherwise empty.
    var deliveries: [Delivery] = []
    /// Connections that were closed in this wake-up; epoll may still report events for them in it.
    var graveyard: [Connection] = []
    /// When the connections' timeouts are checked next, by their peers' slots.
    @exclusivity(unchecked) var timeoutChecks = DeadlineHeap()
    /// The deadline for draining; `nil` while not draining.
    var drainDeadline: Int64?

    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Reactor.inputCapacity, alignment: 8)
    /// The answers to the connection that is being served; otherwise empty.
    let output = FrameBuffer()

    /// Holds the unused input that one connection may have (a frame less one byte) and as much again.
    static let inputCapacity = 2 * (Frame.maximumRequestLength + Frame.headerLength)
    static let eventsPerWakeup = 128
    /// The precision of timeouts, so that many are checked in one wake-up.
    static let timeoutGranularity: Int64 = 10_000_000
    /// A peer that wants to read the last answers does so within this time. For other peers the descriptor is not kept.
    static let maximumLinger: Int64 = 1_000_000_000
    /// A connection that was sent a GoAway, and from which nothing has arrived for this time, is assumed to be
    /// finished.
    static let drainQuiet: Int64 = 100_000_000
    /// How long after the drain's deadline a peer may take to read that its calls were refused.
    static let lastWordsTime: Int64 = 500_000_000

    static let wakeupTag: UInt64 = 0
    static let listenerTag: UInt64 = 1

    init(
        epoll: FileDescriptor,
        mailbox: Mailbox,
        service: IDService,
        shards: [Shard],
        limiter: ConnectionLimiter,
        acceptor: Acceptor?,
        tokens: TokenGate? = nil,
        limits: Limits,
        logger: Logger
    ) {
        precondition(
            limits.maximumRequestLength <= Frame.maximumRequestLength,
            "the input buffer is sized for the limit"
        )
        self.mailbox = mailbox
        self.service = service
        self.limits = limits
        timeouts = Timeouts(limits)
        self.logger = logger
        self.limiter = limiter
        self.acceptor = acceptor
        self.tokens = tokens
        requests = RequestScheduler(service: service, shards: shards) { missingIDs in
            Session.deadlineExceeded(missingIDs: missingIDs, of: service.layout)
        }
        self.epoll = epoll
    }

    deinit {
        input.deallocate()
    }

    /// Creates the epoll instance that a reactor sleeps in. Its owner calls this: an error on the reactor's own thread
    /// could not be reported.
    static func makeEpoll() throws(ListenError) -> FileDescriptor {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .system("cannot make an epoll instance: \(systemError)") }
        return FileDescriptor(number)
    }

    // MARK: - The loop

    /// Serves until draining is over and the last connection is closed.
    func run() {
        firn_sharpen_timers()
        watch(mailbox.wakeup.number, tag: Self.wakeupTag)
        acceptor?.descriptors.forEach { watch($0, tag: Self.listenerTag) }
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsPerWakeup) { events in
            while drainDeadline == nil || connectionCount > 0 {
                let count = firn_epoll_wait(epoll.number, events.baseAddress, Int32(events.count), timeout())
                requests.wakeUp()
                serveRequests()
                serveLeftovers()
                for event in events.prefix(max(0, Int(count))) { handle(event) }
                checkTimeouts()
                service.sent()
                graveyard.removeAll()
            }
        }
    }

    /// Nanoseconds to sleep; -1: until an event.
    private func timeout() -> Int64 {
        if !leftovers.isEmpty { return 0 }
        var wake = timeoutChecks.earliest
        if let acceptor { wake = min(wake, acceptor.resumesAt) }
        guard requests.waitsForTime || wake != .max else { return -1 }
        // Serving took some time: a wait for a tick starts from the current time, not from the wake-up's beginning.
        service.wakeUp()
        wake = min(wake, requests.nextWakeUp)
        return wake == .max ? -1 : max(0, wake - service.moment.bootNanoseconds)
    }

    private func handle(_ event: epoll_event) {
        switch event.data.u64 {
        case Self.wakeupTag: openMail()
        case Self.listenerTag: accept()
        default:
            // The object exists: a closed connection stays in the graveyard until this wake-up's events are handled.
            Unmanaged<Connection>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(event.data.u64))!)
                ._withUnsafeGuaranteedRef { handle(event.events, of: $0) }
        }
    }

    func handle(_ events: UInt32, of connection: Connection) {
        guard connection.phase != .closed else { return }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0, events & EPOLLIN.rawValue == 0 {
            return close(connection)
        }
        if events & EPOLLOUT.rawValue != 0 { sendUnsent(connection) }
        if events & EPOLLIN.rawValue != 0 { receive(connection) }
    }

    private func openMail() {
        let mail = mailbox.empty()
        for socket in mail.sockets { open(socket) }
        if !mail.storeAnswers.isEmpty { storeAnswered(mail.storeAnswers) }
        if mail.listenersChanged { takeNewListeners() }
        if mail.drains, drainDeadline == nil { startDraining() }
    }

    func watch(_ descriptor: Int32, tag: UInt64) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: tag))
        let status = epoll_ctl(epoll.number, EPOLL_CTL_ADD, descriptor, &event)
        precondition(status == 0, "a wake-up or listener is watched by its own reactor alone: \(systemError)")
    }
}
