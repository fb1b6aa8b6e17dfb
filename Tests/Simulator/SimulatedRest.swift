import FirnWindows

/// Whether a process's windows rest, and how the thread that keeps them is woken.
final class SimulatedRest: RestControl {
    private var fiber: Fiber?
    private var isResting = false
    private(set) var isWanted = false

    func setWakeFiber(_ fiber: Fiber) { self.fiber = fiber }

    func setWake(_ wake: @escaping @Sendable () -> Void) {}

    /// IDs are wanted and no window is there.
    func want() {
        guard isResting, !isWanted else { return }
        isWanted = true
        fiber?.ring()
    }

    func publish(isResting: Bool) {
        self.isResting = isResting
        if !isResting { isWanted = false }
    }
}
