internal import FirnStore
internal import NIOCore
internal import NIOPosix
internal import SwiftProtobuf
internal import Synchronization

/// The endpoints of a cluster: it chooses the endpoint for a call, and the next one after a failure. It also has the
/// token for authentication.
final class EtcdCluster: Sendable {
    private struct State {
        var places: [Place]
        /// The endpoint that answered last.
        var preferred = 0
        var token: String?
        var runner: Runner?
    }

    /// One endpoint's connection, if there is one, and the number of calls that used it.
    private struct Place {
        var connection: EtcdConnection?
        var calls = 0
    }

    /// The only thread of a cluster's connections.
    private struct Runner {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop: any EventLoop
        let executor: EventLoopExecutor

        init() {
            eventLoop = eventLoops.next()
            executor = EventLoopExecutor(eventLoop)
        }
    }

    /// The result of a call at one endpoint.
    private enum Attempt<Response> {
        case answered(Response)
        case failed(EtcdFailure, mayHaveHappened: Bool)
    }

    /// On how many connections to one endpoint a call is tried as long as it was never sent.
    private static let maximumTurns = 3

    private let configuration: EtcdConfiguration
    private let state: Mutex<State>

    init(_ configuration: EtcdConfiguration) {
        self.configuration = configuration
        state = Mutex(State(places: configuration.endpoints.map { _ in Place() }))
    }

    func close() {
        let (connections, runner) = state.withLock { state in
            defer {
                state.places = configuration.endpoints.map { _ in Place() }
                state.runner = nil
                state.token = nil
            }
            return (state.places.compactMap(\.connection), state.runner)
        }
        guard let runner else { return }
        connections.forEach { $0.close() }
        // No caller waits for this: the connections need their thread until they are closed.
        Task {
            for connection in connections { await connection.ended() }
            try? await runner.eventLoops.shutdownGracefully()
        }
    }

    /// Makes the call, at each endpoint at most once, until one answers.
    func perform<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ request: Request
    ) throws(EtcdClusterFailure) -> Response {
        let endpoints = configuration.endpoints
        let deadline = ContinuousClock.now + configuration.timeout
        let first = state.withLock { $0.preferred }
        var failure = EtcdClusterFailure()
        for turn in endpoints.indices {
            let index = (first + turn) % endpoints.count
            // The remaining time is divided among the remaining endpoints, so that the last one gets its share.
            let share = ContinuousClock.now.duration(to: deadline) / (endpoints.count - turn)
            switch attempt(method, request, at: index, patience: share, deadline: deadline) as Attempt<Response> {
            case .answered(let response):
                state.withLock { $0.preferred = index }
                return response
            case .failed(let reason, let mayHaveHappened):
                failure.add(reason, at: endpoints[index])
                failure.mayHaveHappened = mayHaveHappened
                if case .tryElsewhere = reason.consequence {
                    state.withLock { $0.preferred = (index + 1) % endpoints.count }
                    if !mayHaveHappened { continue }
                }
                throw failure
            }
        }
        throw failure
    }

    /// Makes the call at one endpoint, with a token if there is a user, and once more if the token was rejected.
    private func attempt<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ request: Request,
        at index: Int,
        patience: Duration,
        deadline: ContinuousClock.Instant
    ) -> Attempt<Response> {
        let end = ContinuousClock.now + patience
        for isLast in [false, true] {
            let token: String?
            switch authenticate(at: index, until: end) {
            case .answered(let known): token = known
            case .failed(let failure, _): return .failed(failure, mayHaveHappened: false)
            }
            let outcome: Attempt<Response> = call(method, request, token: token, at: index, until: end, deadline)
            guard case .failed(let failure, _) = outcome, case .authenticate = failure.consequence, token != nil else {
                return outcome
            }
            state.withLock { if $0.token == token { $0.token = nil } }
            if isLast { return outcome }
        }
        preconditionFailure("the last turn returns")
    }

    /// The token for calls; `nil` without a user.
    private func authenticate(at index: Int, until end: ContinuousClock.Instant) -> Attempt<String?> {
        guard let credentials = configuration.credentials else { return .answered(nil) }
        if let token = state.withLock({ $0.token }) { return .answered(token) }
        var request = Etcdserverpb_AuthenticateRequest()
        request.name = credentials.user
        do {
            request.password = try credentials.readPassword()
        } catch {
            return .failed(EtcdFailure(.refused, "\(error)"), mayHaveHappened: false)
        }
        let outcome: Attempt<Etcdserverpb_AuthenticateResponse> = call(
            .authenticate,
            request,
            token: nil,
            at: index,
            until: end,
            end
        )
        switch outcome {
        case .answered(let response):
            state.withLock { $0.token = response.token }
            return .answered(response.token)
        case .failed(let failure, _) where failure.saysNoUsers:
            return .answered(nil)
        case .failed(let failure, _):
            return .failed(failure, mayHaveHappened: false)
        }
    }

    private func call<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ request: Request,
        token: String?,
        at index: Int,
        until end: ContinuousClock.Instant,
        _ deadline: ContinuousClock.Instant,
        turn: Int = 1
    ) -> Attempt<Response> {
        let connection: EtcdConnection
        let executor: EventLoopExecutor
        do {
            (connection, executor) = try self.connection(at: index)
        } catch {
            return .failed(EtcdFailure(error, wasSent: false, timeout: configuration.timeout), mayHaveHappened: false)
        }
        let outcome = BlockingCall<Response>.perform(
            patience: ContinuousClock.now.duration(to: end),
            longestPatience: ContinuousClock.now.duration(to: deadline),
            mayRepeat: method != .transaction,
            on: executor
        ) { willSend in
            try await connection.call(method, request, token: token, willSend: willSend)
        }
        let failure: EtcdFailure
        let wasSent: Bool
        switch outcome {
        case .answered(let response): return .answered(response)
        case .failed(let error, let sent):
            failure = EtcdFailure(error, wasSent: sent, timeout: configuration.timeout)
            wasSent = sent
        case .late(let sent):
            failure = .late(configuration.timeout)
            wasSent = sent
        }
        // Another call found the connection unusable before this one was made on it.
        if !wasSent, connection.isRetired, turn < Self.maximumTurns {
            return call(method, request, token: token, at: index, until: end, deadline, turn: turn + 1)
        }
        if case .tryElsewhere = failure.consequence { retire(connection, at: index) }
        // When etcd refuses a call, it has not done it. When it fails at a call, it may have done it.
        let isRefusal = if case .tryElsewhere = failure.consequence { false } else { true }
        return .failed(failure, mayHaveHappened: method == .transaction && wasSent && !isRefusal)
    }

    /// The connection for one call.
    private func connection(at index: Int) throws -> (EtcdConnection, EventLoopExecutor) {
        let (place, spent, executor) = try state.withLock { state in
            let runner = state.runner ?? Runner()
            state.runner = runner
            var spent: EtcdConnection?
            if state.places[index].calls == EtcdConnection.maximumCalls {
                spent = state.places[index].connection
                state.places[index] = Place()
            }
            if state.places[index].connection == nil {
                state.places[index].connection = try EtcdConnection(
                    to: configuration.endpoints[index],
                    configuration,
                    on: runner.eventLoop,
                    runner.executor
                )
            }
            state.places[index].calls += 1
            return (state.places[index], spent, runner.executor)
        }
        spent?.retire()
        return (place.connection!, executor)
    }

    /// Makes the next call open a new connection.
    private func retire(_ connection: EtcdConnection, at index: Int) {
        state.withLock { if $0.places[index].connection === connection { $0.places[index] = Place() } }
        connection.retire()
    }
}
