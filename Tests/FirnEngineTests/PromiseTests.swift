import FirnLayout
import Synchronization
import Testing

@testable import FirnEngine

/// The promises of `docs/ARCHITECTURE.md` that the engine carries, each test named after its number.
///
/// Not here: a forked process and a cloned virtual machine copy the engine with its block, and nothing inside can tell.
/// Firn's daemon never forks; a clone has to claim its worker again.
@Suite struct PromiseTests {
    /// Sixteen IDs a tick, so that ticks fill up.
    static let layout = Layout.of(sequence: 4)

    private func space(worker: UInt64 = 5, firstTick: UInt64, limit: UInt64) -> Space {
        Space(layout: Self.layout, worker: worker, firstTick: firstTick, limit: limit)
    }

    private func ids(_ shard: Shard, count: Int, now: UInt64) -> [FirnID] {
        (0..<count).compactMap { _ in shard.nextID(now: now).value }
    }

    private func slot(_ space: Space) -> WorkerSlot {
        let slot = WorkerSlot()
        slot.open { _ in space }
        return slot
    }

    // MARK: - 1. Unique

    @Test func promise1UniqueWhenTheClockIsSetBackWhileRunning() {
        // The classic: a generator that resets its sequence before it sees that the time went back.
        let shard = Shard(slot: slot(space(firstTick: 0, limit: 1000)))
        let before = ids(shard, count: 10, now: 500)
        #expect(before.count == 10)
        for now in (480...499 as ClosedRange<UInt64>).reversed() { #expect(ids(shard, count: 3, now: now).isEmpty) }
        let after = ids(shard, count: 10, now: 500)
        #expect(after.count == 6 && (before + after).map(\.rawValue).duplicate == nil)
    }

    @Test func promise1UniqueWhenTheClockWasSetBackAcrossARestart() {
        let first = Shard(slot: slot(space(firstTick: 0, limit: 503)))
        let before = ids(first, count: 5, now: 500)
        // SIGKILL. The store knows 503, not 500; the clock now says 450.
        let second = Shard(slot: slot(space(firstTick: 503, limit: 600)))
        #expect(second.nextID(now: 450) == .full(untilTick: 503))
        #expect(second.nextID(now: 502) == .full(untilTick: 503))
        let after = ids(second, count: 5, now: 503)
        #expect(after.count == 5 && before.max()! < after.min()!)
    }

    @Test func promise1UniqueWhenRestartedInTheSameTick() {
        // Crashed: the new space starts at the stored limit. Stopped cleanly: at the tick that the seal returned.
        for isClean in [false, true] {
            let slot = slot(space(firstTick: 0, limit: 503))
            let before = ids(Shard(slot: slot), count: 5, now: 500)
            let start = isClean ? slot.close()! : 503
            let again = Shard(slot: self.slot(space(firstTick: start, limit: 600)))
            #expect(again.nextID(now: 500) == .full(untilTick: start))
            let after = ids(again, count: 5, now: start)
            #expect(before.count == 5 && after.count == 5 && before.max()! < after.min()!)
        }
    }

    @Test func promise1UniqueWhenTheClockRanAheadAndThenRestarted() {
        let ahead = space(firstTick: 0, limit: 1_000_003)
        let before = ids(Shard(slot: slot(ahead)), count: 5, now: 1_000_000)
        let again = Shard(slot: slot(space(firstTick: 1_000_003, limit: 1_000_010)))
        for now in [0, 500, 1_000_000, 1_000_002] as [UInt64] {
            #expect(again.nextID(now: now) == .full(untilTick: 1_000_003))
        }
        #expect(ids(again, count: 5, now: 1_000_003).min()! > before.max()!)
    }

    @Test func promise1UniqueWhenPausedPastTheWindowsEnd() {
        // Paused with a block in hand; meanwhile the worker went to somebody else, who started at the limit.
        let paused = Shard(slot: slot(space(firstTick: 0, limit: 503)))
        let other = Shard(slot: slot(space(firstTick: 503, limit: 1000)))
        let before = ids(paused, count: 1, now: 502)
        let others = ids(other, count: 16, now: 503) + ids(other, count: 16, now: 504)
        // Awake, with the old reading of the clock and then with new ones.
        let late = ids(paused, count: 100, now: 502)
        for now in 503...510 as ClosedRange<UInt64> {
            #expect(paused.nextID(now: now) == .closed)
            #expect(paused.nextRun(upTo: 5, now: now) == .closed)
        }
        #expect(late.count == 15 && others.count == 32)
        #expect((before + late + others).map(\.rawValue).duplicate == nil)
    }

    @Test func promise1UniqueForDaemonsToldToUseTheSameWorker() {
        // Through the store the second starts where the window of the first ends, whatever either clock says.
        var store = ModelStore()
        let daemons = (0..<2).map { _ in ModelDaemon(layout: Self.layout, shards: 1) }
        daemons[0].open(worker: 7, limit: 503, store: &store)
        daemons[1].open(worker: 7, limit: 506, store: &store)
        for daemon in daemons { daemon.shards[0].refresh() }
        var all: [FirnID] = []
        for now in 490...510 as ClosedRange<UInt64> {
            for daemon in daemons { all += ids(daemon.shards[0], count: 20, now: now) }
        }
        #expect(all.count == 16 * 16, "13 ticks of the first, 3 of the second")
        #expect(all.map(\.rawValue).duplicate == nil)
    }

    @Test func promise1AWorkerWiderThanItsFieldTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = Space(layout: PromiseTests.layout, worker: 1024, firstTick: 0, limit: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = Space(layout: .of(worker: 0, sequence: 4), worker: 1, firstTick: 0, limit: 1)
        }
        _ = Space(layout: Self.layout, worker: 1023, firstTick: 0, limit: 1)
    }

    // MARK: - 2. Reserved before used

    @Test func promise2ReservedBeforeUsedByWhicheverWayItIsAsked() {
        let space = space(firstTick: 0, limit: 10)
        let shard = Shard(slot: slot(space))
        #expect(shard.nextRun(upTo: 100, now: 9).value?.count == 16)
        for now in [10, 11, 1000, 1 << 40] as [UInt64] {
            #expect(shard.nextID(now: now) == .closed)
            #expect(shard.nextRun(upTo: 1, now: now) == .closed)
        }
        space.extend(limit: 12)
        #expect(shard.nextID(now: 11).value != nil)
        #expect(shard.nextID(now: 12) == .closed)
    }

    // MARK: - 3. Fenced

    @Test func promise3FencedAnOldHolderStaysBelowItsLimitAndStopsAtItsNextWrite() {
        var store = ModelStore()
        let old = ModelDaemon(layout: Self.layout, shards: 1)
        let new = ModelDaemon(layout: Self.layout, shards: 1)
        old.open(worker: 7, limit: 503, store: &store)
        old.shards[0].refresh()
        // The new holder's clock is ahead, so it takes the window for passed while the old one still uses it.
        new.open(worker: 7, limit: 510, store: &store)
        new.shards[0].refresh()
        let late = ids(old.shards[0], count: 5, now: 502)
        let early = ids(new.shards[0], count: 5, now: 503)
        #expect(late.count == 5 && early.count == 5 && late.max()! < early.min()!)
        old.extend(to: 520, store: &store)
        #expect(old.space == nil)
        old.shards[0].refresh()
        #expect(old.shards[0].nextID(now: 502) == .closed)
        #expect(store.records[7] == ModelStore.Record(generation: 2, limit: 510))
        // Nor does its giving back lower the window of the new one.
        old.close(store: &store)
        #expect(store.records[7]?.limit == 510)
    }

    // MARK: - 4. Rising

    @Test func promise4RisingAcrossSinglesBatchesTicksAndALowerWorker() {
        var last: UInt64 = 0
        let slot = WorkerSlot()
        let shard = Shard(slot: slot)
        for worker in [900, 1023, 3, 0, 512] as [UInt64] {
            slot.open { Space(layout: Self.layout, worker: worker, firstTick: $0, limit: $0 + 1000) }
            shard.refresh()
            let start = slot.firstUnusedTick
            for now in start...start + 5 {
                for step in 0..<5 {
                    let ids =
                        step % 2 == 0 ? ids(shard, count: 1, now: now) : Array(shard.nextRun(upTo: 2, now: now).value!)
                    for id in ids {
                        #expect(id.rawValue > last || last == 0)
                        last = id.rawValue
                    }
                }
            }
            slot.close()
        }
    }

    @Test func promise4RisingTheIDsOfOneDaemonAreOrderedToWithinATick() {
        let slot = slot(space(firstTick: 0, limit: 1000))
        let shards = (0..<3).map { _ in Shard(slot: slot) }
        var ticks: [UInt64] = []
        for now in 1...50 as ClosedRange<UInt64> {
            for shard in shards { ticks += ids(shard, count: 3, now: now).map(Self.layout.tick) }
        }
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy(<=))
    }

    // MARK: - 5. Fresh

    @Test func promise5FreshABurstPastTheTicksCapacityWaitsAndTakesNoFuture() {
        let shard = Shard(slot: slot(space(firstTick: 0, limit: 1000)))
        for now in 100...110 as ClosedRange<UInt64> {
            let burst = ids(shard, count: 100, now: now)
            #expect(burst.count == 16 && burst.allSatisfy { Self.layout.tick(of: $0) == now })
            #expect(shard.nextID(now: now) == .full(untilTick: now + 1))
        }
    }

    @Test func promise5FreshAnIdleShardGivesNoOldTimestamp() {
        let shard = Shard(slot: slot(space(firstTick: 0, limit: 1000)))
        for now in [100, 101, 300, 999] as [UInt64] {
            #expect(shard.nextID(now: now).value.map(Self.layout.tick) == now)
        }
    }

    // MARK: - 6. All or error

    @Test func promise6NeverASilentWrapAFullTickWaits() {
        let shard = Shard(slot: slot(space(firstTick: 0, limit: 1000)))
        #expect(shard.nextRun(upTo: 10, now: 1).value?.count == 10)
        let rest = shard.nextRun(upTo: 10, now: 1).value
        #expect(rest?.count == 6 && rest?.last.map { Self.layout.position(of: $0) } == 31)
        #expect(shard.nextRun(upTo: 10, now: 1) == .full(untilTick: 2))
    }

    @Test func promise6NeverASilentWrapAnEndedLayoutIsExpired() {
        for preset in Layout.presets where preset.mintingObstacle == nil {
            let space = Space(layout: preset, worker: preset.maximumWorker, firstTick: 0, limit: .max)
            let shard = Shard(slot: slot(space))
            let end = Space.endTick(of: preset)
            #expect(shard.nextRun(upTo: .max, now: end - 1).value?.count == UInt32(preset.sequencesPerTick))
            #expect(shard.nextID(now: end) == .expired)
            #expect(shard.nextRun(upTo: 1, now: end + 1) == .expired)
        }
    }
}
