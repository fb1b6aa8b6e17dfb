internal import DequeModule
internal import FirnWire

/// One connection's life, without its socket: what happened goes in, what to do comes out.
///
/// Calls wait while there is no connection yet and while as many are open as may be; then they are sent in the order
/// they came. A call that its caller gave up keeps its place until the daemon answers it, for so long does the daemon
/// count it too; the late answer is dropped.
struct ConnectionStateMachine {
    enum State: Equatable {
        /// Nobody has connected: `run()` has not begun.
        case notStarted
        case connecting
        case open
        /// No new calls; those that are open are waited for.
        case draining
        case closed
    }

    private struct WaitingCall {
        let call: Call
        let isRetry: Bool
    }

    private struct OpenCall {
        let call: Call
        let isRetry: Bool
        let sentAt: ContinuousClock.Instant
        /// When the caller is told that its time passed; once it has given up, when the answer is overdue.
        var expiry: ContinuousClock.Instant
        var isGivenUp = false
    }

    /// How long the daemon's own word that the time has passed may take to arrive. Far above any sound connection's
    /// delay, far below what a caller with a timeout of seconds would notice.
    static let answerGrace = Duration.milliseconds(50)
    /// How long after a call was given up its answer is still waited for. The daemon answers every call; past this the
    /// connection is replaced, or lost answers would use up its places one by one. Empirical.
    static let lateAnswerPatience = Duration.seconds(10)

    private(set) var state = State.notStarted
    let address: FirnAddress
    let configuration: FirnClientConfiguration
    private var waiting = Deque<WaitingCall>()
    private var open: [UInt64: OpenCall] = [:]
    private var givenUpCount = 0
    private var lastArrival: ContinuousClock.Instant?
    /// Why no connection came about.
    private var refusal: FirnClientError?

    /// When ``timePassed(at:)`` is to be told, or earlier; nil when nothing waits.
    private(set) var nextExpiry: ContinuousClock.Instant?

    init(address: FirnAddress, configuration: FirnClientConfiguration) {
        self.address = address
        self.configuration = configuration
    }

    private var liveCount: Int { open.count - givenUpCount }
}

// MARK: - The connection's events

extension ConnectionStateMachine {
    /// `run()` began, and a connection is being made.
    mutating func connectingBegan() {
        precondition(state == .notStarted, "a connection is made once")
        state = .connecting
    }

    mutating func connected(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard state == .connecting else { return [.close] }
        state = .open
        return sendWaiting(at: now)
    }

    /// Nobody answers; whoever waited is told.
    mutating func connectingFailed(_ error: FirnClientError) -> [ConnectionAction] {
        guard state == .connecting else { return [] }
        refusal = error
        return fail(with: error)
    }

    /// The connection ended from outside. Making a call again is safe, so every open one gets a second try.
    mutating func connectionLost(cause: (any Error)?) -> [ConnectionAction] {
        guard state == .open || state == .draining else { return [] }
        return lose(cause: cause)
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
        lastArrival = now
        guard response.callID != 0 else { return connectionAddressed(response.outcome) }
        guard let answered = open.removeValue(forKey: response.callID) else {
            return violated("it answered call \(response.callID), which is not open")
        }
        if answered.isGivenUp {
            givenUpCount -= 1
            return goOn(at: now)
        }
        if case .error(let status) = response.outcome {
            return [.finish(answered.call, .failure(FirnClientError(status)))] + goOn(at: now)
        }
        if let flaw = answered.call.method.flaw(of: response.outcome) {
            return [.finish(answered.call, .failure(violation(flaw)))] + violated(flaw)
        }
        return [.finish(answered.call, .success(response.outcome))] + goOn(at: now)
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
    mutating func callSubmitted(
        _ call: Call,
        isRetry: Bool,
        at now: ContinuousClock.Instant
    ) -> [ConnectionAction] {
        // A call that came just after the others were told is told too. Handed back, it would connect again, and calls
        // that fail at once could go round like that for their whole time.
        if let refusal { return [.finish(call, .failure(refusal))] }
        guard call.deadline > now else { return [.finish(call, .failure(timedOutWaiting))] }
        guard state != .draining, state != .closed else { return [.handBack(call, isRetry: isRetry)] }
        // Before the connection is there, those wait too that could be sent at once on it.
        let places = configuration.maximumWaitingCalls + configuration.maximumCallsInFlight
        guard waiting.count + open.count < places else { return [.finish(call, .failure(tooManyCalls))] }
        waiting.append(WaitingCall(call: call, isRetry: isRetry))
        expect(call.deadline)
        return state == .open ? sendWaiting(at: now) : []
    }

    /// The caller waits no more. It has been told already.
    mutating func callCancelled(_ callID: UInt64, at now: ContinuousClock.Instant) -> [ConnectionAction] {
        if var cancelled = open[callID], !cancelled.isGivenUp {
            cancelled.isGivenUp = true
            cancelled.expiry = now + Self.lateAnswerPatience
            open[callID] = cancelled
            givenUpCount += 1
            expect(cancelled.expiry)
            return goOn(at: now)
        }
        waiting.removeAll { $0.call.id == callID }
        return []
    }

    mutating func timePassed(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        guard let nextExpiry, nextExpiry <= now else { return [] }
        self.nextExpiry = nil
        var actions: [ConnectionAction] = []
        for expired in waiting where expired.call.deadline <= now {
            actions.append(.finish(expired.call, .failure(timedOutWaiting)))
        }
        waiting.removeAll { $0.call.deadline <= now }
        for next in waiting { expect(next.call.deadline) }
        var isSilent = false
        var isAnswerOverdue = false
        for (callID, var expired) in open {
            if expired.expiry <= now {
                isAnswerOverdue = isAnswerOverdue || expired.isGivenUp
                if !expired.isGivenUp {
                    actions.append(.finish(expired.call, .failure(timedOutUnanswered)))
                    isSilent = isSilent || lastArrival.map { $0 < expired.sentAt } ?? true
                    expired.isGivenUp = true
                    givenUpCount += 1
                }
                expired.expiry = now + Self.lateAnswerPatience
                open[callID] = expired
            }
            expect(expired.expiry)
        }
        if isSilent {
            // Not a byte in a call's whole time, not even its refusal: the peer hangs, or the way to it is cut.
            return actions + lose(cause: nil) + [.close]
        }
        return actions + (isAnswerOverdue && state == .open ? drain() : goOn(at: now))
    }
}

// MARK: - What follows

extension ConnectionStateMachine {
    /// After a place or an open call is gone: the next ones are sent, or a connection that drained is closed.
    private mutating func goOn(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        switch state {
        case .open:
            return sendWaiting(at: now)
        case .draining where liveCount == 0:
            state = .closed
            return [.close]
        default:
            return []
        }
    }

    private mutating func sendWaiting(at now: ContinuousClock.Instant) -> [ConnectionAction] {
        var actions: [ConnectionAction] = []
        while open.count < configuration.maximumCallsInFlight, let next = waiting.popFirst() {
            let call = next.call
            guard call.deadline > now else {
                actions.append(.finish(call, .failure(timedOutWaiting)))
                continue
            }
            let expiry = call.deadline + Self.answerGrace
            open[call.id] = OpenCall(call: call, isRetry: next.isRetry, sentAt: now, expiry: expiry)
            expect(expiry)
            actions.append(.send(call.request(at: now)))
        }
        return actions
    }

    private mutating func drain() -> [ConnectionAction] {
        guard state == .open else { return [] }
        state = .draining
        let handedBack = waiting.map { ConnectionAction.handBack($0.call, isRetry: $0.isRetry) }
        waiting.removeAll()
        guard liveCount == 0 else { return [.retire] + handedBack }
        state = .closed
        return [.retire] + handedBack + [.close]
    }

    private mutating func lose(cause: (any Error)?) -> [ConnectionAction] {
        let lost = takeCalls()
        let error = connectionClosed(cause: cause)
        return [.retire]
            + lost.open.map { $0.isRetry ? .finish($0.call, .failure(error)) : .handBack($0.call, isRetry: true) }
            + lost.waiting.map { .handBack($0.call, isRetry: $0.isRetry) }
    }

    private mutating func fail(with error: FirnClientError) -> [ConnectionAction] {
        let failed = takeCalls()
        return [.retire]
            + failed.open.map { .finish($0.call, .failure(error)) }
            + failed.waiting.map { .finish($0.call, .failure(error)) }
    }

    private mutating func violated(_ what: String) -> [ConnectionAction] {
        fail(with: violation(what)) + [.close]
    }

    /// Closes, and gives every call away whose caller still waits, in the order they were made.
    private mutating func takeCalls() -> (open: [OpenCall], waiting: Deque<WaitingCall>) {
        state = .closed
        let taken = (open.values.filter { !$0.isGivenUp }.sorted { $0.call.id < $1.call.id }, waiting)
        open.removeAll()
        waiting.removeAll()
        givenUpCount = 0
        nextExpiry = nil
        return taken
    }

    private mutating func expect(_ expiry: ContinuousClock.Instant) {
        nextExpiry = nextExpiry.map { min($0, expiry) } ?? expiry
    }
}
