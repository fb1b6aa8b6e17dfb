internal import Dispatch
internal import FirnEngine
internal import Synchronization

/// The request to stop the daemon. Any thread can make it; the main thread waits for it, and does chores meanwhile.
final class StopRequest: Sendable {
    private struct State {
        var reason: String?
        var hasChore = false
        /// Whether the main thread is in ``wait(atMost:chore:)``.
        var isHeard = false
    }

    private let state = Mutex(State())
    private let said = DispatchSemaphore(value: 0)

    /// Requests the stop. The reason of the first request is kept.
    ///
    /// - Returns: whether the main thread is waiting for it. If it is not, the start completes first.
    @discardableResult
    func stop(because reason: String) -> Bool {
        defer { said.signal() }
        return state.withLock { state in
            if state.reason == nil { state.reason = reason }
            return state.isHeard
        }
    }

    /// Wakes the main thread to do its chore.
    func haveChoreDone() {
        state.withLock { $0.hasChore = true }
        said.signal()
    }

    /// Sleeps until the daemon is told to stop, or for `duration`.
    ///
    /// - Parameter chore: done on request.
    /// - Returns: the reason to stop; `nil` after `duration`.
    func wait(atMost duration: Duration? = nil, chore: () -> Void) -> String? {
        state.withLock { $0.isHeard = true }
        defer { state.withLock { $0.isHeard = false } }
        let end = duration.map { DispatchTime.now() + .nanoseconds(Int(clamping: $0.nanoseconds)) }
        while true {
            let (reason, hasChore) = state.withLock { state in
                defer { state.hasChore = false }
                return (state.reason, state.hasChore)
            }
            if let reason { return reason }
            if hasChore { chore() }
            guard said.wait(timeout: end ?? .distantFuture) == .success else { return nil }
        }
    }
}
