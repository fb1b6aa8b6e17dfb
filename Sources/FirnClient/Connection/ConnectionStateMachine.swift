internal import FirnWire

/// One connection's life, without its socket: what happened goes in, what to do comes out.
///
/// Calls come when there is a place for them, and are sent at once. A call that its caller gave up keeps its place until
/// the daemon answers it, for so long does the daemon count it too; the late answer is dropped.
struct ConnectionStateMachine {
    enum State: Equatable {
        case notStarted
        case connecting
        case open
        /// No new calls; those that are open are waited for.
        case draining
        case closed
    }

    private struct OpenCall {
        enum Stage {
            /// The caller waits.
            case awaited
            /// Nobody waits, but the connection's silence is not yet long enough to say anything.
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

    /// How long the daemon's own word that the time has passed may take to arrive. Far above any sound connection's
    /// delay, far below what a caller with a timeout of seconds would notice.
    static let answerGrace = Duration.milliseconds(50)
    /// How long after a call was given up its answer is still waited for. The daemon answers every call; past this the
    /// connection is replaced, or lost answers would use up its places one by one. Empirical.
    static let lateAnswerPatience = Duration.seconds(10)
    /// The number of the connection's own call. Clients count theirs up from 1, and never get there.
    static let probeID = UInt64.max

    private(set) var state = State.notStarted
    let address: FirnAddress
    let configuration: FirnClientConfiguration
    private var open: [UInt64: OpenCall] = [:]
    private var awaitedCount = 0
    private var freedPlaces = 0
    /// When the last bytes came; nil when none did.
    private var lastArrival: ContinuousClock.Instant?
    /// When the last bytes came, or else the connection.
    private var quietSince: ContinuousClock.Instant?
    /// When the connection's own call is overdue; nil while there is none.
    private var probeExpiry: ContinuousClock.Instant?
    /// Whether the daemon answered anything.
    private(set) var hasAnswered = false

    /// When ``timePassed(at:)`` is to be told, or earlier; nil when nothing waits.
    private(set) var nextExpiry: ContinuousClock.Instant?

    init(address: FirnAddress, configuration: FirnClientConfiguration) {
        self.address = address
        self.configuration = configuration
    }

    /// How many calls' places were freed since it was last asked.
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
        return []
    }

    /// Nobody answers.
    mutating func connectingFailed() {
        guard state == .connecting else { return }
        state = .closed
    }

    /// The connection ended from outside. Making a call again is safe, so every open one is made on another.
    mutating func connectionLost() -> [ConnectionAction] {
        guard state == .open || state == .draining else { return [] }
        return lose()
    }

    /// No new calls come; the connection closes with the last open one.
    mutating func drainRequested() -> [ConnectionAction] {
        drain()
    }

    /// The client has come to its end.
    mutating func shutDown() -> [ConnectionAction] {
        guard state != .closed else { return [] }
        return fail(with: .shutDown) + [.close]
    }

    /// The bytes that came are no response.
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

    /// A call that was to come ended before it was sent.
    mutating func callWithdrawn() {
        freedPlaces += 1
    }

    /// The caller waits no more. It has been told already.
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
        // Not a byte in all that time, not even a refusal: the peer hangs, or the way to it is cut.
        if isSilent { return actions + lose() + [.close] }
        if isAnswerOverdue, state == .open { return actions + drain() }
        return actions + closeIfDrained() + probeIfSilent(at: now)
    }

    /// When it can be said that nothing came in answer to a call: not before it was open for half of the default timeout,
    /// however short its own, or however long it waited for its turn.
    private func endOfSilence(_ call: OpenCall) -> ContinuousClock.Instant {
        max(call.call.deadline, call.sentAt + configuration.timeout / 2) + Self.answerGrace
    }
}

// MARK: - What follows

extension ConnectionStateMachine {
    /// A connection on which nothing happens is asked something now and then. One that is cut open half-way is found by
    /// that, and not by the first call after a quiet night.
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

    /// Closes, and gives every call away whose caller still waits, in the order they were made.
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
