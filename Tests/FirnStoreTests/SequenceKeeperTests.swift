import Testing

@testable import FirnStore

private let second: Int64 = 1_000_000_000

@Suite struct SequenceKeeperTests {
    let away = StoreError(code: .unavailable, message: "away")

    func keeper(fixedBlock: UInt64? = nil, maximumBlock: UInt64 = 1_000_000) -> SequenceKeeper {
        var configuration = SequenceKeeper.Configuration()
        configuration.fixedBlock = fixedBlock
        configuration.maximumBlock = maximumBlock
        return SequenceKeeper(configuration: configuration, jitterSeed: 1)
    }

    func block(_ first: UInt64, _ count: UInt64, maximum: UInt64? = nil) -> SequenceBlockOutcome {
        let parameters = try! SequenceParameters(kind: .plain, maximum: maximum)
        var record = SequenceRecord(parameters, holder: holder(1), writeToken: 1)
        let values = SequenceRun(first: first, count: count, increment: 1)
        record.reserved = values.last
        return .taken(SequenceBlock(name: "a", values: values, record: record, version: first))
    }

    func run(_ first: UInt64, _ count: UInt64) -> SequenceRun { SequenceRun(first: first, count: count, increment: 1) }

    /// A keeper with this block, of which nothing is used.
    func keeper(
        holding first: UInt64,
        _ count: UInt64,
        fixedBlock: UInt64? = nil,
        maximumBlock: UInt64 = 1_000_000
    ) -> SequenceKeeper {
        var keeper = keeper(fixedBlock: fixedBlock, maximumBlock: maximumBlock)
        #expect(keeper.take(1, now: 0).action != .none)
        #expect(keeper.blockAnswered(block(first, count), now: 0) == .none)
        return keeper
    }

    @Test func aFirstCallWaitsForItsBlock() {
        var keeper = keeper()
        let (outcome, action) = keeper.take(5, now: 0)
        #expect(outcome == .wait(SequenceWait(round: 1)) && action == .takeBlock(count: 5, after: nil))
        #expect(keeper.isTaking && keeper.kind == nil)
        #expect(keeper.blockAnswered(block(1, 5), now: 1) == .none)
        let retried = keeper.take(5, after: SequenceWait(round: 1), now: 1)
        #expect(retried.outcome == .taken(run(1, 5), nil) && retried.action == .none)
        #expect(keeper.heldCount == 0 && keeper.kind == .plain)
    }

    @Test func callsThatWaitAreCoveredOnceByTheNextBlock() {
        var keeper = keeper()
        _ = keeper.take(1, now: 0)
        for _ in 0..<31 {
            #expect(keeper.take(1, now: 0).outcome == .wait(SequenceWait(round: 2)))
        }
        #expect(keeper.take(1, after: SequenceWait(round: 2), now: 0).outcome == .wait(SequenceWait(round: 2)))
        #expect(keeper.blockAnswered(block(1, 1), now: 1) == .takeBlock(count: 31, after: nil))
        #expect(keeper.take(1, after: SequenceWait(round: 1), now: 1).outcome == .taken(run(1, 1), nil))
        for _ in 0..<31 {
            let (outcome, action) = keeper.take(1, after: SequenceWait(round: 2), now: 1)
            #expect(outcome == .wait(SequenceWait(round: 2)) && action == .none)
        }
        #expect(keeper.blockAnswered(block(2, 31), now: 2) == .none)
        for value in 2...32 as ClosedRange<UInt64> {
            #expect(keeper.take(1, after: SequenceWait(round: 2), now: 2).outcome == .taken(run(value, 1), nil))
        }
        #expect(keeper.heldCount == 0)
    }

    @Test func aCallGetsAllOrNothingFromTwoRuns() {
        var keeper = keeper(holding: 1, 3)
        #expect(keeper.take(5, now: 0).action == .takeBlock(count: 2, after: nil))
        #expect(keeper.take(2, now: 0).outcome == .taken(run(1, 2), nil), "others go on")
        _ = keeper.blockAnswered(block(10, 2), now: 0)
        #expect(keeper.heldCount == 3)
        #expect(keeper.take(4, now: 0).outcome == .wait(SequenceWait(round: 3)))
        #expect(keeper.heldCount == 3)
        #expect(keeper.take(2, now: 0).outcome == .taken(run(3, 1), run(10, 1)))
        #expect(keeper.take(1, now: 0).outcome == .taken(run(11, 1), nil))
    }

    @Test func twoRunsAreUsedUpExactly() {
        var keeper = keeper(holding: 1, 3)
        _ = keeper.take(5, now: 0)
        _ = keeper.blockAnswered(block(10, 2), now: 0)
        #expect(keeper.take(5, now: 0).outcome == .taken(run(1, 3), run(10, 2)))
        #expect(keeper.heldCount == 0)
    }

    @Test func blocksThatFollowEachOtherAreOneRun() {
        var keeper = keeper(holding: 1, 3)
        _ = keeper.take(5, now: 0)
        _ = keeper.blockAnswered(block(4, 2), now: 0)
        #expect(keeper.take(5, now: 0).outcome == .taken(run(1, 5), nil))
    }

    @Test func aThirdBlockReplacesTheFirstAndStillFits() {
        var keeper = keeper(holding: 1, 3)
        _ = keeper.take(5, now: 0)
        _ = keeper.blockAnswered(block(10, 5), now: 0)
        let (outcome, action) = keeper.take(100, now: 0)
        #expect(outcome == .wait(SequenceWait(round: 3)) && action == .takeBlock(count: 95, after: nil))
        _ = keeper.blockAnswered(block(50, 95), now: 0)
        #expect(keeper.take(100, after: SequenceWait(round: 3), now: 0).outcome == .taken(run(10, 5), run(50, 95)))
    }

    @Test func theNextBlockIsAskedForAtHalf() {
        var keeper = keeper(holding: 1, 100, fixedBlock: 100)
        _ = keeper.take(100, now: second)
        _ = keeper.take(1, now: 2 * second)
        _ = keeper.blockAnswered(block(101, 100), now: 2 * second)
        #expect(keeper.take(50, now: 3 * second).action == .none)
        let (outcome, action) = keeper.take(1, now: 3 * second)
        #expect(outcome == .taken(run(151, 1), nil) && action == .takeBlock(count: 100, after: nil))
        #expect(keeper.take(1, now: 3 * second).action == .none, "one at a time")
        _ = keeper.blockAnswered(block(301, 100), now: 3 * second)
        #expect(keeper.take(40, now: 3 * second).action == .none, "there is a next one")
        #expect(keeper.take(8, now: 3 * second).outcome == .taken(run(193, 8), nil))
        #expect(keeper.take(1, now: 3 * second).outcome == .taken(run(301, 1), nil))
    }

    @Test func theBlockAfterTheFirstTooIsAskedForAtHalf() {
        var keeper = keeper(holding: 1, 100, fixedBlock: 100)
        #expect(keeper.take(50, now: 0).action == .none)
        #expect(keeper.take(1, now: 0).action == .takeBlock(count: 100, after: nil))
    }

    @Test func aSlowStoreIsAskedEarlier() {
        var keeper = keeper(holding: 1, 100, fixedBlock: 100)
        _ = keeper.take(100, now: second)
        _ = keeper.take(1, now: 10 * second)
        _ = keeper.blockAnswered(block(101, 100), now: 14 * second)
        _ = keeper.take(51, now: 14 * second)
        _ = keeper.blockAnswered(block(201, 100), now: 18 * second)
        // 51 in four seconds, and a store that takes four: about a hundred on the way.
        _ = keeper.take(100, now: 18 * second)
        #expect(keeper.aheadBelow == 100)
    }

    @Test func blocksOfOneAreNotTakenAhead() {
        var keeper = keeper()
        var next: UInt64 = 1
        for minute in 0..<100 {
            let now = Int64(minute) * 60 * second
            #expect(keeper.take(1, now: now).action == .takeBlock(count: 1, after: nil))
            // Also not for a store that takes a third of the time between two calls.
            let later = now + 20 * second
            #expect(keeper.blockAnswered(block(next, 1), now: later) == .none)
            let (outcome, action) = keeper.take(1, after: SequenceWait(round: next), now: later)
            #expect(outcome == .taken(run(next, 1), nil) && action == .none)
            next += 1
        }
    }

    @Test func strictBlocksGoOnlyToThoseWhoWaitedForThem() {
        var keeper = keeper(fixedBlock: 1)
        #expect(keeper.take(1, now: 0).action == .takeBlock(count: 1, after: nil))
        #expect(keeper.take(2, now: 0).outcome == .wait(SequenceWait(round: 2)))
        #expect(keeper.blockAnswered(block(1, 1), now: 0) == .takeBlock(count: 2, after: nil))
        #expect(keeper.take(1, now: 0).outcome == .wait(SequenceWait(round: 3)), "came too late for it")
        #expect(keeper.take(2, after: SequenceWait(round: 2), now: 0).outcome == .wait(SequenceWait(round: 2)))
        #expect(keeper.blockAnswered(block(5, 2), now: 0) == .takeBlock(count: 1, after: nil))
        #expect(keeper.take(2, after: SequenceWait(round: 2), now: 0).outcome == .taken(run(5, 2), nil))
        #expect(keeper.blockAnswered(block(7, 1), now: 0) == .none)
        #expect(keeper.heldCount == 1)
        #expect(keeper.take(1, now: 0).action == .takeBlock(count: 1, after: nil), "nobody else gets what is left")
    }

    @Test func aRestIsTheEndOfTheNewestBlock() {
        var one = keeper(holding: 1, 10)
        _ = one.take(4, now: 0)
        var two = one
        #expect(one.rest()?.firstUnused == 5 && one.rest() == nil && one.heldCount == 0)
        #expect(one.take(1, now: 0).action != .none)
        _ = one.blockAnswered(block(5, 3), now: 0)
        #expect(one.take(1, now: 0).outcome == .taken(run(5, 1), nil), "what came back may be taken again")
        _ = two.take(10, now: 0)
        _ = two.blockAnswered(block(11, 4), now: 0)
        var apart = two
        let joined = two.rest()
        #expect(joined?.firstUnused == 5 && joined?.newest.version == 11)
        _ = apart.take(20, now: 0)
        _ = apart.blockAnswered(block(30, 10), now: 0)
        let last = apart.rest()
        #expect(last?.firstUnused == 30 && last?.newest.version == 30)
        var none = keeper()
        #expect(none.rest() == nil)
        var used = keeper(holding: 1, 10)
        _ = used.take(10, now: 0)
        #expect(used.rest() == nil)
    }

    @Test func whatIsHeldIsBounded() {
        var keeper = keeper(maximumBlock: 10)
        var next: UInt64 = 1
        for _ in 0..<1000 {
            for _ in 0..<7 {
                if case .takeBlock(let count, _) = keeper.take(8, now: 0).action {
                    #expect(count <= 10)
                    _ = keeper.take(9, now: 0)
                    _ = keeper.take(9, now: 0)
                    var action = keeper.blockAnswered(block(next, count), now: 0)
                    next += count
                    while case .takeBlock(let count, _) = action {
                        action = keeper.blockAnswered(block(next, count), now: 0)
                        next += count
                    }
                }
            }
            #expect(keeper.heldCount < 20)
        }
    }
}
