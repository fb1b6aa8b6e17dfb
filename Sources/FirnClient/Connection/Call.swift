internal import FirnWire
internal import Synchronization

/// One call to the daemon, from when a task makes it until that task resumes. It ends once, by what comes first: the answer,
/// its timeout or the task's cancellation.
final class Call: Sendable {
    typealias Outcome = Result<Response.Outcome, FirnClientError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        /// The connection that the call is in flight on, which is notified when the call is cancelled.
        var connection: Connection?
    }

    /// The call's number on the wire; no two calls of a client have the same, and none is 0.
    let id: UInt64
    let method: Request.Method
    /// How long the call may take, for messages.
    let timeout: Duration
    /// When the call times out.
    let deadline: ContinuousClock.Instant

    private let whenFinished: (@Sendable (Outcome) -> Void)?
    private let state = Mutex(State())

    /// Makes a call.
    ///
    /// - Parameter whenFinished: Is called with the outcome by the thread that ends the call, without a lock held.
    init(
        id: UInt64,
        method: Request.Method,
        timeout: Duration,
        deadline: ContinuousClock.Instant,
        whenFinished: (@Sendable (Outcome) -> Void)? = nil
    ) {
        self.id = id
        self.method = method
        self.timeout = timeout
        self.deadline = deadline
        self.whenFinished = whenFinished
    }

    /// The call's outcome; nil while it is in progress.
    var outcome: Outcome? { state.withLock { $0.outcome } }

    /// Stores the continuation of the task that waits, or resumes it at once when the call has ended already.
    func resumeWhenFinished(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome = state.withLock { state -> Outcome? in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    /// Ends the call, unless it has ended.
    ///
    /// - Returns: The connection that it was in flight on, if this ended the call.
    @discardableResult
    func finish(_ outcome: Outcome) -> Connection? {
        let (isFirst, continuation, connection) = state.withLock {
            state -> (Bool, CheckedContinuation<Outcome, Never>?, Connection?) in
            guard state.outcome == nil else { return (false, nil, nil) }
            state.outcome = outcome
            defer { (state.continuation, state.connection) = (nil, nil) }
            return (true, state.continuation, state.connection)
        }
        continuation?.resume(returning: outcome)
        if isFirst { whenFinished?(outcome) }
        return connection
    }

    /// Stores the connection that the call is in flight on from now on.
    func attach(to connection: Connection) {
        state.withLock { if $0.outcome == nil { $0.connection = connection } }
    }
}
