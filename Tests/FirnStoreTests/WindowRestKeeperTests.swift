import Testing

@testable import FirnStore

/// A window that is not extended while nobody takes IDs. Window 30, extended every 10.
@Suite struct WindowRestKeeperTests {
    var keeper = WindowKeeper(
        configuration: WindowKeeper.Configuration(windowTicks: 30, maximumTick: 9_999),
        jitterSeed: 1
    )
    let away = StoreError(code: .unavailable, message: "away")

    private func held(_ limit: UInt64, version: UInt64 = 1) -> HeldWorker {
        WindowKeeperTests.held(limit, version: version)
    }

    private mutating func serve() {
        _ = keeper.started()
        _ = keeper.claimAnswered(.claimed(held(1030)), now: 1000)
        #expect(keeper.spaceOpened(now: 1000) == .wait(untilTick: 1010))
    }

    private mutating func rest() {
        serve()
        #expect(keeper.ticked(now: 1009, mayRest: true) == .wait(untilTick: 1010))
        #expect(!keeper.isResting, "before an extension is due there is nothing to leave out")
        #expect(keeper.ticked(now: 1010, mayRest: true) == .wait(untilTick: .max))
        #expect(keeper.isResting)
    }

    @Test mutating func nothingIsWrittenAtRest() {
        rest()
        for now: UInt64 in [1011, 1029, 1030, 5000] {
            #expect(keeper.ticked(now: now, mayRest: true) == .wait(untilTick: .max))
            #expect(keeper.status(now: now) == .resting(worker: 5, limit: 1030))
        }
        #expect(keeper.status(now: 10_000) == .layoutEnded)
    }

    @Test mutating func whatIsWantedIsExtendedAtOnce() {
        rest()
        #expect(keeper.wanted(now: 5000) == .extend(held(1030), toLimit: 5030))
        let next = held(5030, version: 2)
        #expect(keeper.holdAnswered(.holding(next), now: 5001) == .raiseLimit(next))
        #expect(keeper.limitRaised(now: 5001) == .wait(untilTick: 5010))
        #expect(keeper.status(now: 5001) == .serving(worker: 5, limit: 5030, nil))
    }

    @Test mutating func aWorkerThatWasClaimedInTheMeantimeIsLost() {
        rest()
        _ = keeper.wanted(now: 5000)
        #expect(keeper.holdAnswered(.lost(to: nil), now: 5000) == .closeSpace)
        #expect(keeper.spaceClosed(firstUnusedTick: 1012) == .claim(notBefore: 1012))
    }

    @Test mutating func aStoreThatFailsAtTheEndOfARestIsTriedAgainAndDoesNotRest() throws {
        rest()
        _ = keeper.wanted(now: 5000)
        #expect(keeper.holdAnswered(.inDoubt(held(1030), away), now: 5000) == .readBack(held(1030)))
        guard case .wait(let tick) = keeper.holdAnswered(.inDoubt(held(1030), away), now: 5000) else {
            return #expect(Bool(false), "it waits")
        }
        #expect(keeper.status(now: 5000) == .windowEnded(worker: 5, limit: 1030, away))
        #expect(keeper.ticked(now: tick, mayRest: true) == .readBack(held(1030)), "the doubt is cleared first")
        // The extension was not applied, and is made now: the store has failed, so whether it works must be known.
        #expect(keeper.holdAnswered(.holding(held(1030)), now: tick) == .extend(held(1030), toLimit: tick + 30))
    }

    @Test mutating func aStopAndASetBackCloseASpaceAtRest() {
        rest()
        var stopping = keeper
        #expect(stopping.stopRequested() == .closeSpace)
        #expect(stopping.spaceClosed(firstUnusedTick: 1003) == .release(held(1030), firstUnusedTick: 1003))
        #expect(keeper.storeSetBack(StoreError(code: .setBack, message: "restored")) == .closeSpace)
    }
}
