internal import Synchronization

/// A slot for one worker of a daemon. Its space is replaced when the worker is lost and another one is claimed.
///
/// Invariant, tested in `WorkerSlotTests`: a new space starts in a later tick than the last one that any earlier space
/// of this slot used, so the IDs on a connection increase across a change of worker (promise 4).
package final class WorkerSlot: Sendable {
    private struct State {
        var space: Space?
        var firstUnusedTick: UInt64 = 0
    }

    private let state = Mutex(State())
    private let changes = Atomic<UInt64>(0)

    package init() {}

    /// Increases with every change of the slot's space.
    package var revision: UInt64 {
        changes.load(ordering: .acquiring)
    }

    /// The current space (`nil` while the daemon holds no worker here) and its revision.
    package func current() -> (space: Space?, revision: UInt64) {
        // The load is acquiring, although the lock already orders it: on Linux ThreadSanitizer does not see how a
        // contended lock changes its owner (the kernel does it), and would report a race on the space's fields.
        state.withLock { ($0.space, changes.load(ordering: .acquiring)) }
    }

    /// The first tick that no space of this slot has used.
    package var firstUnusedTick: UInt64 {
        state.withLock { $0.firstUnusedTick }
    }

    /// Stores the space that `make` builds. `make` gets the first tick at which the space may start.
    ///
    /// - Precondition: the slot is empty: ``close()`` has removed the previous space.
    package func open(_ make: (_ notBeforeTick: UInt64) -> Space) {
        state.withLock { state in
            precondition(state.space == nil, "a slot holds one space at a time")
            state.space = make(state.firstUnusedTick)
            changes.wrappingAdd(1, ordering: .releasing)
        }
    }

    /// Seals the current space and removes it.
    ///
    /// - Returns: the first unused tick, to which the worker's record is lowered; `nil` when there was no space.
    @discardableResult
    package func close() -> UInt64? {
        state.withLock { state in
            guard let firstUnused = state.space?.seal() else { return nil }
            state.firstUnusedTick = max(state.firstUnusedTick, firstUnused)
            state.space = nil
            changes.wrappingAdd(1, ordering: .releasing)
            return firstUnused
        }
    }
}
