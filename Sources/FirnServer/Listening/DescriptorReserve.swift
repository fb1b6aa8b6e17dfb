internal import FirnWire
internal import Glibc

/// Descriptors that connections do not get, whatever their limits say: with none left the store could not be connected to
/// again, and nobody could ask the daemon how it fares.
///
/// With etcd more depends on it. gRPC waits between its tries to connect by Swift's timers, and these are Dispatch's: it opens
/// three descriptors at the first of them, and later looks at its threads in /proc once per second. Where it cannot, it ends
/// the process.
///
/// The kernel gives out the lowest number that is free. So a new descriptor's number says how many there are at least.
package struct DescriptorReserve: Sendable, Equatable {
    /// The first number that no connection for IDs gets.
    private let ceiling: Int32
    /// The first number that no admin connection gets.
    private let adminCeiling: Int32

    /// As many as a store and a log use up with room to spare, and less where there are few.
    private static let usualSize = 32

    /// - Parameter limit: how many descriptors the process may have.
    package init(limit: Int) {
        let size = min(Self.usualSize, limit / 8)
        ceiling = Int32(clamping: max(1, limit - size))
        adminCeiling = Int32(clamping: max(1, limit - size / 2))
    }

    /// By this process's limit as it is now: of all its descriptors, and not of those that one protocol may use up.
    static var ofProcess: DescriptorReserve {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorReserve(limit: 1024)
        }
        return DescriptorReserve(limit: Int(clamping: limit.rlim_cur))
    }

    /// Whether a connection that was just accepted has a descriptor that it must not keep.
    package func isShort(with descriptor: Int32, isAdmin: Bool = false) -> Bool {
        descriptor >= (isAdmin ? adminCeiling : ceiling)
    }

    static let refusal = Status(
        .resourceExhausted,
        "the daemon has no descriptors left but those that it keeps for its store; close some connections, share them, "
            + "or raise its limit of open files (ulimit -n, LimitNOFILE=)",
        retryAfterMilliseconds: 1000
    )
}
