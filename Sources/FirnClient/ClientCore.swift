internal import Logging
internal import NIOCore
internal import Synchronization

/// What a client's calls and its connections share: which connection a call goes to, and whether the client still runs.
///
/// Connections are made when a call wants one. One is current; those that the daemon said goodbye to finish their calls
/// beside it.
final class ClientCore: Sendable {
    private enum Phase {
        case initialized, running, shutDown
    }

    private struct State {
        var phase = Phase.initialized
        var current: Connection?
        /// Connections that take no new calls and are not closed yet.
        var retired: [ObjectIdentifier: Connection] = [:]
        /// `run()`, once it waits for the last connection to close.
        var whenEnded: CheckedContinuation<Void, Never>?
        var lastCallID: UInt64 = 0

        var hasEnded: Bool { phase == .shutDown && current == nil && retired.isEmpty }
    }

    let logger: Logger
    private let address: FirnAddress
    private let configuration: FirnClientConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let state = Mutex(State())

    init(
        address: FirnAddress,
        configuration: FirnClientConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) {
        self.address = address
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
    }

    // MARK: - Calls

    func makeCallID() -> UInt64 {
        state.withLock { state in
            state.lastCallID += 1
            return state.lastCallID
        }
    }

    /// Gives a call to the current connection, which is made when there is none.
    func submit(_ call: Call, isRetry: Bool) {
        let chosen = state.withLock { state -> (connection: Connection, connects: Bool)? in
            guard state.phase != .shutDown else { return nil }
            if let current = state.current { return (current, false) }
            let connection = Connection(
                address: address,
                configuration: configuration,
                eventLoop: eventLoopGroup.next(),
                core: self
            )
            state.current = connection
            return (connection, state.phase == .running)
        }
        guard let chosen else {
            call.finish(.failure(.shutDown))
            return
        }
        // The call first: connecting may fail at once.
        if call.attach(to: chosen.connection) { chosen.connection.enqueue(.submitted(call, isRetry: isRetry)) }
        if chosen.connects { chosen.connection.enqueue(.connect) }
    }

    // MARK: - The client's life

    /// Connects, if calls wait for it.
    ///
    /// - Precondition: The client was not started before.
    func start() {
        let connection = state.withLock { state in
            precondition(state.phase == .initialized, "a client's run() is called once: make another client")
            state.phase = .running
            return state.current
        }
        connection?.enqueue(.connect)
    }

    /// Ends every call and closes every connection.
    func shutDown() {
        let connections = state.withLock { state -> [Connection] in
            state.phase = .shutDown
            return [state.current].compactMap(\.self) + state.retired.values
        }
        for connection in connections { connection.enqueue(.shutDown) }
    }

    /// Returns once the client was shut down and every connection has closed.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.whenEnded = continuation }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: - The connections' events

    /// A connection takes no new calls.
    func retired(_ connection: Connection) {
        state.withLock { state in
            guard state.current === connection else { return }
            state.current = nil
            state.retired[ObjectIdentifier(connection)] = connection
        }
    }

    /// A connection is closed, and gave away the calls it had.
    func ended(_ connection: Connection) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.current === connection { state.current = nil }
            state.retired[ObjectIdentifier(connection)] = nil
            guard state.hasEnded else { return nil }
            defer { state.whenEnded = nil }
            return state.whenEnded
        }
        waiter?.resume()
    }
}
