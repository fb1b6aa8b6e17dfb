internal import CLinux
internal import DequeModule
internal import FirnEngine
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// One thread of the server: an epoll instance, its connections and its shards.
///
/// A wake-up reads the clock once, gives the calls that waited their turns, serves what arrived, and writes each
/// connection's answers with one call. Nothing in it blocks.
final class Reactor {
    let mailbox: Mailbox
    let service: IDService
    let limits: Limits
    let logger: Logger

    private let epoll: FileDescriptor
    private let decoder = RequestDecoder()
    private let lanes: [Lane]
    private let census: ConnectionCensus
    private var acceptor: Acceptor?

    private var connections: [ObjectIdentifier: Connection] = [:]
    /// Connections whose frames were not all served in their last turn.
    private var leftovers: [Connection] = []
    /// Connections that were closed in this wake-up; epoll may still name them in it.
    private var graveyard: [Connection] = []
    /// When connections' timeouts are looked through next; `.max` when none has any.
    private var nextSweep = Int64.max
    /// When draining is given up; `nil` while not draining.
    private var drainDeadline: Int64?

    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Reactor.inputCapacity, alignment: 8)
    private var output = FrameBuffer()

    /// Holds what one connection may have unused (a frame but one byte) and as much again.
    private static let inputCapacity = 2 * (Frame.maximumRequestLength + Frame.headerLength)
    private static let eventsPerWakeup = 128
    /// Timeouts are kept to about this.
    private static let sweepGranularity: Int64 = 10_000_000
    /// A connection that is told to go away, and from which nothing has come for this long, has nothing more to say.
    private static let drainQuiet: Int64 = 100_000_000

    private static let bellTag: UInt64 = 0
    private static let listenerTag: UInt64 = 1

    init(
        mailbox: Mailbox,
        service: IDService,
        shards: [Shard],
        census: ConnectionCensus,
        acceptor: Acceptor?,
        limits: Limits,
        logger: Logger
    ) {
        precondition(!shards.isEmpty, "a reactor without a shard could serve nothing")
        precondition(
            limits.maximumRequestLength <= Frame.maximumRequestLength,
            "the input buffer is sized for the limit"
        )
        self.mailbox = mailbox
        self.service = service
        self.limits = limits
        self.logger = logger
        self.census = census
        self.acceptor = acceptor
        lanes = shards.map { Lane(shard: $0) }
        epoll = FileDescriptor(epoll_create1(Int32(EPOLL_CLOEXEC)))
        precondition(
            epoll.number >= 0,
            "epoll_create1 fails only without descriptors, of which 64 are kept: \(systemError)"
        )
    }

    deinit {
        input.deallocate()
    }

    // MARK: - The loop

    /// Serves until it was drained and the last connection is gone.
    func run() {
        firn_sharpen_timers()
        watch(mailbox.bell.number, tag: Self.bellTag)
        acceptor?.descriptors.forEach { watch($0, tag: Self.listenerTag) }
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsPerWakeup) { events in
            while drainDeadline == nil || !connections.isEmpty {
                let count = firn_epoll_wait(epoll.number, events.baseAddress, Int32(events.count), timeout())
                service.wakeUp()
                serveLines()
                serveLeftovers()
                for event in events.prefix(max(0, Int(count))) { handle(event) }
                expire()
                graveyard.removeAll()
            }
        }
    }

    /// Nanoseconds to sleep; -1: until something happens.
    private func timeout() -> Int64 {
        if !leftovers.isEmpty { return 0 }
        var wake = nextSweep
        if let acceptor { wake = min(wake, acceptor.resumesAt) }
        let someoneWaits = lanes.contains { !$0.line.isEmpty }
        // Serving took a while: a wait for a tick starts from the present, not from the wake-up's beginning.
        if someoneWaits || wake != .max { service.wakeUp() }
        let now = service.moment.bootNanoseconds
        for lane in lanes where !lane.line.isEmpty {
            wake = min(wake, now.addingReportingOverflow(service.nanoseconds(untilTick: lane.wakeTick)).partialValue)
            for connection in lane.line { wake = min(wake, connection.session.earliestDeadline) }
        }
        return wake == .max ? -1 : max(0, wake - now)
    }

    private func handle(_ event: epoll_event) {
        switch event.data.u64 {
        case Self.bellTag: openMail()
        case Self.listenerTag: accept()
        default:
            let connection = Unmanaged<Connection>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(event.data.u64))!)
                .takeUnretainedValue()
            guard connection.phase != .closed else { return }
            if event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0, event.events & EPOLLIN.rawValue == 0 {
                return close(connection)
            }
            if event.events & EPOLLOUT.rawValue != 0 { sendUnsent(connection) }
            if event.events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 { receive(connection) }
        }
    }

    private func openMail() {
        let mail = mailbox.empty()
        for socket in mail.sockets { open(socket) }
        if mail.drains, drainDeadline == nil { startDraining() }
    }

    // MARK: - Connections come

    private func accept() {
        guard let acceptor else { return }
        acceptor.acceptWaiting(now: service.moment.bootNanoseconds)
        if acceptor.isSuspended {
            acceptor.descriptors.forEach { epoll_ctl(epoll.number, EPOLL_CTL_DEL, $0, nil) }
        }
    }

    private func open(_ socket: AcceptedSocket) {
        let lane = lanes.min { $0.connectionCount < $1.connectionCount }!
        let connection = Connection(socket, lane: lane, limits: limits, now: service.moment.bootNanoseconds)
        lane.connectionCount += 1
        connections[ObjectIdentifier(connection)] = connection
        var event = epoll_event(
            events: EPOLLIN.rawValue,
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: Unmanaged.passUnretained(connection).toOpaque())))
        )
        connection.watched = EPOLLIN.rawValue
        guard epoll_ctl(epoll.number, EPOLL_CTL_ADD, connection.socket.number, &event) == 0 else {
            logger.warning("a connection could not be watched", metadata: ["error": "\(systemError)"])
            return close(connection)
        }
        if drainDeadline != nil { tellToGoAway(connection) }
        scheduleSweep(connection)
    }

    // MARK: - Bytes come

    private func receive(_ connection: Connection) {
        let kept = connection.unread.count
        let free = UnsafeMutableRawBufferPointer(rebasing: input[kept...])
        let count = recv(connection.socket.number, free.baseAddress, free.count, 0)
        guard count > 0 else {
            if count == 0 { return endOfInput(connection) }
            if errno != EAGAIN && errno != EINTR { close(connection) }
            return
        }
        connection.lastReceived = service.moment.bootNanoseconds
        guard connection.phase == .open else { return }
        connection.unread.withUnsafeBytes { input.copyMemory(from: $0) }
        connection.unread.removeAll()
        serve(connection, input: UnsafeRawBufferPointer(rebasing: input[..<(kept + count)]))
    }

    private func serveLeftovers() {
        guard !leftovers.isEmpty else { return }
        let turn = leftovers
        leftovers.removeAll(keepingCapacity: true)
        for connection in turn {
            connection.hasLeftover = false
            guard connection.phase == .open else { continue }
            let count = connection.unread.count
            connection.unread.withUnsafeBytes { input.copyMemory(from: $0) }
            connection.unread.removeAll()
            serve(connection, input: UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
    }

    /// Serves the frames in `bytes`, keeps the rest, and sends the answers.
    private func serve(_ connection: Connection, input bytes: UnsafeRawBufferPointer) {
        let (used, demand) = connection.session.received(
            bytes.bytes,
            decoder: decoder,
            service: service,
            shard: connection.lane.shard,
            output: &output,
            outputLimit: outputLimit(of: connection)
        )
        if used < bytes.count {
            connection.unread.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
        }
        connection.isPaused = demand == .pause
        switch demand {
        case .bytes:
            if used == bytes.count {
                connection.frameBegan = nil
            } else if used > 0 || connection.frameBegan == nil {
                connection.frameBegan = service.moment.bootNanoseconds
            }
        case .anotherTurn:
            connection.frameBegan = nil
            connection.hasLeftover = true
            leftovers.append(connection)
        case .pause:
            connection.frameBegan = nil
        case .close:
            return finish(connection)
        }
        flush(connection)
    }

    private func endOfInput(_ connection: Connection) {
        connection.sawEnd = true
        connection.frameBegan = nil
        // What was asked before the end is still answered: a peer may shut its sending side and read on.
        if connection.phase == .lingering || (connection.isQuiet && !connection.isPaused) {
            close(connection)
        } else {
            updateWatch(connection)
        }
    }

    // MARK: - Calls wait for ticks

    private func joinLine(_ connection: Connection) {
        guard !connection.isInLine else { return }
        let lane = connection.lane
        connection.isInLine = true
        // Whoever comes to an empty line found the tick used up. The wake tick is found when the line is served.
        if lane.line.isEmpty {
            lane.wakeTick = service.moment.tick + 1
            lane.shard.setWaiting(true)
        }
        lane.line.append(connection)
    }

    private func leaveLine(_ connection: Connection) {
        guard connection.isInLine else { return }
        connection.isInLine = false
        connection.lane.line.removeAll { $0 === connection }
        connection.lane.shard.setWaiting(!connection.lane.line.isEmpty)
    }

    private func serveLines() {
        for lane in lanes {
            lane.shard.refresh()
            guard !lane.line.isEmpty else { continue }
            serveLine(lane)
            lane.shard.setWaiting(!lane.line.isEmpty)
        }
    }

    private func serveLine(_ lane: Lane) {
        while let connection = lane.line.first {
            connection.session.expireCalls(service: service, output: &output)
            let turn = connection.session.takeTurn(
                share: lane.share,
                service: service,
                shard: lane.shard,
                output: &output,
                outputLimit: outputLimit(of: connection)
            )
            if case .waits(let tick) = turn {
                // It keeps its place: it found the tick used up, so the next one begins with it.
                lane.wakeTick = tick
                flush(connection)
                return expireLine(lane)
            }
            lane.line.removeFirst()
            if turn == .shareUsed {
                lane.line.append(connection)
            } else {
                // Done, or it has to read its answers first: once it has, it comes back.
                connection.isInLine = false
            }
            flush(connection)
        }
    }

    /// Calls at the end of the line have deadlines too.
    private func expireLine(_ lane: Lane) {
        let now = service.moment.bootNanoseconds
        for connection in lane.line where connection.session.earliestDeadline <= now {
            connection.session.expireCalls(service: service, output: &output)
            flush(connection)
        }
    }

    /// Serves again a connection that was paused, once it may be.
    private func resumeInput(_ connection: Connection) {
        guard connection.isPaused, connection.session.wantsInput else { return }
        connection.isPaused = false
        connection.hasLeftover = true
        leftovers.append(connection)
    }

    // MARK: - Answers go

    private func outputLimit(of connection: Connection) -> Int {
        limits.maximumUnsentBytes - connection.unsent.count
    }

    /// Sends what the session wrote to `output`; what the kernel does not take waits in the connection.
    private func flush(_ connection: Connection) {
        if !output.isEmpty {
            if connection.unsent.isEmpty {
                let sent = output.withUnsafeBytes {
                    send(connection.socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent >= 0 || errno == EAGAIN else {
                    output.removeAll()
                    return close(connection)
                }
                output.removeFirst(max(0, sent))
                connection.sendProgressed = service.moment.bootNanoseconds
            }
            if !output.isEmpty {
                output.withUnsafeBytes { connection.unsent.append($0) }
                output.removeAll()
            }
        }
        afterSending(connection)
    }

    private func sendUnsent(_ connection: Connection) {
        let sent = connection.unsent.withUnsafeBytes {
            send(connection.socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent >= 0 || errno == EAGAIN else { return close(connection) }
        if sent > 0 {
            connection.unsent.removeFirst(sent)
            connection.sendProgressed = service.moment.bootNanoseconds
        }
        afterSending(connection)
    }

    private func afterSending(_ connection: Connection) {
        if connection.unsent.isEmpty {
            if connection.phase == .finishing { return linger(connection) }
            if connection.sawEnd, connection.isQuiet, !connection.isPaused { return close(connection) }
        }
        if connection.unsent.count < limits.maximumUnsentBytes, connection.phase == .open {
            if connection.session.hasWaitingCalls { joinLine(connection) }
            resumeInput(connection)
        }
        updateWatch(connection)
        scheduleSweep(connection)
    }

    private func updateWatch(_ connection: Connection) {
        let reads =
            !connection.sawEnd && !connection.isPaused && !connection.hasLeftover && connection.phase != .finishing
        let events = (reads ? EPOLLIN.rawValue : 0) | (connection.unsent.isEmpty ? 0 : EPOLLOUT.rawValue)
        guard events != connection.watched else { return }
        connection.watched = events
        var event = epoll_event(
            events: events,
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: Unmanaged.passUnretained(connection).toOpaque())))
        )
        epoll_ctl(epoll.number, EPOLL_CTL_MOD, connection.socket.number, &event)
    }

    // MARK: - Connections go

    /// Sends the last answers, then closes; nothing more is read.
    private func finish(_ connection: Connection) {
        connection.phase = .finishing
        connection.frameBegan = nil
        connection.unread.release()
        flush(connection)
    }

    private func linger(_ connection: Connection) {
        connection.phase = .lingering
        connection.lingerBegan = service.moment.bootNanoseconds
        shutdown(connection.socket.number, Int32(SHUT_WR))
        if connection.sawEnd { return close(connection) }
        updateWatch(connection)
        scheduleSweep(connection)
    }

    private func close(_ connection: Connection) {
        guard connection.phase != .closed else { return }
        connection.phase = .closed
        leaveLine(connection)
        epoll_ctl(epoll.number, EPOLL_CTL_DEL, connection.socket.number, nil)
        shutdown(connection.socket.number, Int32(SHUT_RDWR))
        connection.lane.connectionCount -= 1
        connections[ObjectIdentifier(connection)] = nil
        graveyard.append(connection)
        census.leave(user: connection.user)
        mailbox.connectionCount.wrappingSubtract(1, ordering: .relaxed)
    }

    // MARK: - Timeouts

    private func scheduleSweep(_ connection: Connection) {
        guard let (at, _) = connection.timeout(limits: limits), at < nextSweep else { return }
        nextSweep = max(at, service.moment.bootNanoseconds + Self.sweepGranularity)
    }

    private func expire() {
        let now = service.moment.bootNanoseconds
        if let acceptor, acceptor.resumesAt <= now {
            acceptor.resume()
            acceptor.descriptors.forEach { watch($0, tag: Self.listenerTag) }
        }
        guard now >= nextSweep else { return }
        nextSweep = .max
        for connection in Array(connections.values) {
            if let (at, reason) = connection.timeout(limits: limits), at <= now { timedOut(connection, reason) }
            if drainDeadline != nil { advanceDrain(connection, now: now) }
            scheduleSweep(connection)
        }
        if drainDeadline != nil { nextSweep = min(nextSweep, now + Self.sweepGranularity) }
    }

    private func timedOut(_ connection: Connection, _ reason: Connection.TimeoutReason) {
        switch reason {
        case .unread, .lingered:
            close(connection)
        case .slowFrame:
            output.appendError(
                callID: 0,
                Status(
                    .deadlineExceeded,
                    "a frame was not complete within \(limits.frameTimeout) of its first byte; send whole frames"
                )
            )
            finish(connection)
        case .idle:
            output.appendGoAway(reason: "the connection was idle; connect again when there is something to ask")
            finish(connection)
        }
    }

    // MARK: - Draining

    private func startDraining() {
        drainDeadline = service.moment.bootNanoseconds + limits.drainTimeout.nanoseconds
        acceptor?.descriptors.forEach { epoll_ctl(epoll.number, EPOLL_CTL_DEL, $0, nil) }
        acceptor = nil
        for connection in Array(connections.values) where connection.phase == .open { tellToGoAway(connection) }
        nextSweep = 0
    }

    private func tellToGoAway(_ connection: Connection) {
        output.appendGoAway(reason: "the daemon is stopping; connect to another one, or to this address again soon")
        connection.lastReceived = service.moment.bootNanoseconds
        flush(connection)
    }

    /// A draining connection ends when its peer closes it, or when nothing is left to answer and nothing more comes.
    private func advanceDrain(_ connection: Connection, now: Int64) {
        guard let drainDeadline, connection.phase == .open else { return }
        if now >= drainDeadline {
            connection.session.failCalls(service.closed, output: &output)
            finish(connection)
            close(connection)
        } else if connection.isQuiet, now - connection.lastReceived >= Self.drainQuiet {
            finish(connection)
        }
    }

    private func watch(_ descriptor: Int32, tag: UInt64) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: tag))
        let status = epoll_ctl(epoll.number, EPOLL_CTL_ADD, descriptor, &event)
        precondition(status == 0, "a bell or listener is watched by its own reactor alone: \(systemError)")
    }
}
