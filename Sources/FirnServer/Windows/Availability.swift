package import FirnEngine
internal import FirnLayout
package import FirnWire
internal import Synchronization

/// Whether the daemon can serve, and the reason when it cannot. The thread that keeps the windows writes it; all
/// threads read it.
///
/// The last written state may be old, because the thread that keeps the windows may hang in the store. So each query
/// also checks the windows themselves.
package final class Availability: Sendable {
    private let reason: Mutex<Status?>
    private let draining = Atomic(false)
    private let slots: [WorkerSlot]
    private let clock: TickClock?
    private let watch: StoreWatch?
    /// Windows at rest may end; that is no lapse.
    let rest: WindowRest?

    /// - Parameters:
    ///   - slots: the workers whose windows are checked.
    ///   - clock: the time that the windows are compared with.
    ///   - watch: knows which threads wait for the store.
    ///   - rest: knows whether the windows are at rest; `nil`: they never are.
    package init(
        slots: [WorkerSlot] = [],
        clock: TickClock? = nil,
        watch: StoreWatch? = nil,
        rest: WindowRest? = nil
    ) {
        self.slots = slots
        self.clock = clock
        self.watch = watch
        self.rest = rest
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
            : reason.withLock { $0 } ?? lapse
    }

    /// What Describe answers.
    package var readiness: DaemonDescription.Readiness {
        if let obstacle { return .unready(obstacle) }
        return rest?.isResting == true ? .resting : .ready
    }

    /// The error of a call that found no window.
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

    /// No IDs can be given out from now on, so the status has no retry delay.
    package func ended(_ why: Status) {
        reason.withLock { $0 = why }
    }

    package func startedDraining() {
        draining.store(true, ordering: .relaxed)
    }

    /// A state that no thread has written yet: a worker has no window now.
    private var lapse: Status? {
        guard let clock else { return nil }
        let now = clock.now()
        for case let space? in slots.map({ $0.current().space }) where now.tick >= Space.endTick(of: space.layout) {
            return .ended(space.layout)
        }
        guard rest?.isResting != true else { return nil }
        for slot in slots {
            guard let space = slot.current().space else {
                return Status(
                    .unavailable,
                    "a worker was lost, and another one is not claimed yet\(waiting)",
                    retryAfterMilliseconds: Self.shortestRetry
                )
            }
            let limit = space.windowLimit
            guard now.tick >= limit else { continue }
            let ended = (now.tick - limit).multipliedReportingOverflow(by: space.layout.tickNanoseconds)
            let milliseconds = ended.overflow ? UInt64.max : ended.partialValue / 1_000_000
            return Status(
                .unavailable,
                "the window of worker \(space.worker) ended at \(space.layout.time(ofTick: limit)) and is not extended yet"
                    + waiting,
                // The longer the lapse has lasted, the longer it will probably last. A client that waits as long again
                // retries only a few times.
                retryAfterMilliseconds: UInt32(
                    clamping: min(max(UInt64(Self.shortestRetry), milliseconds), UInt64(Self.longestRetry))
                )
            )
        }
        return nil
    }

    private var waiting: String { watch?.longestWait.map { "; the store is waited for: \($0)" } ?? "" }

    private static let shortestRetry: UInt32 = 50
    private static let longestRetry: UInt32 = 1000
}
