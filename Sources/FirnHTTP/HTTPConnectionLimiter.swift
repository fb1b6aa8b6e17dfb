internal import Logging
internal import Synchronization

/// Counts the connections of all threads of the HTTP server. The thread decides what happens past a limit.
final class HTTPConnectionLimiter: Sendable {
    private let ids = Atomic(0)
    private let admin = Atomic(0)
    private let refusedSoFar = Atomic(0)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Counts a new connection.
    ///
    /// - Returns: the number of connections, this one included.
    func enter(_ purpose: HTTPListener.Purpose) -> Int {
        switch purpose {
        case .ids: ids.wrappingAdd(1, ordering: .relaxed).newValue
        case .admin: admin.wrappingAdd(1, ordering: .relaxed).newValue
        }
    }

    func leave(_ purpose: HTTPListener.Purpose) {
        switch purpose {
        case .ids: ids.wrappingSubtract(1, ordering: .relaxed)
        case .admin: admin.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    /// Logs one line for each power of two, so that peers that keep connecting do not fill the log.
    func refused() {
        let count = refusedSoFar.wrappingAdd(1, ordering: .relaxed).newValue
        guard count & (count - 1) == 0 else { return }
        logger.notice(
            "an HTTP connection was refused, as there are too many, or no descriptors for more",
            metadata: ["refused_so_far": "\(count)"]
        )
    }
}
