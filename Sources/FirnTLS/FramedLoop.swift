#if TLS
    internal import FirnNIO
    internal import FirnServer
    internal import FirnWire
    internal import NIOCore

    /// One thread of ``FramedServer``: an event loop with its sessions and connections.
    final class FramedLoop: ServingLoop {
        let eventLoop: any EventLoop
        let host: SessionHost
        private(set) var isDraining = false

        private let limiter: ConnectionLimiter
        /// nil if no token is asked for.
        private let tokens: TokenGate?
        private let timeouts: FramedTimeouts
        /// The connections, indexed by their peers' slots.
        private var connections: [FramedConnection?] = []
        private var connectionCount = 0
        private var leftovers: [FramedConnection] = []
        private let turnTimer: EarliestTimer
        private let timeoutChecks: TimeoutChecks
        private var drainDeadline = NIODeadline.distantFuture
        private let drained: EventLoopPromise<Void>

        /// The interval in which all connections are checked while draining.
        private static let drainInterval = TimeAmount.milliseconds(25)
        /// A draining connection that was silent for this long is closed.
        private static let drainQuiet = TimeAmount.milliseconds(100)
        /// How long after the drain's deadline a peer may take to read that its calls were refused.
        private static let lastWordsTime = TimeAmount.milliseconds(500)

        init(
            _ place: LoopPlace,
            host: SessionHost,
            limiter: ConnectionLimiter,
            tokens: TokenGate?
        ) {
            eventLoop = place.eventLoop
            drained = place.drained
            self.host = host
            self.limiter = limiter
            self.tokens = tokens
            timeouts = FramedTimeouts(host.limits)
            turnTimer = EarliestTimer(eventLoop)
            timeoutChecks = TimeoutChecks(eventLoop)
            turnTimer.body = { [weak self] in self?.takeTurn() }
            timeoutChecks.connect { [weak self] slot, now in self?.checkTimeouts(slot, now) }
        }

        /// Bytes of answers that a peer may be given while its channel is writable. The channel is writable below half of
        /// the limit.
        var outputLimit: Int { host.limits.maximumUnsentBytes / 2 }

        // MARK: - Opening and closing

        /// Serves a connection that the limiter has counted.
        func open(_ channel: any Channel) throws {
            let connection = FramedConnection(peer: host.join(), gate: tokens.map { ConnectionGate($0) }, loop: self)
            while connections.count <= connection.peer.slot { connections.append(nil) }
            connections[connection.peer.slot] = connection
            connectionCount += 1
            host.has(connections: connectionCount)
            do {
                try channel.pipeline.syncOperations.addHandler(connection)
            } catch {
                closed(connection)
                throw error
            }
            if isDraining { connection.tell(Self.goAway) }
            scheduleTimeout(connection)
        }

        func closed(_ connection: FramedConnection) {
            guard connections[connection.peer.slot] === connection else { return }
            connections[connection.peer.slot] = nil
            connectionCount -= 1
            timeoutChecks.remove(connection.peer.slot)
            host.leave(connection.peer)
            host.has(connections: connectionCount)
            host.closedConnection(connection.ending ?? .peer)
            limiter.leave(user: nil)
            if isDraining, connectionCount == 0 { drained.succeed() }
        }

        // MARK: - Serving

        func hasLeftovers(_ connection: FramedConnection) {
            leftovers.append(connection)
            guard leftovers.count == 1 else { return }
            eventLoop.assumeIsolated().execute { [self] in
                let turn = leftovers
                leftovers.removeAll(keepingCapacity: true)
                for connection in turn { connection.serveLeftover() }
            }
        }

        /// Schedules the waiting requests' next turn for when it is due.
        func scheduleTurn() {
            guard let nanoseconds = host.nanosecondsToNextTurn else { return }
            turnTimer.set(to: .now() + .nanoseconds(nanoseconds))
        }

        private func takeTurn() {
            host.takeTurn(room: { connections[$0.slot]?.room ?? 0 }, send: { connections[$0.slot]?.answered() })
            scheduleTurn()
        }

        func storeAnswered(_ answer: StoreAnswer) {
            host.storeAnswered(
                answer,
                room: { connections[$0.slot]?.room ?? 0 },
                send: { connections[$0.slot]?.answered() }
            )
            scheduleTurn()
        }

        // MARK: - Timeouts

        /// Call it when a timeout of the connection may have become earlier.
        func scheduleTimeout(_ connection: FramedConnection) {
            guard !isDraining, let (at, _) = connection.timeout(timeouts) else { return }
            timeoutChecks.schedule(connection.peer.slot, at: at)
        }

        private func checkTimeouts(_ slot: Int, _ now: NIODeadline) {
            guard let connection = connections[slot] else { return }
            endIfOverdue(connection, now)
            scheduleTimeout(connection)
        }

        private func endIfOverdue(_ connection: FramedConnection, _ now: NIODeadline) {
            guard let (at, reason) = connection.timeout(timeouts), at <= now else { return }
            switch reason {
            case .unread:
                if !connection.hasProgressed() { connection.close(because: .unread) }
            case .lingered:
                connection.close(because: nil)
            case .slowFrame:
                connection.tell { $0.appendError(callID: 0, SessionNotice.slowFrame(host.limits)) }
                connection.finish(because: .slowFrame)
            case .idle:
                connection.tell { $0.appendGoAway(reason: SessionNotice.idle) }
                connection.finish(because: .idle)
            }
        }

        // MARK: - Draining

        private static func goAway(_ output: FrameBuffer) {
            output.appendGoAway(reason: SessionNotice.stopping)
        }

        /// Sends every peer a GoAway, answers what was received, and closes.
        func startDraining() {
            guard !isDraining else { return }
            isDraining = true
            drainDeadline = .now() + timeouts.drain
            timeoutChecks.cancel()
            for connection in connections { connection?.tell(Self.goAway) }
            guard connectionCount > 0 else { return drained.succeed() }
            scheduleDrainCheck()
        }

        /// While draining, which takes seconds at most, all connections are checked at short intervals.
        private func scheduleDrainCheck() {
            eventLoop.assumeIsolated().scheduleTask(in: Self.drainInterval) { [self] in
                drainConnections()
                if connectionCount > 0 { scheduleDrainCheck() }
            }
        }

        private func drainConnections() {
            let now = NIODeadline.now()
            for case let connection? in connections {
                if now >= drainDeadline + Self.lastWordsTime {
                    connection.close(because: .draining)
                } else if now >= drainDeadline {
                    if connection.phase == .open { host.refuse(connection.peer) }
                    connection.finish(because: .draining)
                } else if connection.phase == .open, connection.isQuiet,
                    now - connection.lastReceived >= Self.drainQuiet
                {
                    connection.finish(because: .draining)
                } else {
                    endIfOverdue(connection, now)
                }
            }
        }
    }
#endif
