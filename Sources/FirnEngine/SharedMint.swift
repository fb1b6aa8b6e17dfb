package import FirnLayout
internal import Synchronization

/// IDs of a slot's current space for all threads of a process, in one order: each call moves the space's one cursor.
///
/// Where a ``Shard`` gives one thread a block of its own, this gives each ID by one compare-and-exchange, and takes no
/// lock.
///
/// Invariants, each with a test in `SharedMintTests`:
/// 1. IDs strictly increase over all threads: a call that begins after another one has returned gets a higher ID, also
///    when the worker has changed in between.
/// 2. An ID's tick is not before the tick in which the call began.
package final class SharedMint: Sendable {
    private let slot: WorkerSlot
    private let clock: TickClock
    private let layout: Layout

    /// The slot's space at ``revision``, which ``kept`` keeps alive. nil while there is none.
    private let space = Atomic<Unmanaged<Space>?>(nil)
    private let revision: Atomic<UInt64>
    /// Every space that was ever current: a thread that was stopped in the middle of a call may still use one. A worker is
    /// lost rarely, and a space is small.
    private let kept: Mutex<[Space]>

    package init(slot: WorkerSlot, clock: TickClock, layout: Layout) {
        self.slot = slot
        self.clock = clock
        self.layout = layout
        let (current, revision) = slot.current()
        self.revision = Atomic(revision)
        kept = Mutex(current.map { [$0] } ?? [])
        space.store(current.map(Unmanaged.passUnretained), ordering: .releasing)
    }

    /// One ID of the current tick.
    package func nextID() -> Minted<FirnID> {
        let now = clock.tick()
        // A space that is not current any more is sealed, and has no next position.
        if let space = space.load(ordering: .acquiring) {
            let position = space._withUnsafeGuaranteedRef { $0.claimNext(now: now) }
            if let position {
                return .minted(layout.makeID(position: position, worker: space._withUnsafeGuaranteedRef { $0.worker }))
            }
        }
        return firstID(now: now)
    }

    /// The first ID of a tick, or why there is none.
    @inline(never)
    private func firstID(now: UInt64) -> Minted<FirnID> {
        switch claim(upTo: 1, now: now) {
        case .minted((let space, let position, _)):
            .minted(layout.makeID(position: position, worker: space._withUnsafeGuaranteedRef { $0.worker }))
        case .full(let untilTick): .full(untilTick: untilTick)
        case .closed: .closed
        case .expired: .expired
        }
    }

    /// One run of at least one and at most `count` IDs, all of the current tick.
    package func nextRun(upTo count: UInt32) -> Minted<Run> {
        switch claim(upTo: UInt64(count), now: clock.tick()) {
        case .minted((let space, let position, let count)):
            .minted(
                layout.makeRun(
                    position: position,
                    count: UInt32(count),
                    worker: space._withUnsafeGuaranteedRef { $0.worker }
                )
            )
        case .full(let untilTick): .full(untilTick: untilTick)
        case .closed: .closed
        case .expired: .expired
        }
    }

    private enum Claimed {
        case minted((space: Unmanaged<Space>, position: UInt64, count: UInt64))
        case full(untilTick: UInt64)
        case closed
        case expired
    }

    private func claim(upTo count: UInt64, now: UInt64) -> Claimed {
        var now = now
        while true {
            if slot.revision != revision.load(ordering: .acquiring) { refresh() }
            guard let space = space.load(ordering: .acquiring) else { return .closed }
            switch space._withUnsafeGuaranteedRef({ $0.claim(upTo: count, now: now) }) {
            case .positions(let first, let count):
                return .minted((space, first, count))
            case .full(let untilTick):
                // Another thread may have read the clock later, and moved the cursor on.
                let later = clock.tick()
                guard later > now, later >= untilTick else { return .full(untilTick: untilTick) }
                now = later
            case .closed:
                guard slot.revision != revision.load(ordering: .acquiring) else { return .closed }
            case .expired:
                return .expired
            }
        }
    }

    @inline(never)
    private func refresh() {
        kept.withLock { kept in
            let (current, revision) = slot.current()
            guard revision != self.revision.load(ordering: .relaxed) else { return }
            if let current { kept.append(current) }
            space.store(current.map(Unmanaged.passUnretained), ordering: .releasing)
            self.revision.store(revision, ordering: .releasing)
        }
    }
}
