import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnEngine

/// The shard's invariants 1 and 2. `FairnessTests` has the third.
@Suite struct ShardTests {
    /// 64 IDs a tick, blocks of 8.
    static let layout = Layout.of(sequence: 6)

    static func slot(layout: Layout = layout, worker: UInt64 = 5, limit: UInt64 = 1000, shards: Int = 1) -> WorkerSlot {
        let slot = WorkerSlot()
        slot.open { Space(layout: layout, worker: worker, firstTick: $0, limit: limit, shards: shards) }
        return slot
    }

    static func position(_ id: FirnID?) -> UInt64? { id.map(layout.position) }

    // MARK: - 1. IDs strictly rise

    @Test func invariant1ARunUsesUpTheBlockBeforeItClaims() {
        let slot = Self.slot()
        let (shard, other) = (Shard(slot: slot), Shard(slot: slot))
        #expect(Self.position(shard.nextID(now: 1).value) == 64)
        #expect(Self.position(other.nextID(now: 1).value) == 72)
        // 65 ... 71 are the block's rest; only then comes what is behind the other's block.
        let rest = shard.nextRun(upTo: 20, now: 1).value
        #expect(Self.position(rest?.first) == 65 && rest?.count == 7)
        let claimed = shard.nextRun(upTo: 20, now: 1).value
        #expect(Self.position(claimed?.first) == 80 && claimed?.count == 20)
        #expect(Self.position(shard.nextID(now: 1).value) == 100)
    }

    @Test func invariant1ABlockIsDroppedOnceSomethingLaterIsClaimed() {
        // A shard's clock does not fall. Should it all the same, what is left of the old block is not served.
        let shard = Shard(slot: Self.slot())
        #expect(Self.position(shard.nextID(now: 1).value) == 64)
        #expect(Self.position(shard.nextRun(upTo: 3, now: 2).value?.first) == 128)
        #expect(shard.nextID(now: 1) == .full(untilTick: 2))
        #expect(shard.nextRun(upTo: 3, now: 1) == .full(untilTick: 2))
    }

    @Test func invariant1ASmallRunLeavesTheRestOfTheBlock() {
        let shard = Shard(slot: Self.slot())
        #expect(Self.position(shard.nextID(now: 1).value) == 64)
        #expect(shard.nextRun(upTo: 2, now: 1).value.map { Array($0).map(Self.layout.position) } == [65, 66])
        #expect(Self.position(shard.nextID(now: 1).value) == 67)
    }

    @Test(arguments: [Layout.snowflake, .sonyflake, .of(sequence: 3), .of(sequence: 0)])
    func invariant1SinglesAndRunsMixedRise(layout: Layout) {
        var generator = SeededGenerator(seed: 1)
        let slot = Self.slot(layout: layout, limit: 100_000, shards: 3)
        let shards = (0..<3).map { _ in Shard(slot: slot) }
        var last = [UInt64](repeating: 0, count: 3)
        var all: [UInt64] = []
        for now in 1...200 as ClosedRange<UInt64> {
            for _ in 0..<20 {
                let index = Int.random(in: 0..<3, using: &generator)
                let ids =
                    Bool.random(using: &generator)
                    ? shards[index].nextID(now: now).value.map { [$0] } ?? []
                    : shards[index].nextRun(upTo: 1 + UInt32(generator.number(upTo: 30)), now: now).value.map(
                        Array.init
                    )
                        ?? []
                for id in ids {
                    #expect(id.rawValue > last[index] && layout.tick(of: id) == now)
                    last[index] = id.rawValue
                    all.append(id.rawValue)
                }
            }
        }
        #expect(all.duplicate == nil && all.count > 150)
    }

    // MARK: - 2. An ID's tick is the tick it was asked in

    @Test func invariant2ABlockOfAPastTickIsNotServed() {
        let shard = Shard(slot: Self.slot())
        #expect(Self.position(shard.nextID(now: 1).value) == 64)
        #expect(Self.position(shard.nextID(now: 2).value) == 128)
        #expect(Self.position(shard.nextRun(upTo: 5, now: 3).value?.first) == 192)
    }

    @Test func invariant2ABlockIsNotServedPastTheWindow() {
        let shard = Shard(slot: Self.slot(limit: 2))
        #expect(Self.position(shard.nextID(now: 1).value) == 64)
        #expect(shard.nextID(now: 2) == .closed)
        #expect(shard.nextRun(upTo: 5, now: 2) == .closed)
    }

    // MARK: - What it says

    @Test func aFullTickSaysWhenToAskAgain() {
        let shard = Shard(slot: Self.slot())
        #expect(shard.nextRun(upTo: 1000, now: 1).value?.count == 64)
        #expect(shard.nextRun(upTo: 1, now: 1) == .full(untilTick: 2))
        #expect(shard.nextID(now: 1) == .full(untilTick: 2))
    }

    @Test func anEndedLayoutSaysSo() {
        let layout = Layout.of(time: 4, worker: 2, sequence: 2)
        let shard = Shard(slot: Self.slot(layout: layout, worker: 3, limit: .max))
        #expect(shard.nextID(now: 15).value.map(layout.tick) == 15)
        #expect(shard.nextID(now: 16) == .expired)
        #expect(shard.nextRun(upTo: 2, now: 16) == .expired)
    }

    @Test func withoutAWorkerItIsClosed() {
        let shard = Shard(slot: WorkerSlot())
        #expect(shard.worker == nil)
        #expect(shard.nextID(now: 1) == .closed)
        #expect(shard.nextRun(upTo: 1, now: 1) == .closed)
    }

    @Test func aRunOfNothingTraps() async {
        await #expect(processExitsWith: .failure) { _ = Shard(slot: ShardTests.slot()).nextRun(upTo: 0, now: 1) }
        await #expect(processExitsWith: .failure) {
            let shard = Shard(slot: ShardTests.slot())
            _ = shard.nextID(now: 1)
            _ = shard.nextRun(upTo: 0, now: 1)
        }
    }
}
