internal import Logging
internal import NIOCore
internal import Synchronization

/// A client's connections and the calls that wait for them, usable from any thread. Runs the pool's state machine with a
/// lock, a timer and connections.
///
/// The state machine's actions are carried out after unlocking, so two actions may reach a connection in the other order.
/// It then hands back a call that came too late.
final class ConnectionPool: Sendable {
    private struct State {
        var machine: PoolStateMachine
        var connections: [PooledConnection.ID: Connection] = [:]
        var alarm = Alarm()
        /// The continuation of `run()`, while it waits for the last connection to close.
        var whenEnded: CheckedContinuation<Void, Never>?

        func connection(_ id: PooledConnection.ID) -> Connection {
            guard let connection = connections[id] else {
                preconditionFailure("a connection is known here for as long as the state machine knows it")
            }
            return connection
        }
    }

    /// An order for a connection, or the end of a call.
    private enum Step {
        case order(Connection, Connection.Order)
        case finish(Call, FirnClientError)
    }

    let configuration: FirnClientConfiguration
    let logger: Logger
    let observer = ClientObserver()
    /// Runs the timers that belong to no connection.
    let eventLoop: any EventLoop
    private let eventLoopGroup: any EventLoopGroup
    private let lastCallID = Atomic<UInt64>(0)
    private let state: Mutex<State>

    init(
        addresses: [FirnAddress],
        configuration: FirnClientConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        eventLoop = eventLoopGroup.next()
        let machine = PoolStateMachine(
            addresses: addresses,
            configuration: configuration,
            generator: SystemRandomNumberGenerator()
        )
        state = Mutex(State(machine: machine))
    }

    // MARK: - Calls

    func makeCallID() -> UInt64 {
        lastCallID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Assigns a call to a connection, queues it, or ends it with an error.
    func submit(_ call: Call, at now: ContinuousClock.Instant) {
        advance { $0.callSubmitted(call, at: now) }
    }

    /// The error for a caller that timed out while the request that it shares was not answered.
    func timedOutSharing(_ timeout: Duration) -> FirnClientError {
        state.withLock { $0.machine.timedOutSharing(timeout) }
    }

    /// Ends a call because its task was cancelled, and frees its place.
    func cancel(_ call: Call) {
        let connection = call.finish(.failure(.cancelled))
        // It may have been handed back meanwhile, and be in the queue.
        state.withLock { $0.machine.callCancelled(call.id) }
        connection?.enqueue(.cancelled(callID: call.id))
    }

    // MARK: - Start and shutdown

    /// Makes connections, if calls wait for one.
    ///
    /// - Precondition: The client was not started before.
    func start() {
        advance { $0.runBegan(at: .now) }
    }

    /// Ends every call and closes every connection.
    func shutDown() {
        advance { $0.shutDown() }
    }

    /// Returns once the client was shut down and every connection has closed.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.machine.hasEnded { state.whenEnded = continuation }
                return state.machine.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: - The connections' events

    func connected(_ connection: Connection) {
        advance { $0.connected(connection.id, at: .now) }
    }

    func connectingFailed(_ connection: Connection, _ error: FirnClientError) {
        advance { $0.connectingFailed(connection.id, error, at: .now) }
    }

    /// A connection takes no new calls.
    func retired(_ connection: Connection) {
        advance { $0.retired(connection.id, at: .now) }
    }

    func handedBack(_ submissions: [(submission: Submission, wasSent: Bool)], by connection: Connection) {
        advance { $0.callsHandedBack(submissions, by: connection.id, at: .now) }
    }

    func refused(_ submission: Submission, _ error: FirnClientError, by connection: Connection) {
        advance { $0.callRefused(submission, error, by: connection.id, at: .now) }
    }

    func placesFreed(_ count: Int, hasAnswered: Bool, by connection: Connection) {
        advance { $0.placesFreed(count, hasAnswered: hasAnswered, by: connection.id, at: .now) }
    }

    /// A connection is closed, and has handed back its calls.
    func ended(_ connection: Connection) {
        advance { $0.ended(connection.id, at: .now) }
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.connections[connection.id] = nil
            guard state.machine.hasEnded else { return nil }
            defer { state.whenEnded = nil }
            return state.whenEnded
        }
        waiter?.resume()
    }

    // MARK: - Actions

    /// Passes an event to the state machine and carries out the actions that it returns.
    private func advance(_ event: (inout PoolStateMachine) -> [PoolAction]) {
        let steps = state.withLock { state -> [Step] in
            let actions = event(&state.machine)
            if !state.alarm.isSet(for: state.machine.nextExpiry) {
                state.alarm.set(for: state.machine.nextExpiry, on: eventLoop) { [weak self] in self?.timePassed() }
            }
            return actions.map { step(for: $0, in: &state) }
        }
        for step in steps {
            switch step {
            case .finish(let call, let error):
                call.finish(.failure(error))
            case .order(let connection, let order):
                if case .submitted(let submission) = order { submission.call.attach(to: connection) }
                connection.enqueue(order)
            }
        }
    }

    private func timePassed() {
        state.withLock { $0.alarm.rang() }
        advance { $0.timePassed(at: .now) }
    }

    private func step(for action: PoolAction, in state: inout State) -> Step {
        switch action {
        case .finish(let call, let error):
            return .finish(call, error)
        case .connect(let id, let address, let timeout):
            let connection = Connection(
                id: id,
                address: address,
                configuration: configuration,
                eventLoop: eventLoopGroup.next(),
                pool: self
            )
            state.connections[id] = connection
            return .order(connection, .connect(within: timeout))
        case .assign(let submission, let id):
            return .order(state.connection(id), .submitted(submission))
        case .drain(let id):
            return .order(state.connection(id), .drain)
        case .shutDown(let id):
            return .order(state.connection(id), .shutDown)
        }
    }
}
