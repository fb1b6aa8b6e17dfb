internal import FirnNIO
internal import FirnServer
internal import FirnWire
internal import NIOCore

/// One of the gRPC server's threads: an event loop with its mint and its connections.
final class GRPCLoop: ServingLoop {
    let eventLoop: any EventLoop
    let mint: Mint
    /// `nil` where no token is asked for.
    let tokens: TokenGate?
    let limits: GRPCLimits
    let messages = ServiceMessages()
    let reflection = Reflection()
    private(set) var isDraining = false

    /// Open calls of all connections.
    var callCount = 0 { didSet { mint.has(connections: connectionCount, calls: callCount) } }

    private let limiter: GRPCConnectionLimiter
    /// Indexed by slot.
    private var connections: [GRPCConnection?] = []
    private var freeSlots: [Int] = []
    /// Connections to which something was written outside of their own events.
    private var unflushed: [GRPCConnection] = []
    private let turnTimer: EarliestTimer
    private let timeoutChecks: TimeoutChecks
    private let watchTimer: EarliestTimer
    /// Calls that watch readiness.
    private var watchers: [ObjectIdentifier: HealthWatch] = [:]
    private var drainDeadline = NIODeadline.distantFuture
    private let drained: EventLoopPromise<Void>

    /// The interval in which all connections are checked while draining.
    private static let drainInterval = TimeAmount.milliseconds(25)
    /// How long after the drain's deadline a peer has to read that its call was abandoned.
    private static let lastWordsTime = TimeAmount.milliseconds(500)
    private static let maximumLinger = TimeAmount.seconds(1)

    init(
        _ place: LoopPlace,
        mint: Mint,
        tokens: TokenGate?,
        limits: GRPCLimits,
        limiter: GRPCConnectionLimiter
    ) {
        eventLoop = place.eventLoop
        drained = place.drained
        self.mint = mint
        self.tokens = tokens
        self.limits = limits
        self.limiter = limiter
        turnTimer = EarliestTimer(eventLoop)
        timeoutChecks = TimeoutChecks(eventLoop)
        watchTimer = EarliestTimer(eventLoop)
        turnTimer.body = { [weak self] in
            self?.mint.takeTurn()
            self?.flush()
            self?.scheduleTurn()
        }
        timeoutChecks.connect { [weak self] slot, now in self?.checkTimeouts(slot, now) }
        watchTimer.body = { [weak self] in self?.checkWatchers() }
    }

    /// IDs of one message.
    var maximumBatch: UInt32 { mint.maximumBatch }

    /// An answer's message with its prefix.
    func message(of outcome: Response.Outcome) -> ByteBuffer {
        messages.withMessage(of: outcome) { bytes in Self.message(bytes) }
    }

    static func message(_ bytes: some Collection<UInt8>) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: MessageReader.prefixLength + bytes.count)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(bytes.count))
        buffer.writeBytes(bytes)
        return buffer
    }

    // MARK: - Accepting and closing connections

    func open(_ channel: any Channel, isUnix: Bool) throws {
        let slot = freeSlots.last ?? connections.count
        let connection = GRPCConnection(channel, isUnix: isUnix, loop: self, slot: slot)
        try channel.pipeline.syncOperations.addHandler(connection)
        // Taken only now: adding the handlers may have failed.
        if freeSlots.popLast() == nil { connections.append(nil) }
        connections[slot] = connection
        mint.has(connections: connectionCount, calls: callCount)
        scheduleTimeout(connection)
    }

    func closed(_ connection: GRPCConnection) {
        guard connections.indices.contains(connection.slot), connections[connection.slot] === connection else { return }
        connections[connection.slot] = nil
        freeSlots.append(connection.slot)
        mint.has(connections: connectionCount, calls: callCount)
        timeoutChecks.remove(connection.slot)
        if connection.isCounted { limiter.leave() }
        if isDraining, isEmpty { drained.succeed() }
    }

    private var connectionCount: Int { connections.count - freeSlots.count }
    private var isEmpty: Bool { connectionCount == 0 }

    /// Why a new connection is refused; `nil` when it is accepted. At the limit, the connection that was idle for
    /// longest is closed to make room.
    func objection(to newcomer: GRPCConnection) -> String? {
        let count = limiter.enter()
        newcomer.isCounted = true
        guard count > limits.maximumConnections else { return nil }
        let others = connections.lazy.compactMap { $0 }.filter { $0 !== newcomer && $0.isIdle }
        if let oldest = others.min(by: { $0.lastActivity < $1.lastActivity }) {
            oldest.close(.noError, "the daemon needs this idle connection's place for another one")
            return nil
        }
        limiter.refused()
        return "the daemon has its maximum of \(limits.maximumConnections) gRPC connections; share them, or raise "
            + "--max-grpc-connections"
    }

    /// Counts a connection that was closed at once: its descriptor is in the reserve, or its user may not connect.
    func refused() {
        limiter.refused()
    }

    // MARK: - Waiting for ticks and the store

    /// Schedules the mint's next turn for when it is due.
    func scheduleTurn() {
        guard let nanoseconds = mint.nanosecondsToNextTurn else { return }
        turnTimer.set(to: .now() + .nanoseconds(nanoseconds))
    }

    func storeAnswered(_ answer: StoreAnswer) {
        mint.storeAnswered(answer)
        flush()
        scheduleTurn()
    }

    /// Flushes the connection at the turn's end.
    func needsFlush(_ connection: GRPCConnection) {
        unflushed.append(connection)
    }

    func flush() {
        let turn = unflushed
        unflushed.removeAll(keepingCapacity: turn.count <= 1024)
        for connection in turn { connection.endTurn() }
    }

    // MARK: - Watching readiness

    func watch(_ watcher: HealthWatch) {
        watchers[ObjectIdentifier(watcher)] = watcher
        scheduleWatch()
    }

    func stopWatching(_ watcher: HealthWatch) {
        watchers[ObjectIdentifier(watcher)] = nil
    }

    private func scheduleWatch() {
        guard !watchers.isEmpty else { return }
        watchTimer.set(to: .now() + .milliseconds(GRPCLimits.watchIntervalMilliseconds))
    }

    private func checkWatchers() {
        for watcher in watchers.values { watcher.pump() }
        flush()
        scheduleWatch()
    }

    // MARK: - Timeouts

    /// Call it when a timeout of the connection may have become earlier.
    func scheduleTimeout(_ connection: GRPCConnection) {
        guard !isDraining, let at = timeout(of: connection) else { return }
        timeoutChecks.schedule(connection.slot, at: at)
    }

    private func checkTimeouts(_ slot: Int, _ now: NIODeadline) {
        guard let connection = connections[slot] else { return }
        endIfOverdue(connection, now)
        scheduleTimeout(connection)
    }

    private func idleTimeout(of connection: GRPCConnection) -> Duration? {
        connection.isUnix ? limits.unixIdleTimeout : limits.tcpIdleTimeout
    }

    /// When the earliest of a connection's timeouts passes.
    private func timeout(of connection: GRPCConnection) -> NIODeadline? {
        if connection.phase == .lingering { return connection.lingerBegan + Self.maximumLinger }
        var at = connection.stuckSince.map { $0 + TimeAmount(limits.sendTimeout) }
        func consider(_ other: NIODeadline?) { at = [at, other].compactMap { $0 }.min() }
        if !connection.hasSpoken { consider(connection.lastActivity + TimeAmount(limits.requestTimeout)) }
        consider(connection.receivingSince.map { $0 + TimeAmount(limits.requestTimeout) })
        if connection.isIdle { consider(idleTimeout(of: connection).map { connection.lastActivity + TimeAmount($0) }) }
        return at
    }

    private func endIfOverdue(_ connection: GRPCConnection, _ now: NIODeadline) {
        guard let at = timeout(of: connection), at <= now else { return }
        if connection.phase == .lingering { return connection.channel.close(promise: nil) }
        if let stuck = connection.stuckSince, stuck + TimeAmount(limits.sendTimeout) <= now {
            return connection.channel.close(promise: nil)
        }
        guard connection.hasSpoken else {
            return connection.close(.protocolError, "the HTTP/2 preface was not complete in time")
        }
        if let since = connection.receivingSince, since + TimeAmount(limits.requestTimeout) <= now {
            connection.failSlowCalls(begunBefore: now - TimeAmount(limits.requestTimeout))
        }
        if connection.isIdle, let idle = idleTimeout(of: connection), connection.lastActivity + TimeAmount(idle) <= now
        {
            connection.close(.noError, "the connection was idle")
        }
    }

    /// A connection's last call has ended.
    func becameIdle(_ connection: GRPCConnection) {
        guard isDraining else { return scheduleTimeout(connection) }
        connection.closeIfDrained()
    }

    // MARK: - Draining

    /// Ends streams, answers the calls that have arrived, then closes the connections.
    func startDraining() {
        guard !isDraining else { return }
        isDraining = true
        drainDeadline = .now() + TimeAmount(limits.drainTimeout)
        timeoutChecks.cancel()
        watchTimer.cancel()
        guard !isEmpty else { return drained.succeed() }
        for connection in connections { connection?.startDraining(mint.closed) }
        scheduleDrainCheck()
    }

    /// The peer has got the announcement that the connection is drained.
    func pingAnswered(_ connection: GRPCConnection) {
        guard isDraining else { return }
        connection.finishDraining()
    }

    /// While draining, which takes seconds at most, all connections are checked at short intervals.
    private func scheduleDrainCheck() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.drainInterval) { [self] in
            drainConnections()
            if !isEmpty { scheduleDrainCheck() }
        }
    }

    private func drainConnections() {
        let now = NIODeadline.now()
        if now >= drainDeadline {
            mint.refuseAll()
            flush()
            for connection in connections { connection?.endAllCalls(mint.closed) }
        }
        for case let connection? in connections {
            if now >= drainDeadline + Self.lastWordsTime {
                connection.channel.close(promise: nil)
            } else {
                connection.drainCheck(now)
                endIfOverdue(connection, now)
            }
        }
    }
}
