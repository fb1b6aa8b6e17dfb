internal import Synchronization

extension MemoryStore {
    /// The kind of a call, for the hook.
    package enum Operation: Hashable, Sendable {
        case read, list, write
    }

    struct DelayedWrite: Sendable {
        var key: String
        var value: String
        var ifVersion: UInt64?
        var ifValue: String?
    }

    struct Faults: Sendable {
        var isAvailable = true
        var operationsToFail = 0
        var answersToLose = 0
        var writesToDelay = 0
        var delayedWrites: [DelayedWrite] = []
        var hook: (@Sendable (Operation, String) -> Void)?
    }

    /// While false, every call fails and changes nothing.
    package var isAvailable: Bool {
        get { state.withLock { $0.faults.isAvailable } }
        set { state.withLock { $0.faults.isAvailable = newValue } }
    }

    /// The next `count` calls fail and change nothing.
    package func failNext(_ count: Int) {
        state.withLock { $0.faults.operationsToFail = count }
    }

    /// The next `count` writes are applied, if their version is right, and then fail anyway.
    package func loseNextAnswers(_ count: Int) {
        state.withLock { $0.faults.answersToLose = count }
    }

    /// The next `count` writes fail, and are delayed until ``deliverDelayedWrites()``.
    package func delayNextWrites(_ count: Int) {
        state.withLock { $0.faults.writesToDelay = count }
    }

    /// The delayed writes arrive now, in their order, each if its version is still right.
    package func deliverDelayedWrites() {
        state.withLock { state in
            let delayed = state.faults.delayedWrites
            state.faults.delayedWrites = []
            for write in delayed {
                _ = state.apply(write.key, write.value, ifVersion: write.ifVersion, ifValue: write.ifValue)
            }
        }
    }

    /// Called with each call and its key before anything else, on the caller's thread and outside any lock. It may
    /// wait, or let another thread run first.
    package func onOperation(_ hook: (@Sendable (Operation, String) -> Void)?) {
        state.withLock { $0.faults.hook = hook }
    }

    func beginOperation(_ operation: Operation, _ key: String) throws(StoreError) {
        let hook = state.withLock { $0.faults.hook }
        hook?(operation, key)
        try state.withLock { state throws(StoreError) in
            guard state.faults.isAvailable else {
                throw StoreError(code: .unavailable, message: "the memory store is switched off (injected fault)")
            }
            if state.faults.operationsToFail > 0 {
                state.faults.operationsToFail -= 1
                throw StoreError(code: .unavailable, message: "the call for \(key) failed (injected fault)")
            }
        }
    }
}
