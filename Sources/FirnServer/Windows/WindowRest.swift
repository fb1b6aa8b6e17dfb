internal import FirnWindows
internal import Synchronization

/// Whether the daemon's windows are at rest, and which threads have requests that wait for the end of it.
///
/// A window at rest is not extended, and it ends. The next request for IDs ends the rest: it is registered here, the
/// thread that keeps the windows is woken, and when that thread has its answer from the store, all threads that
/// registered are told.
package final class WindowRest: RestControl, Sendable {
    private enum Phase {
        /// The windows are extended, or there is a reason why not.
        case over
        case resting
        /// IDs were requested, and the thread that keeps the windows has not finished what that needs.
        case ending
    }

    private struct State {
        var phase = Phase.over
        /// Each thread once. There are as many as the daemon has threads that give out IDs.
        var waiting: [any StoreListener] = []
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Sets how the thread that keeps the windows is woken.
    package func setWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Whether the windows are at rest, or were until the request that is being handled now.
    var isResting: Bool { state.withLock { $0.phase != .over } }

    // MARK: - Threads that give out IDs

    /// Ends the rest, for a request that found no window.
    ///
    /// - Parameter listener: gets ``StoreAnswer/windows`` once the request can be tried again.
    /// - Returns: whether there is something to wait for. If not, the windows are not at rest, or not any more.
    func end(for listener: any StoreListener) -> Bool {
        let (waits, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard state.phase != .over else { return (false, nil) }
            if !state.waiting.contains(where: { $0 === listener }) { state.waiting.append(listener) }
            let isFirst = state.phase == .resting
            state.phase = .ending
            return (true, isFirst ? state.wake : nil)
        }
        wake?()
        return waits
    }

    // MARK: - The thread that keeps the windows

    /// Whether requests wait for the end of the rest.
    package var isWanted: Bool { state.withLock { $0.phase == .ending } }

    /// Publishes whether the windows are at rest. When they are not, whatever the reason, the waiting threads are told:
    /// their requests are served, or refused with the reason.
    package func publish(isResting: Bool) {
        let waiting = state.withLock { state -> [any StoreListener] in
            guard !isResting else {
                // A request that came since the last step is still to be handled.
                if state.phase == .over { state.phase = .resting }
                return []
            }
            state.phase = .over
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.forEach { $0.storeAnswered(.windows) }
    }
}
