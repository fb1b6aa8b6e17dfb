import FirnFiles
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnStore

/// Stores that know less than they granted. Ticks are milliseconds here.
@Suite struct GrantJournalTests {
    let directory = TemporaryDirectory()
    let storeID: UInt64 = 77

    func context(_ storeID: UInt64 = 77, _ name: String = "memory:a") -> GrantJournal.Context {
        GrantJournal.Context(storeID: storeID, storeName: name, unixMilliseconds: { $0 }, text: { "T\($0)" })
    }

    func grant(_ worker: UInt32, limit: UInt64, generation: UInt64 = 1, version: UInt64 = 1) -> Grant {
        Grant(
            address: context().address,
            storeID: storeID,
            worker: worker,
            generation: generation,
            limit: StoreInstant(tick: limit, unixMilliseconds: limit),
            version: version
        )
    }

    func claims(_ store: any Store, _ journal: GrantJournal, instance: UInt64 = 1, workers: UInt32 = 4) -> WorkerClaims
    {
        WorkerClaims(
            store: RollbackDetectingStore(store, journal: journal),
            holder: holder(instance),
            maximumWorker: workers - 1,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
    }

    func claim(_ claims: WorkerClaims, _ rule: ClaimRule, at tick: UInt64) throws -> HeldWorker {
        var random = SeededGenerator(seed: tick)
        let moment = StoreInstant(tick: tick, unixMilliseconds: tick)
        let held = try #require(try claims.claim(rule, at: moment, using: &random).held)
        claims.journal?.granted(held)
        return held
    }

    func extend(_ claims: WorkerClaims, _ held: HeldWorker, to limit: UInt64) throws -> HeldWorker {
        var random = SeededGenerator(seed: limit)
        let moment = StoreInstant(tick: limit - 30, unixMilliseconds: limit - 30)
        guard case .holding(let next) = claims.extend(held, toLimit: limit, at: moment, using: &random) else {
            throw CocoaError(.featureUnsupported)
        }
        claims.journal?.granted(next)
        return next
    }

    /// `firn store` opens no store of daemons: their own is repaired.
    @Test func theAdviceNamesAStoreThatCanBeRepaired() throws {
        func message(_ context: GrantJournal.Context) throws -> String {
            try GrantJournal(context).versionFell(to: 3, nil).message
        }
        #expect(try message(context()).contains("'firn store repair --store memory:a --raise-to known'"))
        var served = context(77, "firn:unix:/run/firn.sock")
        served.isOfDaemons = true
        #expect(try message(served).contains("the store firn:unix:/run/firn.sock is at version 3"))
        #expect(try message(served).contains("Repair the store of those daemons"))
        #expect(try !message(served).contains("--store firn:"))
    }

    func put(_ store: MemoryStore, _ worker: UInt32, limit: UInt64, generation: UInt64 = 1) throws {
        let record = WorkerRecord(
            generation: generation,
            limit: limit,
            holder: holder(9),
            writeToken: 1,
            renewedAtUnixMilliseconds: 0
        )
        let key = WorkerRecord.key(worker)
        _ = try store.write(key, record.text, ifVersion: try store.read(key)?.version)
    }

    func setBackError(_ journal: GrantJournal, _ store: some Store) -> StoreError? {
        do throws(StoreError) {
            try journal.verify(store)
            return nil
        } catch {
            #expect(error.code == .setBack && error.exitCode == 78)
            return error
        }
    }

    // MARK: - What was granted before this run

    /// Of a daemon in whose state directory these grants are.
    func journal(_ grants: [Grant], _ storeID: UInt64 = 77, _ name: String = "memory:a") throws -> GrantJournal {
        let state = try StateDirectory(path: directory.path + "/\(UUID().uuidString)")
        let files = try grants.map { try state.takeSlot(address: $0.address) }
        for (file, grant) in zip(files, grants) { try file.write(grant) }
        return try GrantJournal(context(storeID, name), storage: state)
    }

    @Test func aStoreThatKnowsAsMuchOrMoreIsFine() throws {
        let store = MemoryStore()
        try put(store, 2, limit: 1000, generation: 4)
        for (limit, generation) in [(1000, 4), (999, 4), (1000, 3), (1, 1)] as [(UInt64, UInt64)] {
            #expect(setBackError(try journal([grant(2, limit: limit, generation: generation)]), store) == nil)
        }
        #expect(setBackError(try GrantJournal(context()), MemoryStore()) == nil)
    }

    @Test func aStoreThatKnowsLessIsRefusedWithBothTimesAndWhatToDo() throws {
        let store = MemoryStore()
        try put(store, 2, limit: 1000, generation: 4)
        let lower = setBackError(try journal([grant(2, limit: 1001, generation: 4)]), store)
        for words in ["memory:a", "worker 2", "T1000", "T1001", "firn store repair --store memory:a"] {
            #expect(lower?.message.contains(words) == true, "\(words) in \(lower?.message ?? "nothing")")
        }
        #expect(setBackError(try journal([grant(2, limit: 1000, generation: 5)]), store) != nil)
        let gone = setBackError(try journal([grant(3, limit: 1)]), store)
        #expect(gone?.message.contains("no record workers/3") == true)
    }

    /// Only an operator's word that a holder is dead lowers a limit with a new generation.
    @Test func aWorkerReleasedByAnOperatorIsNoRestoredStore() throws {
        let store = MemoryStore()
        try put(store, 2, limit: 1000, generation: 4)
        let present = try WorkerRecord(key: "workers/2", text: try #require(try store.read("workers/2")).value)
        let release = WorkerRelease(worker: 2, record: present, isHolderDead: true)
        let moment = StoreInstant(tick: 500, unixMilliseconds: 500)
        #expect(try release.perform(store, by: holder(5), at: moment) == .released(freeFromTick: 1000))
        #expect(setBackError(try journal([grant(2, limit: 1000, generation: 4)]), store) == nil)
    }

    /// A restored store has lost what was written last, by whomever; an older grant may well be in it.
    @Test func theNewestOfManyMemoriesDecides() throws {
        let store = MemoryStore()
        try put(store, 1, limit: 500)
        try put(store, 2, limit: 400)
        let remembered = [grant(1, limit: 500, version: 1), grant(2, limit: 450, version: 9)]
        #expect(setBackError(try journal(remembered), store) != nil)
        #expect(setBackError(try journal(remembered.reversed()), store) != nil)
        #expect(setBackError(try journal([remembered[0]]), store) == nil)
    }

    @Test func anotherStoreInTheSamePlaceIsRefused() throws {
        let store = MemoryStore()
        try put(store, 2, limit: 9999)
        let error = setBackError(try journal([grant(2, limit: 1000)], 78), store)
        #expect(error?.message.contains("another one (000000000000004e)") == true)
        #expect(error?.message.contains("(000000000000004d)") == true)
        // One that was moved is still itself; and another store's journal is nobody's business elsewhere.
        #expect(setBackError(try journal([grant(2, limit: 1000)], 77, "memory:b"), store) == nil)
        #expect(setBackError(try journal([grant(2, limit: 99999)], 77, "memory:b"), store) != nil)
        #expect(setBackError(try journal([grant(2, limit: 99999)], 78, "memory:b"), store) == nil)
    }

    @Test func aFloorAboveWhatIsKnownSettlesIt() throws {
        let store = MemoryStore()
        let same = try journal([grant(2, limit: 1000)])
        let other = try journal([grant(2, limit: 1000)], 78)
        for journal in [same, other] { #expect(setBackError(journal, store) != nil) }
        for (floor, isEnough) in [(999, false), (1000, true)] as [(UInt64, Bool)] {
            let limit = StoreInstant(tick: floor, unixMilliseconds: floor)
            _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
            for journal in [same, other] { #expect((setBackError(journal, store) == nil) == isEnough) }
        }
    }

    /// The neighbour stops in order while this one starts: between the look at its file and the look at the store.
    @Test func aNeighbourThatGivesItsWorkerBackIsNotMistakenForARestoredStore() throws {
        let state = try StateDirectory(path: directory.path + "/state")
        let store = MemoryStore()
        let neighbour = try GrantJournal(context(), storage: state)
        let held = try claim(claims(store, neighbour), .fixed(2), at: 1000)
        try neighbour.persist()
        let starting = try GrantJournal(context(), storage: state)
        let isFirst = OnceFlag()
        let leaving = claims(store, neighbour)
        store.onOperation { operation, key in
            guard operation == .read, key == "workers/2", isFirst.take() else { return }
            let moment = StoreInstant(tick: 1010, unixMilliseconds: 1010)
            #expect(leaving.release(held, firstUnusedTick: 1011, at: moment) == .released(limit: 1011))
        }
        #expect(setBackError(starting, store) == nil)
        // And what it had is not this one's to insist on later.
        #expect(setBackError(starting, store) == nil)
    }

    // MARK: - While it runs

    /// The store is replaced by a copy of itself as it was, with the daemon running.
    @Test func aStoreRestoredUnderARunningDaemonIsRefusedUntilItIsRepaired() throws {
        let store = MemoryStore()
        let journal = try GrantJournal(context())
        let claims = claims(store, journal)
        var held = try claim(claims, .fixed(2), at: 1000)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        held = try extend(claims, held, to: 1040)
        held = try extend(claims, held, to: 1050)
        store.state.withLock { ($0.records, $0.lastVersion) = copy }

        var random = SeededGenerator(seed: 1)
        let moment = StoreInstant(tick: 1030, unixMilliseconds: 1030)
        #expect(claims.extend(held, toLimit: 1060, at: moment, using: &random).isLost)
        for rule in [ClaimRule.any(excluding: []), .fixed(2), .fixed(0)] {
            let error = #expect(throws: StoreError.self) { try claims.claim(rule, at: moment, using: &random) }
            #expect(error?.code == .setBack)
        }
        let limit = StoreInstant(tick: 1050, unixMilliseconds: 1050)
        _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
        #expect(try claims.claim(.any(excluding: []), at: moment, using: &random) == .belowFloor(untilTick: 1050))
        let again = try claim(claims, .fixed(2), at: 1050)
        #expect(again.firstTick >= 1050)
        _ = try extend(claims, again, to: again.limit + 10)
    }

    /// Where versions do not fall with the records, as when only rows are put back, a claim notices; and from then on
    /// nothing else is written either, such as a sequence's block.
    @Test func whatAClaimFoundMissingStopsEveryWrite() throws {
        let store = MemoryStore()
        let journal = try GrantJournal(context())
        let claims = claims(store, journal)
        let detector = RollbackDetectingStore(store, journal: journal)
        var held = try claim(claims, .fixed(2), at: 1000)
        let copy = store.state.withLock { $0.records }
        held = try extend(claims, held, to: 1040)
        store.state.withLock { $0.records = copy }

        var random = SeededGenerator(seed: 1)
        let moment = StoreInstant(tick: 1030, unixMilliseconds: 1030)
        #expect(throws: StoreError.self) { try claims.claim(.fixed(0), at: moment, using: &random) }
        let error = #expect(throws: StoreError.self) { try detector.write("sequences/a", "1", ifVersion: nil) }
        #expect(error?.code == .setBack)
        let limit = StoreInstant(tick: 1040, unixMilliseconds: 1040)
        _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
        _ = try claim(claims, .fixed(2), at: 1040)
        #expect(try detector.write("sequences/a", "1", ifVersion: nil) != .conflict)
    }

    /// Somebody else has used the copy meanwhile, so that the worker itself looks right; the store's version does not.
    @Test(arguments: [false, true]) func aVersionThatComesAgainIsNoticed(_ atAWrite: Bool) throws {
        let store = MemoryStore()
        let journal = try GrantJournal(context())
        let claims = claims(store, journal)
        let detector = RollbackDetectingStore(store, journal: journal)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        var held = try claim(claims, .fixed(2), at: 1000)
        for limit in 1031...1040 as ClosedRange<UInt64> { held = try extend(claims, held, to: limit) }
        store.state.withLock { ($0.records, $0.lastVersion) = copy }
        try put(store, 2, limit: 1070, generation: 2)

        if atAWrite {
            let error = #expect(throws: StoreError.self) { try detector.write("sequences/a", "x", ifVersion: nil) }
            #expect(error?.code == .setBack && error?.message.contains("restored") == true)
        } else {
            #expect(setBackError(journal, store)?.message.contains("version 1") == true)
        }
        // Nobody of this daemon writes any more, and nothing is claimed, until somebody has seen to it.
        let version = store.state.withLock { $0.lastVersion }
        #expect(throws: StoreError.self) { try detector.write("sequences/b", "x", ifVersion: nil) }
        #expect(store.state.withLock { $0.lastVersion } == version)
        #expect(setBackError(journal, store) != nil)
        let limit = StoreInstant(tick: 1040, unixMilliseconds: 1040)
        _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
        #expect(setBackError(journal, store) == nil)
        #expect(try detector.write("sequences/b", "x", ifVersion: nil).version != nil)
    }

    /// Without a grant, as a daemon that waits for a worker and gives out tickets: only a new repair is one.
    @Test func aDaemonWithoutAWorkerWaitsForTheRepairToo() throws {
        let store = MemoryStore()
        let limit = StoreInstant(tick: 500, unixMilliseconds: 500)
        let earlier = FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1)
        _ = try earlier.raise(store)
        let journal = try GrantJournal(context())
        let detector = RollbackDetectingStore(store, journal: journal)
        #expect(setBackError(journal, store) == nil)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        for name in ["a", "b", "c"] { _ = try detector.write("sequences/\(name)", "x", ifVersion: nil) }
        store.state.withLock { ($0.records, $0.lastVersion) = copy }
        #expect(throws: StoreError.self) { try detector.write("sequences/a", "x", ifVersion: nil) }
        for _ in 0..<3 { #expect(setBackError(journal, store) != nil) }
        // The same floor once more.
        _ = try earlier.raise(store)
        #expect(setBackError(journal, store) == nil)
        #expect(try detector.write("sequences/b", "x", ifVersion: nil).version != nil)
    }

    /// What others write to the restored store hides what it lacks; the daemon that saw it stays with it.
    @Test func whatWasFoundMissingIsNotForgottenWhenOthersHideIt() throws {
        let store = MemoryStore()
        let journal = try GrantJournal(context())
        let claims = claims(store, journal)
        var held = try claim(claims, .fixed(2), at: 1000)
        let copy = store.state.withLock { $0.records }
        held = try extend(claims, held, to: 1040)
        store.state.withLock { $0.records = copy }
        #expect(setBackError(journal, store) != nil)
        try put(store, 2, limit: 1070, generation: 2)
        #expect(setBackError(journal, store) != nil)
        #expect(journal.setBackError != nil)
        let limit = StoreInstant(tick: 1040, unixMilliseconds: 1040)
        _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
        #expect(setBackError(journal, store) == nil)
        #expect(journal.setBackError == nil)
    }

    /// A daemon that was stopped in order after the copy was made: its own record is there, with a higher limit than it kept.
    @Test func aRestoredRecordOfOnesOwnIsNotTakenForOneThatWasGivenBack() throws {
        let store = MemoryStore()
        let state = try StateDirectory(path: directory.path + "/state")
        let leaving = try GrantJournal(context(), storage: state)
        let claims = claims(store, leaving)
        var held = try claim(claims, .fixed(2), at: 1000)
        let copy = store.state.withLock { $0.records }
        held = try extend(claims, held, to: 1040)
        try leaving.persist()
        let moment = StoreInstant(tick: 1012, unixMilliseconds: 1012)
        #expect(claims.release(held, firstUnusedTick: 1013, at: moment) == .released(limit: 1013))
        #expect(setBackError(try journal(try state.grants()), store) == nil)
        // Others may have written so much meanwhile that the version tells nothing.
        store.state.withLock { $0.records = copy }
        #expect(setBackError(try journal(try state.grants()), store) != nil)
    }

    @Test func anEmptiedOrExchangedStoreIsNoticedWhileTheDaemonRuns() throws {
        let store = MemoryStore()
        let first = try LayoutRecord.check(store, layout: "L")
        let context = GrantJournal.Context(
            storeName: "memory:a",
            layout: "L",
            unixMilliseconds: { $0 },
            text: { "T\($0)" }
        )
        let journal = try GrantJournal(context)
        journal.identified(as: first)
        #expect(setBackError(journal, store) == nil)
        let records = store.state.withLock { $0.records }
        store.state.withLock { $0.records = [:] }
        #expect(setBackError(journal, store)?.message.contains("was emptied") == true)
        let second = try LayoutRecord.check(store, layout: "L")
        #expect(second != first)
        #expect(setBackError(journal, store)?.message.contains("another one") == true)
        store.state.withLock { $0.records = records }
        #expect(setBackError(journal, store) == nil)
        store.state.withLock { $0.records = [:] }
        _ = try LayoutRecord.check(store, layout: "another")
        let error = #expect(throws: StoreError.self) { try journal.verify(store) }
        #expect(error?.code == .layoutDiffers)
    }

    @Test func writesOfSeveralThreadsAreNotMistakenForIt() throws {
        let store = MemoryStore()
        let detector = RollbackDetectingStore(store, journal: try GrantJournal(context()))
        onThreads(8) { index in
            for turn in 0..<200 {
                #expect(throws: Never.self) { try detector.write("k/\(index)/\(turn)", "x", ifVersion: nil) }
            }
        }
    }

    /// A claim that read the floor before it was raised, and wrote after it was.
    @Test func aFloorRaisedInTheMiddleOfAClaimIsSeen() throws {
        let store = MemoryStore()
        let isFirst = OnceFlag()
        store.onOperation { operation, key in
            guard operation == .write, key == "workers/2", isFirst.take() else { return }
            let limit = StoreInstant(tick: 2000, unixMilliseconds: 2000)
            _ = try? FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
        }
        let claims = claims(store, try GrantJournal(context()))
        var random = SeededGenerator(seed: 1)
        let moment = StoreInstant(tick: 1000, unixMilliseconds: 1000)
        #expect(try claims.claim(.fixed(2), at: moment, using: &random) == .belowFloor(untilTick: 2000))
    }

    // MARK: - Across runs

    @Test func whatWasGrantedOutlivesTheDaemonAndTheNextTakesItOver() throws {
        let state = try StateDirectory(path: directory.path + "/state")
        let store = MemoryStore()
        var journal: GrantJournal? = try GrantJournal(context(), storage: state)
        let held = try claim(claims(store, journal!), .fixed(2), at: 1000)
        try journal?.persist()
        #expect(try state.grants().map(\.limit.tick) == [held.limit])
        #expect(try state.grants().map(\.worker) == [2])

        // Another daemon beside it, on another worker: a file of its own.
        let second = try GrantJournal(context(), storage: state)
        _ = try claim(claims(store, second, instance: 2), .fixed(3), at: 1100)
        try second.persist()
        #expect(try state.grants().map(\.worker) == [2, 3])

        journal = nil
        var next: GrantJournal? = try GrantJournal(context(), storage: state)
        #expect(setBackError(next!, MemoryStore()) != nil)
        // It stays with that; the next run sees that the right store is back.
        #expect(setBackError(next!, store) != nil)
        next = nil
        next = try GrantJournal(context(), storage: state)
        #expect(setBackError(next!, store) == nil)
        _ = try claim(claims(store, next!, instance: 3), .fixed(2), at: 1200)
        try next?.persist()
        #expect(try state.grants().map(\.limit.tick) == [1230, 1130], "the first file was taken over")
    }

    @Test func aFloorOnlyRises() throws {
        let store = MemoryStore()
        for (tick, expected) in [(5, 5), (3, 5), (9, 9)] as [(UInt64, UInt64)] {
            let limit = StoreInstant(tick: tick, unixMilliseconds: tick)
            let floor = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: 1).raise(store)
            #expect(floor.limit.tick == expected)
            #expect(try FloorRecord.read(store) == floor)
        }
    }
}
