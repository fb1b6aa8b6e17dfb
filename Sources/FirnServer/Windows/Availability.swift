package import FirnWire
internal import Synchronization

/// Whether the daemon can serve, and in words why not. Written by whoever keeps the windows, read by everyone.
package final class Availability: Sendable {
    private let reason: Mutex<Status?>
    private let draining = Atomic(false)

    package init() {
        reason = Mutex(
            Status(.unavailable, "the daemon is starting: no worker is claimed yet", retryAfterMilliseconds: 100)
        )
    }

    /// Why no ID can be given out now; `nil` when the daemon is ready.
    package var obstacle: Status? {
        draining.load(ordering: .relaxed)
            ? Status(
                .unavailable,
                "the daemon is stopping; connect to another one, or to this address again soon",
                retryAfterMilliseconds: 1000
            )
            : reason.withLock { $0 }
    }

    /// What a call is told that found no window.
    package var refusal: Status {
        obstacle
            ?? Status(.unavailable, "the worker's window has run out and is being extended", retryAfterMilliseconds: 50)
    }

    package func becameReady() {
        reason.withLock { $0 = nil }
    }

    package func becameUnready(_ why: String, retryAfterMilliseconds: UInt32) {
        reason.withLock { $0 = Status(.unavailable, why, retryAfterMilliseconds: retryAfterMilliseconds) }
    }

    /// There will be no ID from now on, so nobody is told when to try again.
    package func ended(_ why: Status) {
        reason.withLock { $0 = why }
    }

    package func startedDraining() {
        draining.store(true, ordering: .relaxed)
    }
}
