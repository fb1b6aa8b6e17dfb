internal import FirnWire
internal import Glibc

/// Descriptors that connections cannot use, whatever their limits are. With none left, the daemon could not connect to
/// the store again, and the admin interface could not accept connections.
///
/// With etcd more depends on it. Between attempts to connect, gRPC waits with Swift's timers, which use Dispatch.
/// Dispatch opens three descriptors for the first timer, and later reads its threads in /proc once per second. When it
/// cannot, it ends the process.
///
/// The kernel assigns the lowest free number. So the number of a new descriptor is a lower bound of how many are open.
package struct DescriptorReserve: Sendable, Equatable {
    /// The first number that no connection for IDs gets.
    private let ceiling: Int32
    /// The first number that no admin connection gets.
    private let adminCeiling: Int32

    /// Enough for a store and a log with room to spare; less when there are few.
    private static let usualSize = 32

    /// - Parameter limit: how many descriptors the process may have.
    package init(limit: Int) {
        let size = min(Self.usualSize, limit / 8)
        ceiling = Int32(clamping: max(1, limit - size))
        adminCeiling = Int32(clamping: max(1, limit - size / 2))
    }

    /// For this process's current limit: the limit of all its descriptors, not of those that one protocol may use.
    static var ofProcess: DescriptorReserve {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return DescriptorReserve(limit: 1024)
        }
        return DescriptorReserve(limit: Int(clamping: limit.rlim_cur))
    }

    /// Whether a connection that was just accepted uses a reserved descriptor and must be closed.
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
