internal import FirnWire

/// One connection's state, without I/O: it takes events and returns actions.
///
/// The pool submits a call only when a place is free, and the call is sent at once. A call that was cancelled or timed out
/// keeps its place until the daemon answers it, because the daemon counts it until then; the late answer is dropped.
struct ConnectionStateMachine {
    enum State: Equatable {
        case notStarted
        case connecting
        case open
        /// No new calls are taken; the open ones are waited for.
        case draining
        case closed
    }

    private struct OpenCall {
        enum Stage {
            /// The caller waits for the answer.
            case awaited
            /// The caller does not wait any more. The connection was not silent for long enough to count as broken.
            case givenUp
            /// The answer is overdue.
            case late
        }

        let submission: Submission
        let sentAt: ContinuousClock.Instant
        var stage = Stage.awaited
        /// When the next stage comes.
        var expiry: ContinuousClock.Instant

        var call: Call { submission.call }
    }

    /// How long to wait for the daemon's own DEADLINE_EXCEEDED after a call's deadline. Far above the delay of a connection
    /// that works, far below what a caller with a timeout of seconds would notice.
    static let answerGrace = Duration.milliseconds(50)
    /// How long the answer to a call that has ended is still waited for. The daemon answers every call; after this time the
    /// connection is replaced, or lost answers would use up its places one by one. Empirical.
    static let lateAnswerPatience = Duration.seconds(10)
    /// The number of the connection's keep-alive call. Clients number their calls from 1, and never get there.
    static let probeID = UInt64.max

    /// The number of the request that shows the token.
    static let authenticationID = UInt64.max - 1

    private(set) var state = State.notStarted
    let address: FirnAddress
    let configuration: FirnClientConfiguration
    private var open: [UInt64: OpenCall] = [:]
    private var awaitedCount = 0
    private var freedPlaces = 0
    /// When the last bytes came; nil when none did.
    private var lastArrival: ContinuousClock.Instant?
    /// When the last bytes came, or the connection was made if none did.
    private var quietSince: ContinuousClock.Instant?
    /// When the keep-alive call's answer is overdue; nil while there is no such call.
    private var probeExpiry: ContinuousClock.Instant?
    /// The token was shown and the daemon's answer to it has not come.
    private var awaitsAuthentication = false
    /// Whether the daemon has answered any call.
    private(set) var hasAnswered = false

    /// When ``timePassed(at:)`` has to be called, or earlier; nil when nothing waits.
    private(set) var nextExpiry: ContinuousClock.Instant?

    init(address: FirnAddress, configuration: FirnClientConfiguration) {
        self.address = address
        self.configuration = configuration
    }

    /// How many places were freed since this was last called.
    mutating func takeFreedPlaces() -> Int {
        defer { freedPlaces = 0 }
        return freedPlaces
    }
}

// MARK: - The connection's events

extension ConnectionStateMachine {
    /// A connection is being made.
    mutating func connectingBegan() {
        precondition(state == .notStarted, "a connection is made once")
        state = .connecting
    }

    mutating func connected(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard state == .connecting else { return [.close] }
        state = .open
        quietSince = now
        expectSilence()
        guard let token = configuration.token else { return [] }
        awaitsAuthentication = true
        // Calls follow at once: the daemon handles requests in order.
        return [.send(Request(callID: Self.authenticationID, method: .authenticate(BearerToken(token))))]
    }

    /// Connecting failed.
    mutating func connectingFailed() {
        guard state == .connecting else { return }
        state = .closed
    }

    /// The peer or the network closed the connection. Making a call again is safe, so every open call is handed back.
    mutating func connectionLost() -> [ConnectionAction] {
        guard state == .open || state == .draining else { return [] }
        return lose()
    }

    /// The pool assigns no new calls; the connection is closed when the last open one has ended.
    mutating func drainRequested() -> [ConnectionAction] {
        drain()
    }

    /// The client shuts down.
    mutating func shutDown() -> [ConnectionAction] {
        guard state != .closed else { return [] }
        return fail(with: .shutDown) + [.close]
    }

    /// The bytes that came are not a response.
    mutating func garbageReceived(_ status: Status) -> [ConnectionAction] {
        guard state == .open || state == .draining else { return [] }
        return violated(status.message)
    }

    mutating func responseReceived(_ response: Response, at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard state == .open || state == .draining else { return [] }
        (lastArrival, quietSince) = (now, now)
        guard response.callID != 0 else { return connectionAddressed(response.outcome) }
        guard response.callID != Self.probeID || probeExpiry == nil else {
            (probeExpiry, hasAnswered) = (nil, true)
            expectSilence()
            return []
        }
        guard response.callID != Self.authenticationID || !awaitsAuthentication else {
            awaitsAuthentication = false
            return authenticationAnswered(response.outcome)
        }
        guard let answered = open.removeValue(forKey: response.callID) else {
            return violated("it answered call \(response.callID), which is not open")
        }
        freedPlaces += 1
        hasAnswered = true
        if open.isEmpty { expectSilence() }
        guard answered.stage == .awaited else { return [] }
        awaitedCount -= 1
        if case .error(let status) = response.outcome {
            let error = FirnClientError(status)
            let told: ConnectionAction =
                status.code == .unavailable
                ? .refused(answered.submission, error) : .finish(answered.call, .failure(error))
            return [told] + closeIfDrained()
        }
        if let flaw = answered.call.method.flaw(of: response.outcome) {
            return [.finish(answered.call, .failure(violation(flaw)))] + violated(flaw)
        }
        let told = ConnectionAction.finish(answered.call, .success(response.outcome))
        return state == .open ? [told] : [told] + closeIfDrained()
    }

    /// After a refused token every call of the connection fails, and none is made on another connection, where it would
    /// fail in the same way.
    private mutating func authenticationAnswered(_ outcome: Response.Outcome) -> [ConnectionAction] {
        switch outcome {
        case .authenticated: return []
        // A daemon of a version without tokens asks for none.
        case .error(let status) where status.code == .unimplemented: return []
        case .error(let status): return fail(with: refusedToken(status)) + [.close]
        default: return violated("it answered another call than was made")
        }
    }

    private mutating func connectionAddressed(_ outcome: Response.Outcome) -> [ConnectionAction] {
        switch outcome {
        case .goAway: drain()
        case .error(let status): fail(with: FirnClientError(status)) + [.close]
        default: violated("it answered call 0, which is never open")
        }
    }
}

// MARK: - The calls' events

extension ConnectionStateMachine {
    mutating func callSubmitted(_ submission: Submission, at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard state == .open else { return [.handBack(submission, wasSent: false)] }
        let call = submission.call
        guard call.deadline > now else {
            freedPlaces += 1
            return [.finish(call, .failure(timedOutUnanswered(call)))]
        }
        let expiry = call.deadline + Self.answerGrace
        open[call.id] = OpenCall(submission: submission, sentAt: now, expiry: expiry)
        awaitedCount += 1
        expect(expiry)
        return [.send(call.request(at: now))]
    }

    /// A call that was assigned here ended before it was sent.
    mutating func callWithdrawn() {
        freedPlaces += 1
    }

    /// The call was cancelled; it has ended already.
    mutating func callCancelled(_ callID: UInt64, at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard var cancelled = open[callID], cancelled.stage == .awaited else { return [] }
        cancelled.stage = .givenUp
        cancelled.expiry = endOfSilence(cancelled)
        open[callID] = cancelled
        awaitedCount -= 1
        expect(cancelled.expiry)
        return closeIfDrained()
    }

    mutating func timePassed(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard let nextExpiry, nextExpiry <= now else { return [] }
        self.nextExpiry = nil
        var actions: [ConnectionAction] = []
        var isSilent = probeExpiry.map { $0 <= now } ?? false
        var isAnswerOverdue = false
        for (callID, var expired) in open {
            if expired.expiry <= now {
                if expired.stage == .late { isAnswerOverdue = true }
                if expired.stage == .awaited {
                    actions.append(.finish(expired.call, .failure(timedOutUnanswered(expired.call))))
                    expired.stage = .givenUp
                    expired.expiry = endOfSilence(expired)
                    awaitedCount -= 1
                }
                if expired.expiry <= now {
                    isSilent = isSilent || (lastArrival.map { $0 < expired.sentAt } ?? true)
                    expired.stage = .late
                    expired.expiry = now + Self.lateAnswerPatience
                }
                open[callID] = expired
            }
            expect(expired.expiry)
        }
        // No byte in all that time, not even a refusal: the peer hangs, or the network does not reach it.
        if isSilent { return actions + lose() + [.close] }
        if isAnswerOverdue, state == .open { return actions + drain() }
        return actions + closeIfDrained() + probeIfSilent(at: now)
    }

    /// When a call without an answer shows that the connection is broken: not before the call was in flight for half of the
    /// default timeout, whatever its own timeout, and however long it waited before it was sent.
    private func endOfSilence(_ call: OpenCall) -> ContinuousClock.Instant {
        max(call.call.deadline, call.sentAt + configuration.timeout / 2) + Self.answerGrace
    }
}

// MARK: - Keep-alive, draining and closing

extension ConnectionStateMachine {
    /// Sends a keep-alive call on a connection that was silent. It finds a connection that is half open before a call does.
    private mutating func probeIfSilent(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard state == .open, open.isEmpty, let quietSince else { return [] }
        if let probeExpiry {
            expect(probeExpiry)
            return []
        }
        guard quietSince + configuration.keepAliveInterval <= now else {
            expectSilence()
            return []
        }
        let timeout = configuration.timeout
        let probe = Call(id: Self.probeID, method: .describe, timeout: timeout, deadline: now + timeout)
        let expiry = probe.deadline + Self.answerGrace
        probeExpiry = expiry
        expect(expiry)
        return [.send(probe.request(at: now))]
    }

    private mutating func expectSilence() {
        if let quietSince { expect(quietSince + configuration.keepAliveInterval) }
    }

    private mutating func closeIfDrained() -> [ConnectionAction] {
        guard state == .draining, awaitedCount == 0 else { return [] }
        state = .closed
        return [.close]
    }

    private mutating func drain() -> [ConnectionAction] {
        guard state == .open else { return [] }
        state = .draining
        return [.retire] + closeIfDrained()
    }

    private mutating func lose() -> [ConnectionAction] {
        [.retire] + takeCalls().map { .handBack($0, wasSent: true) }
    }

    private mutating func fail(with error: FirnClientError) -> [ConnectionAction] {
        [.retire] + takeCalls().map { .finish($0.call, .failure(error)) }
    }

    private mutating func violated(_ what: String) -> [ConnectionAction] {
        fail(with: violation(what)) + [.close]
    }

    /// Closes, and returns the calls that callers still wait for, in the order in which they were made.
    private mutating func takeCalls() -> [Submission] {
        state = .closed
        let awaited = open.values.filter { $0.stage == .awaited }
        open.removeAll()
        awaitedCount = 0
        probeExpiry = nil
        nextExpiry = nil
        return awaited.map(\.submission).sorted { $0.call.id < $1.call.id }
    }

    private mutating func expect(_ expiry: ContinuousClock.Instant) {
        nextExpiry = nextExpiry.map { min($0, expiry) } ?? expiry
    }
}
