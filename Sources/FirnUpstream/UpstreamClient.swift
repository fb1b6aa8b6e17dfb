internal import FirnClient
internal import FirnStore
internal import FirnWire

/// Requests over the framed protocol, some at a time.
final class UpstreamClient: UpstreamTransport {
    private let client: FirnClient
    private let timeout: Duration
    private let serving: Task<Void, Never>

    /// Below the number of such requests of a connection that a daemon lets wait.
    private static let maximumAtOnce = 8

    init(_ configuration: UpstreamConfiguration) {
        var client = FirnClientConfiguration()
        client.timeout = configuration.timeout
        client.token = configuration.token
        client.tls = configuration.tls
        // A call tries to connect for as long as it may take, also after a long outage.
        client.circuitBreakerTripAfter = .seconds(3600)
        let made = FirnClient(addresses: configuration.addresses, configuration: client)
        self.client = made
        timeout = configuration.timeout
        serving = Task { await made.run() }
    }

    deinit { serving.cancel() }

    func perform(_ calls: [StoreCall]) -> [Result<StoreAnswers, StoreError>] {
        if let call = calls.first(where: { $0.maximumLength > Frame.maximumRequestLength - 64 }) {
            let error = StoreError(
                code: .refused,
                message: "a request of \(call.maximumLength) bytes is more than a daemon reads; use its store itself"
            )
            return calls.map { _ in .failure(error) }
        }
        var results: [Result<StoreAnswers, StoreError>] = []
        var begun: [BlockingCall] = []
        var next = 0
        while results.count < calls.count {
            while next < calls.count, next - results.count < Self.maximumAtOnce {
                begun.append(BlockingCall(client, .store(calls[next]), timeout: timeout))
                next += 1
            }
            let call = begun[results.count]
            results.append(result { () throws(FirnClientError) in try call.wait() })
        }
        return results
    }

    private func result(
        _ body: () throws(FirnClientError) -> Response.Outcome
    ) -> Result<StoreAnswers, StoreError> {
        do throws(FirnClientError) {
            guard case .store(let answers) = try body() else {
                return .failure(
                    StoreError(code: .unavailable, message: "the daemon answered another call: report this")
                )
            }
            return .success(answers)
        } catch  where error.code == .timedOut {
            let error = StoreError(
                code: .unavailable,
                message:
                    "the daemons of --store did not answer within \(timeout): see whether they and their store are well, or "
                    + "raise --upstream-timeout (\(error.message))"
            )
            return .failure(error)
        } catch {
            return .failure(StoreError(upstream: error.code.status, "the daemon's store: \(error.message)"))
        }
    }
}
