internal import Logging
internal import Synchronization

/// Counts the connections of all threads of the gRPC server. The thread decides what happens past the limit.
final class GRPCConnectionLimiter: Sendable {
    private let count = Atomic(0)
    private let refusedSoFar = Atomic(0)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Counts a new connection.
    ///
    /// - Returns: the number of connections, this one included.
    func enter() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }

    func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Logs one line for each power of two, so that peers that keep connecting do not fill the log.
    func refused() {
        let count = refusedSoFar.wrappingAdd(1, ordering: .relaxed).newValue
        guard count & (count - 1) == 0 else { return }
        logger.notice(
            "a gRPC connection was refused, as there are too many, no descriptors for more, or its user may not connect",
            metadata: ["refused_so_far": "\(count)"]
        )
    }
}
