import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

@Suite struct WorkerClaimsTests {
    let store = MemoryStore()
    var random = SeededGenerator(seed: 42)

    func claims(_ instance: UInt64, maximumWorker: UInt32 = 3, maximumTick: UInt64 = 1 << 40) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: maximumWorker,
            maximumTick: maximumTick,
            windowTicks: 100
        )
    }

    func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }

    func record(_ worker: UInt32) throws -> WorkerRecord? {
        try store.read(WorkerRecord.key(worker)).map { try WorkerRecord(key: "workers/\(worker)", text: $0.value) }
    }

    @Test mutating func firstClaimBeginsNow() throws {
        let held = try #require(try claims(1).claim(.fixed(2), at: at(1000), using: &random).held)
        #expect(held.worker == 2 && held.generation == 1 && held.firstTick == 1000 && held.limit == 1100)
        let stored = try #require(try record(2))
        #expect(stored.limit == 1100 && stored.generation == 1 && stored.holder == holder(1))
    }

    @Test mutating func takenFixedWorkerIsRefusedUntilItsLimit() throws {
        _ = try claims(1).claim(.fixed(0), at: at(1000), using: &random)
        let refused = ClaimOutcome.held(by: holder(1), untilTick: 1100)
        #expect(try claims(2).claim(.fixed(0), at: at(1000), using: &random) == refused)
        #expect(try claims(2).claim(.fixed(0), at: at(1099), using: &random) == refused)
        #expect(try claims(2).claim(.fixed(0), at: at(0), using: &random) == refused)
        let held = try #require(try claims(2).claim(.fixed(0), at: at(1100), using: &random).held)
        #expect(held.generation == 2 && held.firstTick == 1100)
    }

    @Test mutating func ownWorkerIsNoExceptionAfterARestart() throws {
        _ = try claims(1).claim(.fixed(0), at: at(1000), using: &random)
        let outcome = try claims(1).claim(.fixed(0), at: at(1050), using: &random)
        #expect(outcome == .held(by: holder(1), untilTick: 1100))
    }

    @Test func newHolderBeginsAtOrAboveEverythingThatWasAllowed() {
        let record = WorkerRecord(
            generation: 1,
            limit: 500,
            holder: holder(1),
            writeToken: 0,
            renewedAtUnixMilliseconds: 0
        )
        #expect(WorkerClaims.firstTick(after: record, nowTick: 400, notBefore: 0) == 500)
        #expect(WorkerClaims.firstTick(after: record, nowTick: 600, notBefore: 0) == 600)
        #expect(WorkerClaims.firstTick(after: record, nowTick: 600, notBefore: 700) == 700)
        #expect(WorkerClaims.firstTick(after: nil, nowTick: 600, notBefore: 0) == 600)
    }

    @Test mutating func aChangeOfWorkersBeginsWhereTheLastOneEnded() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), notBefore: 1005, using: &random).held)
        #expect(held.firstTick == 1005 && held.limit == 1105)
    }

    @Test mutating func anyTakesEachFreeWorkerAndThenNone() throws {
        var workers: Set<UInt32> = []
        for instance in 1...4 as ClosedRange<UInt64> {
            let outcome = try claims(instance).claim(.any(excluding: []), at: at(1000 + instance), using: &random)
            workers.insert(try #require(outcome.held).worker)
        }
        #expect(workers == [0, 1, 2, 3])
        let none = try claims(5).claim(.any(excluding: []), at: at(1050), using: &random)
        #expect(none == .noneFree(freeAtTick: 1101, TakenWorkers(held: 4)))
        let later = try #require(try claims(5).claim(.any(excluding: []), at: at(1101), using: &random).held)
        #expect(later.generation == 2 && later.firstTick == 1101)
    }

    @Test mutating func excludedWorkersAreLeftAlone() throws {
        for _ in 0..<20 {
            let outcome = try claims(1, maximumWorker: 1).claim(.any(excluding: [0, 9]), at: at(1000), using: &random)
            if let held = outcome.held { #expect(held.worker == 1) }
        }
        let none = try claims(1, maximumWorker: 1).claim(.any(excluding: [0, 1]), at: at(9000), using: &random)
        #expect(none == .noneFree(freeAtTick: nil, TakenWorkers(held: 2)))
    }

    @Test mutating func anyIsRandomOverAWideField() throws {
        var workers: Set<UInt32> = []
        for instance in 1...50 as ClosedRange<UInt64> {
            let claims = claims(instance, maximumWorker: 65_535)
            workers.insert(
                try #require(try claims.claim(.any(excluding: []), at: at(1000), using: &random).held).worker
            )
        }
        #expect(workers.count == 50)
        #expect(workers.max()! > 32_768)
    }

    @Test mutating func aSnatchedWorkerIsLeftForAnother() throws {
        let rival = claims(9)
        let isFirst = OnceFlag()
        store.onOperation { operation, key in
            guard operation == .write, isFirst.take() else { return }
            var random = SeededGenerator(seed: 7)
            let worker = try! WorkerRecord.worker(ofKey: key)
            let moment = StoreInstant(tick: 1000, unixMilliseconds: 0)
            #expect(throws: Never.self) { try rival.claim(.fixed(worker), at: moment, using: &random) }
        }
        let held = try #require(try claims(1).claim(.any(excluding: []), at: at(1000), using: &random).held)
        #expect(try record(held.worker)?.holder.instance == 1)
        #expect(try store.list(prefix: "workers/").count == 2)
    }

    @Test mutating func extensionMovesTheLimitAlsoAfterItPassed() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        let once = try #require(claims(1).extend(held, toLimit: 1150, at: at(1050), using: &random).held)
        #expect(once.limit == 1150 && once.firstTick == 1000 && once.generation == 1 && once.version > held.version)
        let late = try #require(claims(1).extend(once, toLimit: 9100, at: at(9000), using: &random).held)
        #expect(try record(0)?.limit == 9100)
        #expect(late.limit == 9100)
    }

    @Test mutating func oldHolderLearnsThatItLost() throws {
        let old = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        let new = try #require(try claims(2).claim(.fixed(0), at: at(1200), using: &random).held)
        #expect(new.firstTick >= old.limit)
        guard case .lost(let record?) = claims(1).extend(old, toLimit: 1300, at: at(1200), using: &random) else {
            Issue.record("extended a lost worker")
            return
        }
        #expect(record.holder == holder(2))
        #expect(claims(1).release(old, firstUnusedTick: 1050, at: at(1200)) == .conflict)
        #expect(try self.record(0)?.limit == new.limit)
        #expect(claims(1).reconcile(old).isLost)
    }

    @Test mutating func lostAnswerIsFoundByReadingBack() throws {
        store.loseNextAnswers(1)
        guard case .inDoubt(let doubtful, _) = try claims(1).claim(.fixed(0), at: at(1000), using: &random) else {
            Issue.record("not in doubt")
            return
        }
        #expect(doubtful.firstTick == doubtful.limit, "nothing may be used yet")
        let held = try #require(claims(1).reconcile(doubtful).held)
        #expect(held.firstTick == 1000 && held.limit == 1100)
        store.loseNextAnswers(1)
        guard case .inDoubt(let again, _) = claims(1).extend(held, toLimit: 1200, at: at(1100), using: &random) else {
            Issue.record("not in doubt")
            return
        }
        #expect(again.limit == 1100)
        #expect(claims(1).reconcile(again).held?.limit == 1200)
    }

    @Test mutating func writeThatNeverArrivedIsNoLoss() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        store.failNext(1)
        guard case .inDoubt(let doubtful, _) = claims(1).extend(held, toLimit: 1200, at: at(1100), using: &random)
        else {
            Issue.record("not in doubt")
            return
        }
        let known = try #require(claims(1).reconcile(doubtful).held)
        #expect(known.limit == 1100 && known.version == held.version)
    }

    @Test mutating func writeThatArrivesLateIsKnownAgain() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        store.delayNextWrites(1)
        guard case .inDoubt(let doubtful, _) = claims(1).extend(held, toLimit: 1200, at: at(1100), using: &random)
        else {
            Issue.record("not in doubt")
            return
        }
        let before = try #require(claims(1).reconcile(doubtful).held)
        #expect(before.limit == 1100)
        store.deliverDelayedWrites()
        let after = claims(1).extend(before, toLimit: 1250, at: at(1150), using: &random)
        #expect(after.held?.limit == 1200, "what is stored, not what was asked for")
    }

    @Test mutating func aCloneOfTheMachineIsNotTakenForOneself() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        var cloneRandom = SeededGenerator(seed: 99)
        #expect(claims(1).extend(held, toLimit: 1200, at: at(1100), using: &random).held != nil)
        let clone = claims(1).extend(held, toLimit: 1200, at: at(1100), using: &cloneRandom)
        #expect(clone.isLost, "both of them go on")
    }

    @Test mutating func aStoreSetBackIsALoss() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        let backup = try #require(try store.read("workers/0"))
        let further = try #require(claims(1).extend(held, toLimit: 1200, at: at(1100), using: &random).held)
        store.state.withLock { $0.records["workers/0"] = backup }
        #expect(claims(1).reconcile(further).isLost)
        #expect(claims(1).extend(further, toLimit: 1300, at: at(1200), using: &random).isLost)
    }

    @Test mutating func releaseLowersTheLimitAndNeverMore() throws {
        let held = try #require(try claims(1).claim(.fixed(0), at: at(1000), using: &random).held)
        #expect(claims(1).release(held, firstUnusedTick: 1100, at: at(1010)) == .unneeded)
        #expect(claims(1).release(held, firstUnusedTick: 5000, at: at(1010)) == .unneeded)
        #expect(claims(1).release(held, firstUnusedTick: 1011, at: at(1010)) == .released(limit: 1011))
        let next = try #require(try claims(2).claim(.fixed(0), at: at(1011), using: &random).held)
        #expect(next.firstTick == 1011 && next.generation == 2)
        #expect(claims(2).release(next, firstUnusedTick: 3, at: at(1012)) == .released(limit: 1011))
    }

    @Test mutating func layoutEndClampsAndEnds() throws {
        let claims = claims(1, maximumTick: 1049)
        let held = try #require(try claims.claim(.fixed(0), at: at(1000), using: &random).held)
        #expect(held.limit == 1050)
        #expect(try claims.claim(.fixed(0), at: at(1050), using: &random) == .layoutEnded)
        #expect(try claims.claim(.any(excluding: []), at: at(1050), using: &random) == .layoutEnded)
    }

    @Test mutating func clockBehindTheStoreIsNoticed() throws {
        #expect(try claims(1).checkClock(nowTick: 0, allowedTicks: 0) == .plausible)
        _ = try claims(2).claim(.fixed(0), at: at(5_000), using: &random)
        _ = try claims(1).claim(.fixed(1), at: at(10_000), using: &random)
        #expect(try claims(3).checkClock(nowTick: 20_000, allowedTicks: 0) == .plausible)
        #expect(try claims(3).checkClock(nowTick: 9_000, allowedTicks: 1000) == .plausible)
        let behind = try claims(3).checkClock(nowTick: 8_999, allowedTicks: 1000)
        #expect(behind == .clockBehind(storeTick: 10_100, nowTick: 8_999, worker: 1, holder: holder(1)))
    }

    @Test mutating func aRecordThatCannotBeReadCountsAsTaken() throws {
        _ = try store.write("workers/1", "worker/1 limit=5", ifVersion: nil)
        _ = try store.write("workers/3", "worker/9 limit=5", ifVersion: nil)
        var workers: Set<UInt32> = []
        for instance in 1...2 as ClosedRange<UInt64> {
            let outcome = try claims(instance).claim(.any(excluding: []), at: at(1000), using: &random)
            workers.insert(try #require(outcome.held).worker)
        }
        #expect(workers == [0, 2])
        // It may be the reason why nothing is free.
        for rule in [ClaimRule.any(excluding: []), .any(excluding: [3]), .fixed(1)] {
            let error = #expect(throws: StoreError.self) {
                var random = random
                return try claims(3).claim(rule, at: at(1000), using: &random)
            }
            #expect(error?.code == .corrupt || rule == .any(excluding: []), "\(String(describing: error))")
            #expect(error?.message.contains("the record workers/") == true)
        }
        #expect(
            try claims(3).claim(.any(excluding: [1, 3]), at: at(1000), using: &random)
                == .noneFree(freeAtTick: 1100, TakenWorkers(held: 4))
        )
        #expect(try store.read("workers/1")?.value == "worker/1 limit=5", "it was left alone")
    }

    @Test(arguments: ["workers/9", "workers/01", "workers/x", "workers/-1", "workers/"])
    mutating func aKeyThatIsNoWorkerStopsNoClaim(_ key: String) throws {
        let text = WorkerRecord(
            generation: 1,
            limit: 1 << 30,
            holder: holder(1),
            writeToken: 1,
            renewedAtUnixMilliseconds: 1
        ).text
        _ = try store.write(key, text, ifVersion: nil)
        #expect(try claims(1).checkClock(nowTick: 0, allowedTicks: 0) == .plausible)
        #expect(try claims(1).claim(.any(excluding: []), at: at(0), using: &random).held != nil)
    }
}

extension ClaimOutcome {
    var held: HeldWorker? {
        if case .claimed(let held) = self { held } else { nil }
    }
}

extension HoldOutcome {
    var isLost: Bool {
        if case .lost = self { true } else { false }
    }

    var held: HeldWorker? {
        if case .holding(let held) = self { held } else { nil }
    }
}
