internal import Synchronization

/// Whether a thread still goes round its loop: it is asked from outside, and answers when it next comes by.
///
/// Unlike a timer, which fires beside a thread that hangs, this is answered by nobody but the thread itself.
package final class Heartbeat: Sendable {
    private let isOpen = Atomic(false)
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// Asks for one. The asking thread wakes the thread as well, or one with nothing to do would not come by.
    package func request() {
        isOpen.store(true, ordering: .releasing)
    }

    /// Answers: the thread is where it says this.
    package func beat() {
        count.wrappingAdd(1, ordering: .relaxed)
        isOpen.store(false, ordering: .releasing)
    }

    /// How often it has answered: for those who ask beside each other, and must not take the other's question for theirs.
    package var beats: UInt64 { count.load(ordering: .relaxed) }

    /// Whether what was asked last was answered.
    package var isAnswered: Bool { !isOpen.load(ordering: .acquiring) }
}
