import Testing

@testable import FirnStore

private let second: Int64 = 1_000_000_000

/// What a keeper makes of a store's answers that are no block.
extension SequenceKeeperTests {
    @Test func aStoreThatIsAwayIsFeltWhenTheBlockIsUsedUp() {
        var keeper = keeper(holding: 1, 10, maximumBlock: 1)
        #expect(keeper.take(11, now: 0).action != .none)
        let doubt = SequenceDoubt(version: 1, reserved: 10)
        #expect(keeper.blockAnswered(.failed(away, doubt), now: 0) == .none)
        guard case .failed(let error, let retryAfter) = keeper.take(11, after: SequenceWait(round: 2), now: 5).outcome
        else { return #expect(Bool(false)) }
        #expect(error == away && retryAfter > 0 && retryAfter <= 50_000_000 - 5)
        #expect(keeper.take(10, now: 5).outcome == .taken(run(1, 10), nil))
        #expect(keeper.take(1, now: 5 + retryAfter - 1).action == .none)
        let again = keeper.take(1, now: 5 + retryAfter)
        #expect(again.outcome == .wait(SequenceWait(round: 3)) && again.action == .takeBlock(count: 1, after: doubt))
        _ = keeper.blockAnswered(block(11, 1), now: second)
        #expect(keeper.take(1, after: SequenceWait(round: 3), now: second).outcome == .taken(run(11, 1), nil))
        #expect(keeper.take(1, now: second).action == .takeBlock(count: 1, after: nil), "the doubt is over")
    }

    @Test func retriesComeMoreAndMoreSlowly() {
        var keeper = keeper()
        var now: Int64 = 0
        var delays: [Int64] = []
        for _ in 0..<12 {
            #expect(keeper.take(1, now: now).action != .none)
            _ = keeper.blockAnswered(.failed(away, nil), now: now)
            guard case .failed(_, let delay) = keeper.take(1, now: now).outcome else { return #expect(Bool(false)) }
            delays.append(delay)
            now += delay
        }
        #expect(delays[0] <= 50_000_000 && delays[0] >= 25_000_000)
        #expect(delays.suffix(4).allSatisfy { $0 >= second && $0 <= 2 * second })
        _ = keeper.take(1, now: now)
        _ = keeper.blockAnswered(block(1, 1), now: now)
        _ = keeper.take(1, now: now)
        _ = keeper.take(1, now: now + second)
        _ = keeper.blockAnswered(.failed(away, nil), now: now)
        guard case .failed(_, let delay) = keeper.take(1, now: now).outcome else { return #expect(Bool(false)) }
        #expect(delay <= 50_000_000, "a store that came back is forgiven")
    }

    @Test func anOutageIsNoReasonForManyWrites() {
        var keeper = keeper(holding: 1, 100, fixedBlock: nil)
        keeper.blockSize = 100
        _ = keeper.take(100, now: 10 * second)
        #expect(keeper.take(1, now: 10 * second).action == .takeBlock(count: 101, after: nil))
        _ = keeper.blockAnswered(block(101, 100), now: 10 * second)
        let (outcome, action) = keeper.take(60, now: 17 * second)
        #expect(outcome == .taken(run(101, 60), nil) && action != .none)
        _ = keeper.blockAnswered(.failed(away, nil), now: 17 * second)
        let size = keeper.blockSize
        #expect(size >= 86)
        #expect(keeper.take(1, now: 17 * second + 1).action == .none, "no block ahead before its time")
        #expect(keeper.take(1, now: 300 * second).action == .takeBlock(count: size, after: nil))
        _ = keeper.blockAnswered(block(201, size), now: 300 * second)
        #expect(keeper.take(38 + UInt32(size / 2), now: 306 * second).action == .none)
        #expect(keeper.take(2, now: 306 * second).action != .none)
        #expect(keeper.blockSize > size / 2)
    }

    @Test func theEndIsToldAndLookedAtAgainLater() {
        var keeper = keeper()
        _ = keeper.take(5, now: 0)
        #expect(keeper.blockAnswered(block(8, 3, maximum: 10), now: 0) == .none)
        let (outcome, action) = keeper.take(5, after: SequenceWait(round: 1), now: 0)
        #expect(outcome == .exhausted && action == .none)
        #expect(keeper.take(3, now: 0).outcome == .taken(run(8, 3), nil))
        #expect(keeper.take(1, now: 10 * second - 1).outcome == .exhausted)
        #expect(keeper.take(1, now: 10 * second).action != .none)
        let record = SequenceRecord(.plain, holder: holder(1), writeToken: 1)
        _ = keeper.blockAnswered(.exhausted(record), now: 11 * second)
        #expect(keeper.take(1, after: SequenceWait(round: 2), now: 11 * second).outcome == .exhausted)
        #expect(keeper.take(1, now: 20 * second).action == .none)
        #expect(keeper.take(1, now: 21 * second).action != .none)
    }

    @Test func anUnknownSequenceIsLookedForByEachNewCall() {
        var keeper = keeper()
        let refusals: [(UInt64, SequenceBlockOutcome, SequenceOutcome)] = [
            (1, .unknown, .unknown), (2, .otherUse(.prefix), .otherUse(.prefix)),
        ]
        for (round, refusal, told) in refusals {
            #expect(keeper.take(1, now: 0).action != .none)
            _ = keeper.blockAnswered(refusal, now: 0)
            let (outcome, action) = keeper.take(1, after: SequenceWait(round: round), now: 0)
            #expect(outcome == told && action == .none)
        }
        #expect(keeper.take(1, now: 0).outcome == .wait(SequenceWait(round: 3)))
    }

    @Test func whatIsHeldOfAStoreThatWasSetBackIsAGap() {
        var keeper = keeper(holding: 100, 10)
        #expect(keeper.take(4, now: 0).outcome == .taken(run(100, 4), nil))
        keeper.storeSetBack()
        #expect(keeper.heldCount == 0)
        guard case .wait(let wait) = keeper.take(2, now: 0).outcome else { return #expect(Bool(false)) }
        // A repaired store may give again what nobody had, and nothing else.
        _ = keeper.blockAnswered(block(104, 10), now: 0)
        #expect(keeper.take(2, after: wait, now: 0).outcome == .taken(run(104, 2), nil))
    }

    @Test func noBlockIsUsedThatWasUnderWayWhenTheStoreWasSetBack() {
        var keeper = keeper()
        guard case .wait(let wait) = keeper.take(2, now: 0).outcome else { return #expect(Bool(false)) }
        keeper.storeSetBack()
        #expect(keeper.blockAnswered(block(1, 10), now: 0) == .none)
        guard case .failed(let error, _) = keeper.take(2, after: wait, now: 0).outcome
        else { return #expect(Bool(false)) }
        #expect(error.code == .setBack && keeper.heldCount == 0 && keeper.rest() == nil)
    }

    @Test func aStoreThatWasSetBackIsNotBelieved() {
        var keeper = keeper(holding: 100, 10)
        #expect(keeper.take(10, now: 0).outcome == .taken(run(100, 10), nil))
        _ = keeper.take(1, now: 0)
        _ = keeper.blockAnswered(block(109, 10), now: 0)
        guard case .failed(let error, _) = keeper.take(1, after: SequenceWait(round: 2), now: 0).outcome
        else { return #expect(Bool(false)) }
        #expect(error.code == .corrupt && error.message.contains("109") && error.message.contains("--start"))
        #expect(keeper.heldCount == 0)
    }
}
