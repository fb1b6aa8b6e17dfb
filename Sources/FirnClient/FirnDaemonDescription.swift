public import FirnLayout
internal import FirnWire

/// A daemon's answer to ``FirnClient/daemonDescription(timeout:)``.
public struct FirnDaemonDescription: Sendable, Hashable {
    /// The daemon's version, such as `0.1.0`.
    public var version: String
    /// The layout of its IDs.
    public var layout: Layout
    /// The numbers of the workers that it holds now; empty while its store has given it no window.
    public var workers: [UInt32]
    /// The largest number of IDs, or of tickets, that it gives in one call: 1 to 65,536.
    public var maximumBatchSize: Int
    /// Whether IDs can be had now; `nil` from a daemon whose version does not tell. The daemon takes no ID to find out,
    /// and one at rest stays at rest.
    public var readiness: Readiness?
    /// How long a lease of a worker may last; nil from a daemon that leases none.
    public var maximumLeaseWindow: Duration?

    /// Whether a daemon can give out IDs.
    public enum Readiness: Sendable, Hashable {
        /// IDs can be had.
        case ready
        /// IDs can be had. No IDs were requested for a while, so the next request waits for one write to the store.
        case resting
        /// No IDs can be had now: calls for them throw a ``FirnClientError`` with this code and this message.
        case unready(code: FirnClientError.Code, message: String, retryAfter: Duration?)
    }

    /// Makes a description, for instance in a test of code that takes one.
    public init(
        version: String,
        layout: Layout,
        workers: [UInt32],
        maximumBatchSize: Int,
        readiness: Readiness? = nil,
        maximumLeaseWindow: Duration? = nil
    ) {
        self.version = version
        self.layout = layout
        self.workers = workers
        self.maximumBatchSize = maximumBatchSize
        self.readiness = readiness
        self.maximumLeaseWindow = maximumLeaseWindow
    }

    init(_ description: DaemonDescription) {
        self.init(
            version: description.version,
            layout: description.layout,
            workers: description.workers,
            maximumBatchSize: Int(description.maximumBatch),
            readiness: description.readiness.map(Readiness.init),
            maximumLeaseWindow: description.maximumLeaseWindowMilliseconds == 0
                ? nil : .milliseconds(Int64(clamping: description.maximumLeaseWindowMilliseconds))
        )
    }
}

extension FirnDaemonDescription.Readiness {
    init(_ readiness: DaemonDescription.Readiness) {
        switch readiness {
        case .ready: self = .ready
        case .resting: self = .resting
        case .unready(let status):
            let error = FirnClientError(status)
            self = .unready(code: error.code, message: error.message, retryAfter: error.retryAfter)
        }
    }
}
