import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnFiles
@testable import FirnStore

/// Stores that were set back by less than an extension: what was written last tells, and not the windows.
@Suite struct JournalVersionTests {
    let directory = TemporaryDirectory()

    static let context = GrantJournal.Context(
        storeID: 77,
        storeName: "sqlite:/a",
        unixMilliseconds: { $0 },
        text: { "T\($0)" }
    )

    func journal(_ state: StateDirectory? = nil) throws -> GrantJournal {
        try GrantJournal(Self.context, storage: state ?? StateDirectory(path: directory.path + "/state"))
    }

    func claims(_ store: MemoryStore, _ journal: GrantJournal, instance: UInt64 = 1) -> SequenceClaims {
        SequenceClaims(
            store: RollbackDetectingStore(store, journal: journal),
            holder: holder(instance),
            journal: journal
        )
    }

    @discardableResult
    func take(_ count: UInt64, _ claims: SequenceClaims, _ name: String = "a") throws -> SequenceRun {
        var random = SeededGenerator(seed: .random(in: 0 ... .max))
        let outcome = claims.takeBlock(
            name,
            count: count,
            for: .tickets,
            orCreate: .plain,
            after: nil,
            using: &random
        )
        guard case .taken(let block) = outcome else { throw NotTaken(outcome: outcome) }
        try claims.journal?.persist()
        return block.values
    }

    struct NotTaken: Error {
        let outcome: SequenceBlockOutcome
    }

    typealias Copy = (records: [String: StoredValue], version: UInt64)

    func copy(of store: MemoryStore) -> Copy { store.state.withLock { ($0.records, $0.lastVersion) } }

    func restore(_ copy: Copy, _ store: MemoryStore) {
        store.state.withLock { ($0.records, $0.lastVersion) = copy }
    }

    func refusal(_ journal: GrantJournal, _ store: MemoryStore) -> StoreError? {
        do throws(StoreError) {
            try journal.verify(store)
            return nil
        } catch {
            #expect(error.code == .setBack && error.exitCode == 78)
            return error
        }
    }

    func raiseFloor(_ store: MemoryStore, to tick: UInt64, at time: UInt64 = 1) throws {
        let limit = StoreInstant(tick: tick, unixMilliseconds: tick)
        _ = try FloorRecord(limit: limit, host: "h", raisedAtUnixMilliseconds: time).raise(store)
    }

    // MARK: - What is noticed

    /// No window tells it: no worker was ever held, or none was extended since the copy.
    @Test(arguments: [false, true]) func valuesReservedSinceTheCopyAreNotGivenAgain(_ hasWorker: Bool) throws {
        let store = MemoryStore()
        var journal: GrantJournal? = try journal()
        if hasWorker { try hold(store, journal!) }
        #expect(try take(600, claims(store, journal!)).last == 600)
        let backup = copy(of: store)
        #expect(try take(100, claims(store, journal!)).last == 700)
        journal = nil
        restore(backup, store)
        let next = try self.journal()
        let message = try #require(refusal(next, store)).message
        for words in [
            "restored from an older copy", "--skip-values", "firn store repair --store sqlite:/a",
        ] {
            #expect(message.contains(words), "\(words) in \(message)")
        }
        #expect(throws: NotTaken.self) { try take(5, claims(store, next)) }

        try raiseFloor(store, to: 1000)
        #expect(try SequenceSkip.perform(store, name: "a", count: 1000) == 1601)
        #expect(refusal(next, store) == nil)
        #expect(try take(5, claims(store, next)).first == 1601)
        // What was remembered of the time before is gone for those that come later, too.
        #expect(refusal(try self.journal(), store) == nil)
    }

    private func hold(_ store: MemoryStore, _ journal: GrantJournal) throws {
        let claims = WorkerClaims(
            store: RollbackDetectingStore(store, journal: journal),
            holder: holder(1),
            maximumWorker: 3,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
        var random = SeededGenerator(seed: .random(in: 0 ... .max))
        let moment = StoreInstant(tick: 100, unixMilliseconds: 100)
        let held = try #require(try claims.claim(.fixed(2), at: moment, using: &random).held)
        journal.granted(held)
        try journal.persist()
    }

    /// As an etcd that is restored with its revision raised, or that others write to as well.
    @Test func versionsThatRoseAllTheSameDoNotHideIt() throws {
        let store = MemoryStore()
        let journal = try journal()
        try take(10, claims(store, journal))
        var backup = copy(of: store)
        try take(10, claims(store, journal))
        backup.version += 1_000_000
        restore(backup, store)
        #expect(
            refusal(try GrantJournal(Self.context, storage: StateDirectory(path: directory.path + "/state")), store)
                != nil
        )
        #expect(refusal(journal, store) != nil, "a daemon that runs, too")
    }

    /// Somebody else's first write to the copy got the very version.
    @Test func theSameVersionOfAnotherValueIsNoticed() throws {
        let store = MemoryStore()
        let journal = try journal()
        try take(10, claims(store, journal))
        let backup = copy(of: store)
        try take(10, claims(store, journal))
        restore(backup, store)
        let stranger = SequenceClaims(store: store, holder: holder(9))
        try take(3, stranger)
        #expect(refusal(try self.journal(), store)?.message.contains("sequences/a") == true)
        try take(3, stranger)
        #expect(refusal(try self.journal(), store) == nil, "what nobody can notice: others wrote the record since")
    }

    /// The record that was written last is there; another daemon's is not.
    @Test func whatAnyDaemonOfTheHostRemembersCounts() throws {
        let store = MemoryStore()
        let state = try StateDirectory(path: directory.path + "/state")
        let (first, second) = (try journal(state), try journal(state))
        try take(10, claims(store, second, instance: 2), "b")
        let backup = copy(of: store)
        try take(10, claims(store, first), "a")
        restore(backup, store)
        _ = try store.write("other", "x", ifVersion: nil)
        _ = try store.write("other2", "x", ifVersion: nil)
        #expect(refusal(try journal(state), store)?.message.contains("sequences/a") == true)
    }

    @Test func aLowerVersionIsNoticedWhateverWasWritten() throws {
        let store = MemoryStore()
        let journal = try journal()
        let detector = RollbackDetectingStore(store, journal: journal)
        _ = try detector.write("layout", "1", ifVersion: nil)
        let backup = copy(of: store)
        _ = try detector.write("anything", "2", ifVersion: nil)
        try journal.persist()
        restore(backup, store)
        let message = try #require(refusal(try self.journal(), store)).message
        #expect(message.contains("is at version 1, which it had passed before"), "\(message)")
    }

    // MARK: - What is settled

    /// A floor that lies in the future since an earlier repair says nothing of what was given after it.
    @Test func anEarlierRepairSettlesNothing() throws {
        let store = MemoryStore()
        try raiseFloor(store, to: 5000, at: 100)
        let journal = try journal()
        #expect(refusal(journal, store) == nil)
        try take(10, claims(store, journal))
        let backup = copy(of: store)
        try take(10, claims(store, journal))
        restore(backup, store)
        #expect(refusal(try self.journal(), store) != nil)
        // By a clock that was set back, and to a time before the floor: it is a repair all the same.
        try raiseFloor(store, to: 1000, at: 50)
        #expect(try FloorRecord.read(store)?.limit.tick == 5000)
        #expect(refusal(try self.journal(), store) == nil)
    }

    // MARK: - The file

    @Test func whatManyThreadsWriteIsRememberedWhole() throws {
        let store = MemoryStore()
        let state = try StateDirectory(path: directory.path + "/state")
        let journal = try journal(state)
        onThreads(4) { index in
            for _ in 0..<25 {
                #expect(throws: Never.self) {
                    try take(3, claims(store, journal, instance: UInt64(index)), "s\(index)")
                }
            }
        }
        let grant = try #require(try state.grants().first)
        #expect(try grant.version == store.highestVersion())
        #expect(grant.newest?.version == grant.version && !grant.hasWorker)
    }

    @Test func theTextHoldsAllAndReadsWhatWasWrittenBefore() throws {
        var grant = Grant(
            address: 1,
            storeID: 2,
            worker: .max,
            generation: .max,
            limit: StoreInstant(tick: .max, unixMilliseconds: .max),
            version: .max
        )
        let plain = grant.text(serial: .max)
        #expect(!plain.contains("key=") && !plain.contains("repaired=") && !plain.contains("name="))
        #expect(try Grant.parsed(plain, path: "p").grant == grant)
        let key = "sequences/" + String(repeating: "x", count: 64)
        grant.newest = WrittenRecord(key: key, version: .max, content: .max)
        grant.repairedAtUnixMilliseconds = .max
        for (length, isKept) in [(100, true), (101, false)] {
            var context = Self.context
            context.storeName = "sqlite:/" + String(repeating: "d", count: length - 8)
            #expect((context.storedName != nil) == isKept)
            grant.storeName = context.storedName
            let text = grant.text(serial: .max)
            #expect(GrantFile.place(grant, serial: .max).count == GrantFile.placeLength)
            #expect(try Grant.parsed(text, path: "p").grant == grant)
        }
    }
}
