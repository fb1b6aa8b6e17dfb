internal import Logging
internal import Synchronization

/// Counts the connections of all of the HTTP server's threads. What is done past a limit is the thread's to decide.
final class HTTPConnectionLimiter: Sendable {
    private let ids = Atomic(0)
    private let admin = Atomic(0)
    private let refusedSoFar = Atomic(0)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Counts a connection in.
    ///
    /// - Returns: how many there are with it.
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

    /// One line for each power of two: peers that come again and again do not fill the log.
    func refused() {
        let count = refusedSoFar.wrappingAdd(1, ordering: .relaxed).newValue
        guard count & (count - 1) == 0 else { return }
        logger.notice(
            "an HTTP connection was refused, as there are too many, or no descriptors for more",
            metadata: ["refused_so_far": "\(count)"]
        )
    }
}
