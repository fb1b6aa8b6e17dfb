import FirnLayout
import Testing

@testable import FirnEngine

/// The shard's invariant 3, step by step on one thread: who gets how much of a tick.
@Suite struct FairnessTests {
    let layout = ShardTests.layout

    private func shards(_ count: Int, layout: Layout, blocksFor: Int? = nil) -> (WorkerSlot, [Shard]) {
        let slot = ShardTests.slot(layout: layout, shards: blocksFor ?? count)
        return (slot, (0..<count).map { _ in Shard(slot: slot) })
    }

    @Test func oneBusyShardAloneUsesTheWholeTick() {
        let (_, all) = shards(1, layout: layout)
        for now in 1...3 as ClosedRange<UInt64> {
            var singles = 0
            while all[0].nextID(now: now).value != nil { singles += 1 }
            #expect(singles == 64)
            all[0].setWaiting(true)
        }
        #expect(all[0].nextRun(upTo: 1000, now: 4).value?.count == 64)
    }

    @Test func invariant3GiantBatchesLeaveAWaitingShardItsBlock() {
        let (_, all) = shards(2, layout: layout)
        let (giant, waiting) = (all[0], all[1])
        #expect(giant.nextRun(upTo: 1000, now: 1).value?.count == 64)
        #expect(waiting.nextID(now: 1) == .full(untilTick: 2))
        waiting.setWaiting(true)
        for now in 2...10 as ClosedRange<UInt64> {
            // However often and in whatever way the other asks first.
            #expect(giant.nextRun(upTo: 1000, now: now).value?.count == 60)
            #expect(giant.nextRun(upTo: 1000, now: now) == .full(untilTick: now + 1))
            #expect(giant.nextID(now: now) == .full(untilTick: now + 1))
            for _ in 0..<4 { #expect(waiting.nextID(now: now).value.map(layout.tick) == now) }
        }
        waiting.setWaiting(false)
        #expect(giant.nextRun(upTo: 1000, now: 11).value?.count == 64)
    }

    @Test func invariant3ABusyShardThatWaitsItselfTakesItsFirstBlockAndWhatIsLeftOver() {
        let (_, all) = shards(2, layout: layout)
        for shard in all { shard.setWaiting(true) }
        #expect(all[0].nextRun(upTo: 1000, now: 1).value?.count == 60)
        #expect(all[0].nextRun(upTo: 1000, now: 1) == .full(untilTick: 2))
        #expect(all[1].nextRun(upTo: 1000, now: 1).value?.count == 4)
    }

    @Test func invariant3NewcomersDoNotEatTheBlockThatWasLeft() {
        // A giant batch takes all but the waiting shard's block; others that come then, each for a first time in this
        // tick, have to leave it too, or the waiting shard would starve for as long as they come first.
        let (_, all) = shards(4, layout: layout)
        let waiting = all[3]
        waiting.setWaiting(true)
        for now in 1...10 as ClosedRange<UInt64> {
            #expect(all[0].nextRun(upTo: 1000, now: now).value?.count == 62)
            #expect(all[1].nextID(now: now) == .full(untilTick: now + 1))
            #expect(all[2].nextRun(upTo: 7, now: now) == .full(untilTick: now + 1))
            #expect(waiting.nextID(now: now).value.map(layout.tick) == now)
        }
    }

    /// Ticks smaller than the blocks of those who wait: nobody may leave so much that nobody takes any.
    @Test(arguments: [0, 1, 2], [1, 2, 3, 5, 9])
    func tinyTicksWithManyWaitingShardsMakeProgress(sequenceBits: Int, count: Int) {
        let layout = Layout.of(sequence: sequenceBits)
        let (_, all) = shards(count, layout: layout)
        for shard in all { shard.setWaiting(true) }
        var served = [Int](repeating: 0, count: count)
        for now in 1...UInt64(4 * count) {
            var inThisTick: UInt64 = 0
            for index in all.indices {
                let index = (index + Int(now)) % count
                if all[index].nextID(now: now).value != nil {
                    served[index] += 1
                    inThisTick += 1
                }
            }
            #expect(inThisTick == min(layout.sequencesPerTick, UInt64(count)), "tick \(now)")
        }
        #expect(served.allSatisfy { $0 > 0 })
    }

    @Test(arguments: [0, 1])
    func aNewcomerToATinyTickIsServedOnceItWaits(sequenceBits: Int) {
        let (_, all) = shards(3, layout: .of(sequence: sequenceBits))
        all[0].setWaiting(true)
        all[1].setWaiting(true)
        #expect(all[2].nextID(now: 1) == .full(untilTick: 2))
        all[2].setWaiting(true)
        #expect(all[2].nextID(now: 2).value != nil)
    }

    // MARK: - Counting who waits

    @Test func waitingIsCountedOnceAShard() {
        let (slot, all) = shards(2, layout: layout)
        let space = slot.current().space!
        for waits in [true, true, false, false, true] { all[0].setWaiting(waits) }
        #expect(space.reserve(callerWaits: false) == space.blockSize)
        #expect(space.reserve(callerWaits: true) == 0)
        all[1].setWaiting(true)
        // Optimized code lets go of a shard after its last use, and a shard that is gone waits no more.
        withExtendedLifetime(all) {
            #expect(space.reserve(callerWaits: false) == 2 * space.blockSize)
            #expect(space.reserve(callerWaits: true) == space.blockSize)
        }
    }

    @Test func aShardThatGoesAwayWaitsNoMore() {
        let slot = ShardTests.slot()
        do {
            let shard = Shard(slot: slot)
            shard.setWaiting(true)
            withExtendedLifetime(shard) { #expect(slot.current().space!.reserve(callerWaits: false) > 0) }
        }
        #expect(slot.current().space!.reserve(callerWaits: false) == 0)
    }

    @Test func aWaitingShardTakesItsWaitingToTheNextSpace() {
        let slot = ShardTests.slot()
        let shard = Shard(slot: slot)
        let first = slot.current().space!
        shard.setWaiting(true)
        slot.close()
        shard.refresh()
        #expect(first.reserve(callerWaits: false) == 0)
        // Without a space waiting is remembered, and can end and begin again.
        shard.setWaiting(false)
        shard.setWaiting(true)
        slot.open { Space(layout: ShardTests.layout, worker: 6, firstTick: $0, limit: 1000) }
        let second = slot.current().space!
        #expect(second.reserve(callerWaits: false) == 0)
        shard.refresh()
        #expect(second.reserve(callerWaits: false) == second.blockSize)
        shard.setWaiting(false)
        #expect(second.reserve(callerWaits: false) == 0)
    }
}
