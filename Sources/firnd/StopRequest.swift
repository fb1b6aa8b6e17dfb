internal import Dispatch
internal import FirnEngine
internal import Synchronization

/// That the daemon is to stop: said by any thread, waited for by the main one, which meanwhile does what others ask of it.
final class StopRequest: Sendable {
    private struct State {
        var reason: String?
        var hasChore = false
        /// Whether the main thread is in ``wait(atMost:chore:)``.
        var isHeard = false
    }

    private let state = Mutex(State())
    private let said = DispatchSemaphore(value: 0)

    /// Asks for the stop. The first to ask gives the reason.
    ///
    /// - Returns: whether the main thread waits for it. Before, the start is finished first.
    @discardableResult
    func stop(because reason: String) -> Bool {
        defer { said.signal() }
        return state.withLock { state in
            if state.reason == nil { state.reason = reason }
            return state.isHeard
        }
    }

    /// Has the main thread do its chore soon.
    func haveChoreDone() {
        state.withLock { $0.hasChore = true }
        said.signal()
    }

    /// Sleeps until the daemon is to stop, or for so long.
    ///
    /// - Parameter chore: done when somebody asks for it.
    /// - Returns: why it is to stop; `nil` when the time was over.
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
