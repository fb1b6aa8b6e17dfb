internal import FirnWire
internal import Synchronization

/// One call for the daemon, from when a task makes it until that task goes on. It ends once, whoever ends it first: the
/// answer, the time or the task's cancellation.
final class Call: Sendable {
    typealias Outcome = Result<Response.Outcome, FirnClientError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        /// Where the call waits; to be told when it is cancelled.
        var connection: Connection?
    }

    /// The call's number on the wire; no two calls of a client have the same, and none is 0.
    let id: UInt64
    let method: Request.Method
    /// When the call is given up.
    let deadline: ContinuousClock.Instant

    private let state = Mutex(State())

    init(id: UInt64, method: Request.Method, deadline: ContinuousClock.Instant) {
        self.id = id
        self.method = method
        self.deadline = deadline
    }

    /// What came of the call; nil while it goes on.
    var outcome: Outcome? { state.withLock { $0.outcome } }

    /// Takes the task that waits; it goes on at once when the call has ended already.
    func resumeWhenFinished(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome = state.withLock { state -> Outcome? in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    /// Ends the call, unless it has ended.
    func finish(_ outcome: Outcome) {
        end(outcome).continuation?.resume(returning: outcome)
    }

    /// Ends the call because its task was cancelled, and frees its place at the connection.
    func cancel() {
        let outcome = Outcome.failure(FirnClientError(.cancelled, "The task was cancelled while its call was open."))
        let (continuation, connection) = end(outcome)
        continuation?.resume(returning: outcome)
        connection?.enqueue(.cancelled(callID: id))
    }

    /// Notes where the call waits from now on; false when it has ended and need not wait any more.
    func attach(to connection: Connection) -> Bool {
        state.withLock { state in
            guard state.outcome == nil else { return false }
            state.connection = connection
            return true
        }
    }

    private func end(
        _ outcome: Outcome
    ) -> (continuation: CheckedContinuation<Outcome, Never>?, connection: Connection?) {
        state.withLock { state in
            guard state.outcome == nil else { return (nil, nil) }
            state.outcome = outcome
            defer { (state.continuation, state.connection) = (nil, nil) }
            return (state.continuation, state.connection)
        }
    }
}
