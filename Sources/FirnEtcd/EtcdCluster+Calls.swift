internal import FirnStore
internal import SwiftProtobuf
internal import Synchronization

/// The calls to one endpoint.
extension EtcdCluster {
    /// Makes the calls at one endpoint, with a token if there is a user, and once more those for which the token was
    /// rejected.
    func attempt<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ requests: [Request],
        at index: Int,
        patience: Duration,
        deadline: ContinuousClock.Instant
    ) -> [Attempt<Response>] {
        let end = ContinuousClock.now + patience
        var attempts: [Int: Attempt<Response>] = [:]
        var open = Array(requests.indices)
        for _ in 0..<2 where !open.isEmpty {
            let token: String?
            switch authenticate(at: index, until: end) {
            case .answered(let known):
                token = known
            case .failed(let failure, _):
                for number in open { attempts[number] = .failed(failure, mayHaveHappened: false) }
                open = []
                continue
            }
            let outcomes: [Attempt<Response>] = call(
                method,
                open.map { requests[$0] },
                token: token,
                at: index,
                until: end,
                deadline
            )
            var rejected: [Int] = []
            for (number, outcome) in zip(open, outcomes) {
                attempts[number] = outcome
                guard case .failed(let failure, _) = outcome, case .authenticate = failure.consequence, token != nil
                else { continue }
                rejected.append(number)
            }
            if !rejected.isEmpty { state.withLock { if $0.token == token { $0.token = nil } } }
            open = rejected
        }
        return requests.indices.map { number in
            guard let attempt = attempts[number] else { preconditionFailure("every call was attempted") }
            return attempt
        }
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
        let outcomes: [Attempt<Etcdserverpb_AuthenticateResponse>] = call(
            .authenticate,
            [request],
            token: nil,
            at: index,
            until: end,
            end
        )
        switch outcomes[0] {
        case .answered(let response):
            state.withLock { $0.token = response.token }
            return .answered(response.token)
        case .failed(let failure, _) where failure.saysNoUsers:
            return .answered(nil)
        case .failed(let failure, _):
            return .failed(failure, mayHaveHappened: false)
        }
    }

    /// Makes the calls at one endpoint: many at once on one connection, as no call waits for another's answer.
    private func call<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ requests: [Request],
        token: String?,
        at index: Int,
        until end: ContinuousClock.Instant,
        _ deadline: ContinuousClock.Instant
    ) -> [Attempt<Response>] {
        var attempts: [Attempt<Response>] = []
        while attempts.count < requests.count {
            let next = requests[attempts.count...].prefix(Self.maximumCallsAtOnce)
            let done: [Attempt<Response>] = callAtOnce(
                method,
                Array(next),
                token: token,
                at: index,
                until: end,
                deadline
            )
            attempts += done
            // After the first failure of the endpoint, the calls that were not begun may go to another one.
            let failure = done.lazy.compactMap(\.failureOfEndpoint).first
            guard let failure else { continue }
            while attempts.count < requests.count { attempts.append(.failed(failure, mayHaveHappened: false)) }
        }
        return attempts
    }

    private func callAtOnce<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ requests: [Request],
        token: String?,
        at index: Int,
        until end: ContinuousClock.Instant,
        _ deadline: ContinuousClock.Instant,
        turn: Int = 1
    ) -> [Attempt<Response>] {
        let begun = requests.map {
            begin(method, $0, token: token, at: index) as Result<BegunCall<Response>, EtcdFailure>
        }
        var attempts: [Attempt<Response>] = []
        var failed: [EtcdConnection] = []
        var unsent: [Int] = []
        for call in begun {
            switch call {
            case .failure(let failure):
                attempts.append(.failed(failure, mayHaveHappened: false))
            case .success(let call):
                let outcome = call.call.wait(until: end, orUntil: deadline, mayRepeat: !method.mayWrite)
                let (attempt, wasSent) = self.attempt(outcome, method)
                if case .failed(let failure, _) = attempt {
                    // Another call found the connection unusable before this one was made on it.
                    if !wasSent, call.connection.isRetired, turn < Self.maximumTurns {
                        unsent.append(attempts.count)
                    } else if case .tryElsewhere = failure.consequence {
                        failed.append(call.connection)
                    }
                }
                attempts.append(attempt)
            }
        }
        for connection in failed { retire(connection, at: index) }
        guard !unsent.isEmpty else { return attempts }
        let again: [Attempt<Response>] = callAtOnce(
            method,
            unsent.map { requests[$0] },
            token: token,
            at: index,
            until: end,
            deadline,
            turn: turn + 1
        )
        for (number, attempt) in zip(unsent, again) { attempts[number] = attempt }
        return attempts
    }

    /// A call that was begun, and the connection on which.
    private struct BegunCall<Response: Sendable> {
        var connection: EtcdConnection
        var call: BlockingCall<Response>
    }

    private func begin<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ request: Request,
        token: String?,
        at index: Int
    ) -> Result<BegunCall<Response>, EtcdFailure> {
        let connection: EtcdConnection
        let executor: EventLoopExecutor
        do {
            (connection, executor) = try self.connection(at: index)
        } catch {
            return .failure(EtcdFailure(error, wasSent: false, timeout: configuration.timeout))
        }
        let call = BlockingCall<Response>(on: executor) { willSend in
            try await connection.call(method, request, token: token, willSend: willSend)
        }
        return .success(BegunCall(connection: connection, call: call))
    }

    private func attempt<Response>(
        _ outcome: BlockingCall<Response>.Outcome,
        _ method: EtcdMethod
    ) -> (Attempt<Response>, wasSent: Bool) {
        let failure: EtcdFailure
        let wasSent: Bool
        switch outcome {
        case .answered(let response): return (.answered(response), true)
        case .failed(let error, let sent):
            failure = EtcdFailure(error, wasSent: sent, timeout: configuration.timeout)
            wasSent = sent
        case .late(let sent):
            failure = .late(configuration.timeout)
            wasSent = sent
        }
        // When etcd refuses a call, it has not done it. When it fails at a call, it may have done it.
        let isRefusal = if case .tryElsewhere = failure.consequence { false } else { true }
        return (.failed(failure, mayHaveHappened: method.mayWrite && wasSent && !isRefusal), wasSent)
    }
}
