package import FirnWire
internal import Synchronization

/// Limits the connections, in total and per user.
package final class ConnectionLimiter: Sendable {
    private struct Counts {
        var total = 0
        var users: [UInt32: Int] = [:]
    }

    private let limits: Limits
    private let counts = Mutex(Counts())

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Counts a new connection.
    ///
    /// - Returns: why it is refused; `nil` when it was counted.
    package func enter(user: UInt32?) -> Status? {
        counts.withLock { counts in
            guard counts.total < limits.maximumConnections else {
                return Status(
                    .resourceExhausted,
                    "the daemon has its maximum of \(limits.maximumConnections) connections; close some, share them, or raise --max-connections",
                    retryAfterMilliseconds: 1000
                )
            }
            if let user {
                guard counts.users[user, default: 0] < limits.maximumConnectionsPerUser else {
                    return Status(
                        .resourceExhausted,
                        "user \(user) has its maximum of \(limits.maximumConnectionsPerUser) connections; close some, share them, "
                            + "or raise --max-connections-per-uid",
                        retryAfterMilliseconds: 1000
                    )
                }
                counts.users[user, default: 0] += 1
            }
            counts.total += 1
            return nil
        }
    }

    /// Removes a closed connection from the count.
    package func leave(user: UInt32?) {
        counts.withLock { counts in
            counts.total -= 1
            guard let user, let count = counts.users[user] else { return }
            counts.users[user] = count > 1 ? count - 1 : nil
        }
    }
}
