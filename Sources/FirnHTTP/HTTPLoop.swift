internal import FirnNIO
internal import FirnServer
internal import FirnWire
internal import NIOCore
internal import NIOHTTP1

/// One of the HTTP server's threads: an event loop with its mint and its connections.
final class HTTPLoop: ServingLoop {
    let eventLoop: any EventLoop
    /// `nil` where no listener serves IDs.
    let mint: Mint?
    var writer = AnswerWriter()
    let policy: OriginPolicy
    /// `nil` if no token is asked for.
    let tokens: TokenGate?
    private(set) var isDraining = false

    private let router: Router?
    private let admin: AdminContent?
    private let limits: HTTPLimits
    private let timeouts: HTTPTimeouts
    private let limiter: HTTPConnectionLimiter
    /// Indexed by slot.
    private var connections: [(connection: HTTPConnection, handler: RequestHandler)?] = []
    private var freeSlots: [Int] = []
    private let turnTimer: EarliestTimer
    private let timeoutChecks: TimeoutChecks
    private var drainDeadline = NIODeadline.distantFuture
    private let drained: EventLoopPromise<Void>

    /// The interval in which all connections are checked while draining.
    private static let drainInterval = TimeAmount.milliseconds(25)
    /// A draining connection that was silent for this long is closed.
    private static let drainQuiet = TimeAmount.milliseconds(100)
    /// How long after the drain's deadline a peer has to read that its request was abandoned.
    private static let lastWordsTime = TimeAmount.milliseconds(500)

    init(
        _ place: LoopPlace,
        mint: Mint?,
        admin: AdminContent?,
        policy: OriginPolicy,
        tokens: TokenGate?,
        limits: HTTPLimits,
        limiter: HTTPConnectionLimiter
    ) {
        eventLoop = place.eventLoop
        drained = place.drained
        turnTimer = EarliestTimer(eventLoop)
        timeoutChecks = TimeoutChecks(eventLoop)
        self.mint = mint
        self.admin = admin
        self.policy = policy
        self.tokens = tokens
        self.limits = limits
        self.limiter = limiter
        timeouts = HTTPTimeouts(limits)
        router = mint.map { Router(layout: $0.layout) }
        turnTimer.body = { [weak self] in
            self?.mint?.takeTurn()
            self?.scheduleTurn()
        }
        timeoutChecks.connect { [weak self] slot, now in self?.checkTimeouts(slot, now) }
    }

    // MARK: - Accepting and closing connections

    func open(_ channel: any Channel, at listener: HTTPListener) throws {
        let slot = freeSlots.last ?? connections.count
        let connection = HTTPConnection(
            channel,
            purpose: listener.purpose,
            checksHost: listener.checksHost,
            asksForToken: !listener.listener.isUnix && tokens != nil,
            isSecure: listener.security != nil,
            loop: self,
            slot: slot
        )
        let handler = RequestHandler(connection, loop: self)
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = HTTPLimits.maximumFieldLength
        decoderLimits.maxHeaderListSize = HTTPLimits.maximumHeaderLength
        decoderLimits.maxHeaderFieldCount = HTTPLimits.maximumFields
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandlers([
            ArrivalHandler(connection), ByteToMessageHandler(decoder), handler,
        ])
        // Taken only now: adding the handlers may have failed.
        if freeSlots.popLast() == nil { connections.append(nil) }
        connections[slot] = (connection, handler)
        scheduleTimeout(connection)
    }

    func closed(_ connection: HTTPConnection) {
        guard connections.indices.contains(connection.slot), connections[connection.slot]?.connection === connection
        else { return }
        connections[connection.slot] = nil
        freeSlots.append(connection.slot)
        timeoutChecks.remove(connection.slot)
        if connection.isCounted { limiter.leave(connection.purpose) }
        if isDraining, isEmpty { drained.succeed() }
    }

    private var isEmpty: Bool { freeSlots.count == connections.count }

    /// Why a new connection is refused; `nil` when it is accepted. At the limit, the connection that was idle for
    /// longest is closed to make room.
    func objection(to newcomer: HTTPConnection) -> HTTPAnswer? {
        let count = limiter.enter(newcomer.purpose)
        newcomer.isCounted = true
        let isAdmin = newcomer.purpose == .admin
        let maximum = isAdmin ? limits.maximumAdminConnections : limits.maximumConnections
        guard count > maximum else { return nil }
        let others = connections.lazy.compactMap { $0?.connection }.filter {
            $0 !== newcomer && $0.isIdle && $0.purpose == newcomer.purpose
        }
        if let oldest = others.min(by: { $0.lastActivity < $1.lastActivity }) {
            oldest.channel.close(promise: nil)
            return nil
        }
        limiter.refused()
        if count > maximum + limits.maximumRefused { newcomer.channel.close(promise: nil) }
        var answer = HTTPAnswer.refused(
            .serviceUnavailable,
            "the daemon has its maximum of \(maximum) HTTP connections here; close some, or share them"
                + (isAdmin ? "" : ", or raise --max-http-connections")
        )
        answer.retryAfterSeconds = 1
        return answer
    }

    /// Counts a connection that was closed at once because its descriptor is in the reserve.
    func refusedForWantOfDescriptors() {
        limiter.refused()
    }

    func route(_ head: HTTPRequestHead, _ fields: RequestFields, on connection: HTTPConnection) -> Route {
        if connection.checksHost, let host = fields.host, host != connection.acceptedHost {
            if let misdirection = policy.misdirection(of: host) { return .answer(misdirection) }
            connection.acceptedHost = host
        }
        switch connection.purpose {
        case .admin:
            guard let admin else { return .answer(.refused(.notFound, "there is nothing here")) }
            if let refusal = adminRefusal(head.uri, fields, on: connection) { return .answer(refusal) }
            return .answer(admin.answer(method: head.method.rawValue, target: head.uri))
        case .ids:
            guard let router else { return .answer(.refused(.notFound, "there is nothing here")) }
            if let objection = policy.objection(to: head.method, fields, isSecure: connection.isSecure) {
                return .answer(objection)
            }
            do throws(HTTPAnswer) {
                if OriginPolicy.isPreflight(head.method, fields) {
                    // Browsers send none with it (Fetch, section 3.3.5).
                    return .answer(policy.preflight(fields, methods: try router.methods(at: head.uri)))
                }
                guard connection.asksForToken, let tokens else {
                    return try router.route(method: head.method.rawValue, target: head.uri)
                }
                let scope = try scope(fields, tokens)
                let route = try router.route(method: head.method.rawValue, target: head.uri)
                try admit(route, scope, tokens)
                return route
            } catch {
                return .answer(error)
            }
        }
    }

    // MARK: - Waiting for ticks and the store

    /// Schedules the mint's next turn for when it is due.
    func scheduleTurn() {
        guard let mint, let nanoseconds = mint.nanosecondsToNextTurn else { return }
        turnTimer.set(to: .now() + .nanoseconds(nanoseconds))
    }

    func storeAnswered(_ answer: StoreAnswer) {
        mint?.storeAnswered(answer)
        scheduleTurn()
    }

    // MARK: - Timeouts

    /// Call it when a timeout of the connection may have become earlier.
    func scheduleTimeout(_ connection: HTTPConnection) {
        guard !isDraining, let (at, _) = connection.timeout(timeouts) else { return }
        timeoutChecks.schedule(connection.slot, at: at)
    }

    private func checkTimeouts(_ slot: Int, _ now: NIODeadline) {
        guard let (connection, handler) = connections[slot] else { return }
        endIfOverdue(connection, handler, now)
        scheduleTimeout(connection)
    }

    private func endIfOverdue(_ connection: HTTPConnection, _ handler: RequestHandler, _ now: NIODeadline) {
        guard let (at, reason) = connection.timeout(timeouts), at <= now else { return }
        if reason == .slowRequest { handler.timedOut() } else { connection.channel.close(promise: nil) }
    }

    // MARK: - Draining

    /// Answers the requests that have arrived, then closes the connections.
    func startDraining() {
        guard !isDraining else { return }
        isDraining = true
        drainDeadline = .now() + timeouts.drain
        timeoutChecks.cancel()
        guard !isEmpty else { return drained.succeed() }
        scheduleDrainCheck()
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
        if now >= drainDeadline { mint?.refuseAll() }
        for case (let connection, let handler)? in connections {
            let isQuiet = connection.isIdle && now - connection.lastActivity >= Self.drainQuiet
            if isQuiet || now >= drainDeadline + Self.lastWordsTime {
                connection.channel.close(promise: nil)
            } else {
                endIfOverdue(connection, handler, now)
            }
        }
    }
}
