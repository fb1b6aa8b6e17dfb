import FirnLayout
import Testing

@testable import FirnEngine

@Suite struct WorkerSlotTests {
    static let layout = Layout.of(sequence: 3)

    private func open(_ slot: WorkerSlot, worker: UInt64, limit: UInt64 = 1000) {
        slot.open { Space(layout: Self.layout, worker: worker, firstTick: $0, limit: limit) }
    }

    @Test(arguments: [0, 5, 9, 10, 11, 1023] as [UInt64])
    func invariantANewSpaceStartsInALaterTickWhateverItsWorker(next: UInt64) throws {
        let slot = WorkerSlot()
        open(slot, worker: 10)
        let shard = Shard(slot: slot)
        let last = try #require(shard.nextID(now: 50).value)
        #expect(slot.close() == 51)
        open(slot, worker: next)
        shard.refresh()
        #expect(shard.nextID(now: 50) == .full(untilTick: 51), "the tick that was used is over for the slot")
        let first = try #require(shard.nextID(now: 51).value)
        #expect(first > last && shard.worker == next)
    }

    @Test func invariantTheFirstUnusedTickNeverFalls() {
        let slot = WorkerSlot()
        open(slot, worker: 1)
        #expect(Shard(slot: slot).nextID(now: 900).value != nil)
        #expect(slot.close() == 901 && slot.firstUnusedTick == 901)
        // A space that does not keep to the tick it is given lowers nothing.
        slot.open { _ in Space(layout: Self.layout, worker: 2, firstTick: 10, limit: 20) }
        #expect(slot.close() == 10)
        #expect(slot.firstUnusedTick == 901)
    }

    @Test func aShardServesTheRestOfItsBlockBelowWhatTheCloseReturned() {
        // A shard learns of the change at its next wake-up; until then its block is still its own.
        let layout = ShardTests.layout
        let slot = ShardTests.slot()
        let shard = Shard(slot: slot)
        #expect(shard.nextID(now: 50).value != nil)
        let end = slot.close()
        let late = shard.nextID(now: 50).value
        #expect(late.map { layout.tick(of: $0) < end! } == true)
        #expect(shard.nextID(now: 51) == .closed)
        shard.refresh()
        #expect(shard.nextID(now: 50) == .closed, "and after it the block is gone")
    }

    @Test func aRefreshDropsTheBlockOfTheOldSpace() {
        let slot = ShardTests.slot(worker: 5)
        let shard = Shard(slot: slot)
        #expect(shard.nextID(now: 50).value != nil)
        slot.close()
        slot.open { Space(layout: ShardTests.layout, worker: 6, firstTick: $0, limit: 1000) }
        shard.refresh()
        #expect(shard.nextID(now: 50) == .full(untilTick: 51))
        #expect(shard.nextRun(upTo: 5, now: 50) == .full(untilTick: 51))
        #expect(shard.nextID(now: 51).value.map(ShardTests.layout.worker) == 6)
    }

    @Test func theRevisionRisesWithEveryChange() {
        let slot = WorkerSlot()
        #expect(slot.close() == nil && slot.current().space == nil)
        let start = slot.revision
        open(slot, worker: 1)
        #expect(slot.revision > start)
        let opened = slot.revision
        #expect(slot.current().revision == opened && slot.current().space?.worker == 1)
        #expect(slot.close() == 0, "nothing was used")
        #expect(slot.revision > opened && slot.current().space == nil)
        let closed = slot.revision
        #expect(slot.close() == nil && slot.revision == closed)
    }

    @Test func anUnchangedSlotLeavesTheBlock() {
        let slot = ShardTests.slot()
        let (shard, other) = (Shard(slot: slot), Shard(slot: slot))
        let first = shard.nextID(now: 1).value!
        #expect(other.nextID(now: 1).value != nil)
        shard.refresh()
        #expect(shard.nextID(now: 1).value?.rawValue == first.rawValue + 1)
    }

    @Test func aSlotHoldsOneSpaceAtATime() async {
        await #expect(processExitsWith: .failure) {
            let slot = ShardTests.slot()
            slot.open { Space(layout: WorkerSlotTests.layout, worker: 6, firstTick: $0, limit: 1000) }
        }
    }
}
