internal import FirnStore
internal import NIOCore
internal import NIOPosix
internal import SwiftProtobuf
internal import Synchronization

/// The endpoints of a cluster: it chooses the endpoint for a call, and the next one after a failure. It also has the
/// token for authentication.
final class EtcdCluster: Sendable {
    struct State {
        var places: [Place]
        /// The endpoint that answered last.
        var preferred = 0
        var token: String?
        var runner: Runner?
    }

    /// One endpoint's connection, if there is one, and the number of calls that used it.
    struct Place {
        var connection: EtcdConnection?
        var calls = 0
    }

    /// The only thread of a cluster's connections.
    struct Runner {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop: any EventLoop
        let executor: EventLoopExecutor

        init() {
            eventLoop = eventLoops.next()
            executor = EventLoopExecutor(eventLoop)
        }
    }

    /// The result of a call at one endpoint.
    enum Attempt<Response> {
        case answered(Response)
        case failed(EtcdFailure, mayHaveHappened: Bool)

        /// Why another endpoint should be tried, if it should.
        var failureOfEndpoint: EtcdFailure? {
            guard case .failed(let failure, _) = self, case .tryElsewhere = failure.consequence else { return nil }
            return failure
        }
    }

    /// On how many connections to one endpoint a call is tried as long as it was never sent.
    static let maximumTurns = 3

    /// How many calls of one caller are in progress at once. etcd accepts any number of them on a connection by default.
    static let maximumCallsAtOnce = 128

    let configuration: EtcdConfiguration
    let state: Mutex<State>

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
        let results: [Result<Response, EtcdClusterFailure>] = perform(method, [request])
        return try results[0].get()
    }

    /// Makes several calls at once, each at each endpoint at most once, until one answers it. Each has its own result,
    /// in the order of `requests`.
    func perform<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ requests: [Request]
    ) -> [Result<Response, EtcdClusterFailure>] {
        let endpoints = configuration.endpoints
        let deadline = ContinuousClock.now + configuration.timeout
        let first = state.withLock { $0.preferred }
        var results = requests.map { _ in Result<Response, EtcdClusterFailure>.failure(EtcdClusterFailure()) }
        var open = Array(requests.indices)
        for turn in endpoints.indices where !open.isEmpty {
            let index = (first + turn) % endpoints.count
            // The remaining time is divided among the remaining endpoints, so that the last one gets its share.
            let share = ContinuousClock.now.duration(to: deadline) / (endpoints.count - turn)
            let calls = open.map { requests[$0] }
            let attempts: [Attempt<Response>] = attempt(method, calls, at: index, patience: share, deadline: deadline)
            var preferred = index
            var unanswered: [Int] = []
            for (number, attempt) in zip(open, attempts) {
                switch attempt {
                case .answered(let response):
                    results[number] = .success(response)
                case .failed(let reason, let mayHaveHappened):
                    var failure = results[number].failure ?? EtcdClusterFailure()
                    failure.add(reason, at: endpoints[index])
                    failure.mayHaveHappened = mayHaveHappened
                    results[number] = .failure(failure)
                    guard case .tryElsewhere = reason.consequence else { continue }
                    preferred = (index + 1) % endpoints.count
                    if !mayHaveHappened { unanswered.append(number) }
                }
            }
            state.withLock { $0.preferred = preferred }
            open = unanswered
        }
        return results
    }

    /// The connection for one call.
    func connection(at index: Int) throws -> (EtcdConnection, EventLoopExecutor) {
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
    func retire(_ connection: EtcdConnection, at index: Int) {
        state.withLock { if $0.places[index].connection === connection { $0.places[index] = Place() } }
        connection.retire()
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
