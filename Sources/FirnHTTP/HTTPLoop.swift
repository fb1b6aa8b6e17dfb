internal import FirnServer
internal import FirnWire
internal import NIOCore
internal import NIOHTTP1

/// One of the HTTP server's threads: an event loop with its mint and its connections.
final class HTTPLoop {
    let eventLoop: any EventLoop
    /// `nil` where no listener serves IDs.
    let mint: Mint?
    var writer = AnswerWriter()
    let policy: OriginPolicy
    private(set) var isDraining = false

    private let router: Router?
    private let admin: AdminContent?
    private let limits: HTTPLimits
    private let timeouts: HTTPTimeouts
    private let limiter: HTTPConnectionLimiter
    private var connections: [ObjectIdentifier: (connection: HTTPConnection, handler: RequestHandler)] = [:]
    private var turn: (scheduled: Scheduled<Void>, at: NIODeadline)?
    private var sweep: Scheduled<Void>?
    private var drainDeadline = NIODeadline.distantFuture
    private let drained: EventLoopPromise<Void>

    /// The interval in which timeouts are checked; a tenth of it while draining.
    private static let sweepInterval = TimeAmount.milliseconds(250)
    /// A draining connection that was silent for this long is closed.
    private static let drainQuiet = TimeAmount.milliseconds(100)
    /// How long after the drain's deadline a peer has to read that its request was abandoned.
    private static let lastWordsTime = TimeAmount.milliseconds(500)

    init(
        eventLoop: any EventLoop,
        mint: Mint?,
        admin: AdminContent?,
        policy: OriginPolicy,
        limits: HTTPLimits,
        limiter: HTTPConnectionLimiter,
        drained: EventLoopPromise<Void>
    ) {
        self.eventLoop = eventLoop
        self.mint = mint
        self.admin = admin
        self.policy = policy
        self.limits = limits
        self.limiter = limiter
        self.drained = drained
        timeouts = HTTPTimeouts(limits)
        router = mint.map { Router(layout: $0.layout) }
    }

    // MARK: - Accepting and closing connections

    func open(_ channel: any Channel, _ purpose: HTTPListener.Purpose, checksHost: Bool) throws {
        let connection = HTTPConnection(channel, purpose: purpose, checksHost: checksHost)
        let handler = RequestHandler(connection, loop: self)
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = HTTPLimits.maximumFieldLength
        decoderLimits.maxHeaderListSize = HTTPLimits.maximumHeaderLength
        decoderLimits.maxHeaderFieldCount = HTTPLimits.maximumFields
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandlers([
            ArrivalHandler(connection), ByteToMessageHandler(decoder), handler,
        ])
        connections[ObjectIdentifier(connection)] = (connection, handler)
        scheduleSweep()
    }

    func closed(_ connection: HTTPConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        if connection.isCounted { limiter.leave(connection.purpose) }
        if isDraining, connections.isEmpty { drained.succeed() }
    }

    /// Why a new connection is refused; `nil` when it is accepted. At the limit, the connection that was idle for
    /// longest is closed to make room.
    func objection(to newcomer: HTTPConnection) -> HTTPAnswer? {
        let count = limiter.enter(newcomer.purpose)
        newcomer.isCounted = true
        let isAdmin = newcomer.purpose == .admin
        let maximum = isAdmin ? limits.maximumAdminConnections : limits.maximumConnections
        guard count > maximum else { return nil }
        let others = connections.values.lazy.map(\.connection).filter {
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
            return .answer(admin.answer(method: head.method.rawValue, target: head.uri))
        case .ids:
            guard let router else { return .answer(.refused(.notFound, "there is nothing here")) }
            if let objection = policy.objection(to: head.method, fields) { return .answer(objection) }
            do throws(HTTPAnswer) {
                if OriginPolicy.isPreflight(head.method, fields) {
                    return .answer(policy.preflight(fields, methods: try router.methods(at: head.uri)))
                }
                return try router.route(method: head.method.rawValue, target: head.uri)
            } catch {
                return .answer(error)
            }
        }
    }

    // MARK: - Waiting for ticks and the store

    /// Schedules the mint's next turn for when it is due.
    func scheduleTurn() {
        guard let mint, let nanoseconds = mint.nanosecondsToNextTurn else { return }
        let at = NIODeadline.now() + .nanoseconds(nanoseconds)
        if let turn {
            guard at < turn.at else { return }
            turn.scheduled.cancel()
        }
        let scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: at) { [self] in
            turn = nil
            mint.takeTurn()
            scheduleTurn()
        }
        turn = (scheduled, at)
    }

    func storeAnswered(_ answer: StoreAnswer) {
        mint?.storeAnswered(answer)
        scheduleTurn()
    }

    // MARK: - Timeouts

    private func scheduleSweep() {
        guard sweep == nil, !connections.isEmpty else { return }
        let interval = isDraining ? TimeAmount.nanoseconds(Self.sweepInterval.nanoseconds / 10) : Self.sweepInterval
        sweep = eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
            sweep = nil
            expire()
            scheduleSweep()
        }
    }

    private func expire() {
        let now = NIODeadline.now()
        if now >= drainDeadline { mint?.refuseAll() }
        for (connection, handler) in Array(connections.values) {
            if isDraining, now >= drainDeadline + Self.lastWordsTime {
                connection.channel.close(promise: nil)
            } else if isDraining, connection.isIdle, now - connection.lastActivity >= Self.drainQuiet {
                connection.channel.close(promise: nil)
            } else if let (at, reason) = connection.timeout(timeouts), at <= now {
                if reason == .slowRequest { handler.timedOut() } else { connection.channel.close(promise: nil) }
            }
        }
    }

    // MARK: - Draining

    /// Answers the requests that have arrived, then closes the connections.
    func startDraining() {
        guard !isDraining else { return }
        isDraining = true
        drainDeadline = .now() + timeouts.drain
        guard !connections.isEmpty else { return drained.succeed() }
        sweep?.cancel()
        sweep = nil
        scheduleSweep()
    }
}
