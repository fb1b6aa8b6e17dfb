internal import FirnWire
internal import Synchronization

/// One call for the daemon, from when a task makes it until that task goes on. It ends once, whatever ends it first: the
/// answer, the time or the task's cancellation.
final class Call: Sendable {
    typealias Outcome = Result<Response.Outcome, FirnClientError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
        /// The connection that the call is open on; to be told when it is cancelled.
        var connection: Connection?
    }

    /// The call's number on the wire; no two calls of a client have the same, and none is 0.
    let id: UInt64
    let method: Request.Method
    /// How long the call may take, for messages.
    let timeout: Duration
    /// When the call is given up.
    let deadline: ContinuousClock.Instant

    private let whenFinished: (@Sendable (Outcome) -> Void)?
    private let state = Mutex(State())

    /// Makes a call.
    ///
    /// - Parameter whenFinished: Is told the outcome by the thread that ends the call, holding no lock.
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
    ///
    /// - Returns: The connection that it was open on, when this ended it.
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

    /// Notes the connection that the call is open on from now on.
    func attach(to connection: Connection) {
        state.withLock { if $0.outcome == nil { $0.connection = connection } }
    }
}
