internal import CLinux
internal import DequeModule
internal import FirnEngine
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// One thread of the server: an epoll instance, its connections, and their requests.
///
/// A wake-up reads the clock once, gives the requests that waited their turns, and serves what arrived; each connection's
/// answers are sent with one call. Nothing in it blocks.
///
/// For `@exclusivity(unchecked)` the scheduler's reason holds: these are changed for no longer than one call that leads to no other.
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

    /// The connections by their peers' slots.
    @exclusivity(unchecked) var connections: [Connection?] = []
    var connectionCount = 0
    /// Connections whose frames were not all served in their last turn.
    var leftovers: [Connection] = []
    /// Answers on their way from the scheduler; empty between two.
    var deliveries: [Delivery] = []
    /// Connections that were closed in this wake-up; epoll may still name them in it.
    var graveyard: [Connection] = []
    /// When connections' timeouts are looked at next, by their peers' slots.
    @exclusivity(unchecked) var timeoutChecks = DeadlineHeap()
    /// When draining is given up; `nil` while not draining.
    var drainDeadline: Int64?

    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Reactor.inputCapacity, alignment: 8)
    /// The answers to the connection that is being served; empty between two.
    let output = FrameBuffer()

    /// Holds what one connection may have unused (a frame but one byte) and as much again.
    static let inputCapacity = 2 * (Frame.maximumRequestLength + Frame.headerLength)
    static let eventsPerWakeup = 128
    /// Timeouts are kept to about this, so that many are looked at in one wake-up.
    static let timeoutGranularity: Int64 = 10_000_000
    /// A peer that wants to read our last words does so within this; nobody else is worth the descriptor.
    static let maximumLinger: Int64 = 1_000_000_000
    /// A connection that is told to go away, and from which nothing has come for this long, has nothing more to say.
    static let drainQuiet: Int64 = 100_000_000
    /// How long after the drain's deadline a peer may take to read that its calls were given up.
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
        requests = RequestScheduler(service: service, shards: shards) { missingIDs in
            Session.deadlineExceeded(missingIDs: missingIDs, of: service.layout)
        }
        self.epoll = epoll
    }

    deinit {
        input.deallocate()
    }

    /// What a reactor sleeps in, for its owner to make: on the reactor's own thread nobody could be told of a failure.
    static func makeEpoll() throws(ListenError) -> FileDescriptor {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .system("cannot make an epoll instance: \(systemError)") }
        return FileDescriptor(number)
    }

    // MARK: - The loop

    /// Serves until it was drained and the last connection is gone.
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

    /// Nanoseconds to sleep; -1: until something happens.
    private func timeout() -> Int64 {
        if !leftovers.isEmpty { return 0 }
        var wake = timeoutChecks.earliest
        if let acceptor { wake = min(wake, acceptor.resumesAt) }
        guard requests.waitsForTime || wake != .max else { return -1 }
        // Serving took a while: a wait for a tick starts from the present, not from the wake-up's beginning.
        service.wakeUp()
        wake = min(wake, requests.nextWakeUp)
        return wake == .max ? -1 : max(0, wake - service.moment.bootNanoseconds)
    }

    private func handle(_ event: epoll_event) {
        switch event.data.u64 {
        case Self.wakeupTag: openMail()
        case Self.listenerTag: accept()
        default:
            // Alive: a connection that is closed stays in the graveyard until this wake-up's events are through.
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
