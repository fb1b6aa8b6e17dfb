internal import FirnStore

/// Why no endpoint answered a call: the failure of each endpoint that was tried.
struct EtcdClusterFailure: Error {
    private(set) var failures: [(endpoint: EtcdEndpoint, reason: EtcdFailure)] = []
    /// Whether a write may have been done, or may still be done.
    var mayHaveHappened = false

    mutating func add(_ reason: EtcdFailure, at endpoint: EtcdEndpoint) {
        failures.append((endpoint, reason))
    }

    var saysReadAnew: Bool {
        if case .readAnew? = failures.last?.reason.consequence { true } else { false }
    }

    /// - Parameter what: such as "read layout from".
    func storeError(doing what: String) -> StoreError {
        // A refusal tells more about the cause than an unavailable endpoint.
        let code = failures.lazy.map(\.reason.code).first { $0 != .unavailable } ?? .unavailable
        let reasons = failures.map { "\($0.endpoint): \($0.reason.text)" }.joined(separator: "; ")
        let doubt = mayHaveHappened ? " (it may have been done all the same)" : ""
        return StoreError(code: code, message: "cannot \(what) etcd\(doubt): \(reasons)")
    }
}
