internal import Synchronization

/// Whether a thread still goes round its loop: it is asked from outside, and answers when it next comes by.
///
/// Unlike a timer, which fires beside a thread that hangs, this is answered by nobody but the thread itself.
final class Pulse: Sendable {
    private let isOpen = Atomic(false)

    /// Asks. Whoever does rings the thread's bell as well, or a thread with nothing to do would not come by.
    func ask() {
        isOpen.store(true, ordering: .releasing)
    }

    /// Answers: the thread is where it says this.
    func beat() {
        isOpen.store(false, ordering: .releasing)
    }

    /// Whether what was asked last was answered.
    var isAnswered: Bool { !isOpen.load(ordering: .acquiring) }
}
