internal import Synchronization

/// The place of one worker in a daemon. The space in it is replaced when the worker is lost and another one claimed.
///
/// Invariant, tested in `WorkerSlotTests`: a new space starts in a later tick than the last one that any earlier space
/// of this slot gave out of, so the IDs on a connection rise across a change of worker (promise 4).
package final class WorkerSlot: Sendable {
    private struct State {
        var space: Space?
        var firstUnusedTick: UInt64 = 0
    }

    private let state = Mutex(State())
    private let changes = Atomic<UInt64>(0)

    package init() {}

    /// Rises with every change of the slot's space.
    package var revision: UInt64 {
        changes.load(ordering: .acquiring)
    }

    /// The present space, `nil` while the daemon holds no worker here, and the revision it belongs to.
    package func current() -> (space: Space?, revision: UInt64) {
        // Acquiring, though the lock orders it already: ThreadSanitizer does not see a contended lock's hand-over on
        // Linux (the kernel does it), and would call the space's fields a race.
        state.withLock { ($0.space, changes.load(ordering: .acquiring)) }
    }

    /// The first tick that no space of this slot has given out of.
    package var firstUnusedTick: UInt64 {
        state.withLock { $0.firstUnusedTick }
    }

    /// Puts in the space that `make` builds, given the first tick it may start at.
    ///
    /// - Precondition: the slot is empty; the space before was taken out by ``close()``.
    package func open(_ make: (_ notBeforeTick: UInt64) -> Space) {
        state.withLock { state in
            precondition(state.space == nil, "a slot holds one space at a time")
            state.space = make(state.firstUnusedTick)
            changes.wrappingAdd(1, ordering: .releasing)
        }
    }

    /// Seals the present space and takes it out.
    ///
    /// - Returns: the first tick that was not used, to lower the worker's record to; `nil` when there was no space.
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
