import Testing

@testable import FirnStore

/// The keeper by itself: events in, actions out. Window 30, extended every 10, retried after 1 to 10 ticks.
@Suite struct WindowKeeperTests {
    var keeper = WindowKeeper(
        configuration: WindowKeeper.Configuration(windowTicks: 30, maximumTick: 9_999),
        jitterSeed: 1
    )
    let away = StoreError(code: .unavailable, message: "away")

    static func held(_ limit: UInt64, first: UInt64 = 1000, version: UInt64 = 1) -> HeldWorker {
        HeldWorker(worker: 5, generation: 2, version: version, firstTick: first, limit: limit)
    }

    func held(_ limit: UInt64, first: UInt64 = 1000, version: UInt64 = 1) -> HeldWorker {
        Self.held(limit, first: first, version: version)
    }

    func waitTick(_ action: WindowAction) -> UInt64? {
        if case .wait(let untilTick) = action { untilTick } else { nil }
    }

    mutating func serve() {
        #expect(keeper.started() == .claim(notBefore: 0))
        #expect(keeper.claimAnswered(.claimed(held(1030)), now: 1000) == .openSpace(held(1030)))
        #expect(keeper.spaceOpened(now: 1000) == .wait(untilTick: 1010))
    }

    @Test mutating func extendsAThirdIntoTheWindow() {
        serve()
        #expect(keeper.status(now: 1000) == .serving(worker: 5, limit: 1030, nil))
        #expect(keeper.ticked(now: 1009) == .wait(untilTick: 1010))
        #expect(keeper.ticked(now: 1010) == .extend(held(1030), toLimit: 1040))
        let next = held(1040, version: 2)
        #expect(keeper.holdAnswered(.holding(next), now: 1010) == .raiseLimit(next))
        #expect(keeper.limitRaised(now: 1010) == .wait(untilTick: 1020))
    }

    @Test mutating func claimsAgainWhenTheStoreCouldNotBeRead() throws {
        _ = keeper.started()
        let first = try #require(waitTick(keeper.claimFailed(away, now: 1000)))
        #expect((1001...1010).contains(first))
        #expect(keeper.status(now: 1000) == .claiming(away))
        #expect(keeper.ticked(now: first - 1) == .wait(untilTick: first))
        #expect(keeper.ticked(now: first) == .claim(notBefore: 0))
    }

    @Test mutating func delaysGrowToTheirMaximum() throws {
        var delay = RetryDelay(firstTicks: 10, maximumTicks: 100, jitterSeed: 3)
        let delays = (0..<20).map { _ in delay.nextTicks() }
        #expect((5...10).contains(delays[0]))
        #expect((10...20).contains(delays[1]))
        #expect(delays.dropFirst(5).allSatisfy { (50...100).contains($0) })
        #expect(Set(delays.dropFirst(5)).count > 3)
        delay.succeeded()
        #expect((5...10).contains(delay.nextTicks()))
    }

    @Test mutating func claimWithoutAnswerIsReadBackBeforeAnythingElse() throws {
        _ = keeper.started()
        var attempt = held(1000, version: 0)
        attempt.doubt(write: 77)
        #expect(keeper.claimAnswered(.inDoubt(attempt, away), now: 1000) == .readBack(attempt))
        let retry = try #require(waitTick(keeper.holdAnswered(.inDoubt(attempt, away), now: 1000)))
        #expect(keeper.ticked(now: retry) == .readBack(attempt))
        #expect(keeper.holdAnswered(.holding(held(1030)), now: retry) == .openSpace(held(1030)))
    }

    @Test mutating func claimThatNeverArrivedIsMadeAgain() throws {
        _ = keeper.started()
        _ = keeper.claimAnswered(.inDoubt(held(1000, version: 0), away), now: 1000)
        let retry = try #require(waitTick(keeper.holdAnswered(.lost(to: nil), now: 1000)))
        #expect(keeper.ticked(now: retry) == .claim(notBefore: 0))
    }

    @Test mutating func extensionWithoutAnswerIsReadBackUntilItIsKnown() throws {
        serve()
        _ = keeper.ticked(now: 1010)
        #expect(keeper.holdAnswered(.inDoubt(held(1030), away), now: 1010) == .readBack(held(1030)))
        var now: UInt64 = 1010
        for _ in 0..<8 {
            now = try #require(waitTick(keeper.holdAnswered(.inDoubt(held(1030), away), now: now)))
            #expect(keeper.ticked(now: now) == .readBack(held(1030)))
        }
        #expect(keeper.status(now: 1029) == .serving(worker: 5, limit: 1030, away))
        #expect(keeper.status(now: 1030) == .windowEnded(worker: 5, limit: 1030, away))
        let applied = held(1040, version: 2)
        #expect(keeper.holdAnswered(.holding(applied), now: now) == .raiseLimit(applied))
        #expect(now > 1040)
        #expect(keeper.limitRaised(now: now) == .extend(applied, toLimit: now + 30))
    }

    @Test mutating func diskThatReadsButDoesNotWriteIsNotHammered() throws {
        serve()
        var now: UInt64 = 1010
        var writes = 0
        var action = keeper.ticked(now: now)
        while now < 1200 {
            switch action {
            case .extend(let held, _):
                writes += 1
                action = keeper.holdAnswered(.inDoubt(held, away), now: now)
            case .readBack(let held):
                action = keeper.holdAnswered(.holding(held), now: now)
            case .wait(let untilTick):
                now = untilTick
                action = keeper.ticked(now: now)
            default:
                Issue.record("\(action)")
                return
            }
        }
        #expect((15...60).contains(writes), "\(writes) in 190 ticks")
    }

    @Test mutating func lostWorkerIsClosedAtOnceAndTheNextBeginsLater() {
        serve()
        _ = keeper.ticked(now: 1010)
        #expect(keeper.holdAnswered(.lost(to: nil), now: 1010) == .closeSpace)
        #expect(keeper.spaceClosed(firstUnusedTick: 1011) == .claim(notBefore: 1011))
        let next = HeldWorker(worker: 6, generation: 1, version: 9, firstTick: 1011, limit: 1041)
        #expect(keeper.claimAnswered(.claimed(next), now: 1010) == .openSpace(next))
        #expect(keeper.spaceOpened(now: 1010) == .wait(untilTick: 1021))
    }

    @Test mutating func workerFoundLostWhileReadingBackIsClosed() {
        serve()
        _ = keeper.ticked(now: 1010)
        _ = keeper.holdAnswered(.inDoubt(held(1030), away), now: 1010)
        #expect(keeper.holdAnswered(.lost(to: nil), now: 1010) == .closeSpace)
    }

    @Test mutating func limitThatWentBackIsALoss() {
        serve()
        _ = keeper.ticked(now: 1010)
        #expect(keeper.holdAnswered(.holding(held(1020, version: 3)), now: 1010) == .closeSpace)
    }

    @Test mutating func pausedProcessExtendsFromNow() {
        serve()
        #expect(keeper.ticked(now: 5000) == .extend(held(1030), toLimit: 5030))
    }

    @Test mutating func clockThatGoesBackExtendsNothing() {
        serve()
        #expect(keeper.ticked(now: 10) == .wait(untilTick: 1010))
    }

    @Test mutating func layoutEndClampsAndThenNothingIsAsked() {
        serve()
        #expect(keeper.ticked(now: 9_990) == .extend(held(1030), toLimit: 10_000))
        let last = held(10_000, version: 2)
        _ = keeper.holdAnswered(.holding(last), now: 9_990)
        #expect(keeper.limitRaised(now: 9_990) == .wait(untilTick: UInt64.max))
        #expect(keeper.ticked(now: 20_000) == .wait(untilTick: UInt64.max))
        #expect(keeper.status(now: 9_999) == .serving(worker: 5, limit: 10_000, nil))
        #expect(keeper.status(now: 10_000) == .layoutEnded)
    }

    @Test mutating func layoutThatEndedGivesNoWorker() throws {
        _ = keeper.started()
        let untilTick = try #require(waitTick(keeper.claimAnswered(.layoutEnded, now: 10_000)))
        #expect(untilTick > 10_000)
        #expect(keeper.status(now: 10_000) == .layoutEnded)
    }

    @Test mutating func takenWorkerIsLookedAtBeforeItsLimit() throws {
        _ = keeper.started()
        let holder = holder(8)
        let outcome = ClaimOutcome.held(by: holder, untilTick: 2000)
        let nextLook = try #require(waitTick(keeper.claimAnswered(outcome, now: 1000)))
        #expect((1005...1010).contains(nextLook))
        #expect(keeper.status(now: 1000) == .workerTaken(by: holder, untilTick: 2000))
        #expect(keeper.ticked(now: 1010) == .claim(notBefore: 0))
        let soon = ClaimOutcome.held(by: holder, untilTick: 1013)
        let untilTick = try #require(waitTick(keeper.claimAnswered(soon, now: 1010)))
        #expect(untilTick == 1014, "once it is free, and not all at once")
    }

    @Test mutating func noFreeWorkerIsAskedForAgain() throws {
        _ = keeper.started()
        let nextLook = try #require(
            waitTick(
                keeper.claimAnswered(.noneFree(freeAtTick: nil, TakenWorkers(reserved: 4, for: ["legacy"])), now: 1000)
            )
        )
        #expect((1005...1010).contains(nextLook))
        #expect(keeper.status(now: 1000) == .noWorkerFree(freeAtTick: nil, TakenWorkers(reserved: 4, for: ["legacy"])))
    }

    /// However long the window: a waiting daemon finds what was given back, and a store that came back, in the time
    /// that its configuration names; and of many not all at one moment.
    @Test func longWindowsAreNotWaitedForLong() throws {
        var looks: Set<UInt64> = []
        for seed in 0..<50 as Range<UInt64> {
            let configuration = WindowKeeper.Configuration(
                windowTicks: 60_000,
                maximumTick: 1 << 40,
                maximumRetryTicks: 2000
            )
            var keeper = WindowKeeper(configuration: configuration, jitterSeed: seed)
            _ = keeper.started()
            var now: UInt64 = 1_000_000
            for _ in 0..<10 {
                let outcome = ClaimOutcome.noneFree(freeAtTick: now + 55_000, TakenWorkers(held: 4))
                let next = try #require(waitTick(keeper.claimAnswered(outcome, now: now)))
                #expect((now + 1000...now + 2000).contains(next))
                looks.insert(next - now)
                now = next
                _ = keeper.ticked(now: now)
            }
            for _ in 0..<20 {
                let next = try #require(waitTick(keeper.claimFailed(away, now: now)))
                #expect(next <= now + 2000)
                now = next
                _ = keeper.ticked(now: now)
            }
        }
        #expect(looks.count > 100)
    }

    @Test mutating func stopGivesTheRestOfTheWindowBack() {
        serve()
        #expect(keeper.stopRequested() == .closeSpace)
        #expect(keeper.status(now: 1001) == .stopping)
        #expect(keeper.spaceClosed(firstUnusedTick: 1003) == .release(held(1030), firstUnusedTick: 1003))
        #expect(keeper.releaseAnswered(.failed(away)) == .finish)
        #expect(keeper.status(now: 1001) == .stopped)
    }

    @Test mutating func stopInDoubtReadsBackOnce() throws {
        serve()
        _ = keeper.ticked(now: 1010)
        _ = keeper.holdAnswered(.inDoubt(held(1030), away), now: 1010)
        _ = keeper.holdAnswered(.inDoubt(held(1030), away), now: 1010)
        #expect(keeper.stopRequested() == .closeSpace)
        #expect(keeper.spaceClosed(firstUnusedTick: 1011) == .readBack(held(1030)))
        var copy = keeper
        #expect(copy.holdAnswered(.inDoubt(held(1030), away), now: 1012) == .finish)
        let known = held(1040, version: 2)
        #expect(keeper.holdAnswered(.holding(known), now: 1012) == .release(known, firstUnusedTick: 1011))
    }

    @Test mutating func stopWhileAClaimIsInDoubtGivesItBackUnused() {
        _ = keeper.started()
        let attempt = held(1000, version: 0)
        _ = keeper.claimAnswered(.inDoubt(attempt, away), now: 1000)
        _ = keeper.holdAnswered(.inDoubt(attempt, away), now: 1000)
        #expect(keeper.stopRequested() == .readBack(attempt))
        #expect(keeper.holdAnswered(.holding(held(1030)), now: 1001) == .release(held(1030), firstUnusedTick: 1000))
    }

    @Test mutating func stopWithoutAWorkerIsDoneAtOnce() {
        _ = keeper.started()
        _ = keeper.claimFailed(away, now: 1000)
        #expect(keeper.stopRequested() == .finish)
    }

    @Test mutating func aWorkerThatWasUsedAheadIsWaitedForAndNamed() throws {
        _ = keeper.started()
        let wait = keeper.claimAnswered(.usedAhead(worker: 5, untilTick: 9000), now: 1000)
        #expect(try #require(waitTick(wait)) <= 1010)
        #expect(keeper.status(now: 1000) == .workerUsedAhead(worker: 5, untilTick: 9000))
    }

    // MARK: - A store that was set back

    let setBack = StoreError(code: .setBack, message: "set back")

    @Test mutating func anExtensionInAStoreThatWasSetBackClosesAtOnce() {
        serve()
        _ = keeper.ticked(now: 1010)
        #expect(keeper.holdAnswered(.setBack(setBack), now: 1010) == .closeSpace)
        #expect(keeper.spaceClosed(firstUnusedTick: 1011) == .claim(notBefore: 1011))
        #expect(waitTick(keeper.claimFailed(setBack, now: 1011)) != nil)
        #expect(keeper.status(now: 1011) == .claiming(setBack))
    }

    @Test mutating func whatAnotherThreadNoticedClosesAtOnce() {
        serve()
        #expect(keeper.storeSetBack(setBack) == .closeSpace)
        #expect(keeper.spaceClosed(firstUnusedTick: 1005) == .claim(notBefore: 1005))
        let wait = keeper.claimFailed(setBack, now: 1005)
        #expect(keeper.storeSetBack(setBack) == wait)
    }

    @Test(arguments: [true, false]) mutating func aClaimInDoubtThatMeetsARefusalOpensNothing(_ wasSetBack: Bool) {
        _ = keeper.started()
        #expect(keeper.claimAnswered(.inDoubt(held(1000), away), now: 1000) == .readBack(held(1000)))
        let refused = StoreError(code: .refused, message: "no such user")
        let outcome: HoldOutcome = wasSetBack ? .setBack(setBack) : .inDoubt(held(1000), refused)
        #expect(waitTick(keeper.holdAnswered(outcome, now: 1000)) != nil)
        #expect(keeper.status(now: 1000) == .claiming(wasSetBack ? setBack : refused))
    }
}
