internal import Synchronization

/// Shows whether a thread's loop still runs: another thread requests a heartbeat, and the thread answers in its next
/// iteration.
///
/// A timer can fire on another thread while this one hangs. A heartbeat can only be answered by the thread itself.
package final class Heartbeat: Sendable {
    private let isOpen = Atomic(false)
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// Requests a heartbeat. The requesting thread must also wake the thread, because an idle thread would not answer.
    package func request() {
        isOpen.store(true, ordering: .releasing)
    }

    /// Answers the request. The thread calls it in its loop.
    package func beat() {
        count.wrappingAdd(1, ordering: .relaxed)
        isOpen.store(false, ordering: .releasing)
    }

    /// The number of heartbeats so far. Several threads that watch this one at the same time compare it, so that none
    /// takes the answer to another's request for its own.
    package var beats: UInt64 { count.load(ordering: .relaxed) }

    /// Whether the last request was answered.
    package var isAnswered: Bool { !isOpen.load(ordering: .acquiring) }
}
