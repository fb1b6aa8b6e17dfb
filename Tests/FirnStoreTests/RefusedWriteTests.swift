import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// A write that was refused is never in doubt: what it was to bring is not used, though the record shows it.
@Suite struct RefusedWriteTests {
    let store = MemoryStore()
    let journal: GrantJournal

    init() throws {
        journal = try GrantJournal(
            GrantJournal.Context(storeID: 1, storeName: "memory", unixMilliseconds: { $0 }, text: { "T\($0)" })
        )
    }

    var detector: RollbackDetectingStore { RollbackDetectingStore(store, journal: journal) }
    var copy: (records: [String: StoredValue], version: UInt64) {
        store.state.withLock { ($0.records, $0.lastVersion) }
    }

    func restore(_ copy: (records: [String: StoredValue], version: UInt64)) {
        store.state.withLock { ($0.records, $0.lastVersion) = (copy.records, copy.version) }
    }

    // MARK: - Sequences

    @Test func aBlockFromAStoreThatWasSetBackIsNotTaken() throws {
        var random = SeededGenerator(seed: 1)
        let claims = SequenceClaims(store: detector, holder: holder(1))
        func take(after doubt: SequenceDoubt? = nil) -> SequenceBlockOutcome {
            claims.takeBlock("a", count: 10, for: .tickets, orCreate: .plain, after: doubt, using: &random)
        }
        guard case .taken = take() else { return #expect(Bool(false)) }
        let old = copy
        guard case .taken(let forgotten) = take() else { return #expect(Bool(false)) }
        restore(old)
        // The write is applied, with values that were given before.
        guard case .failed(let error, let doubt) = take() else { return #expect(Bool(false)) }
        #expect(error.code == .setBack && doubt == nil)
        let stored = try #require(try claims.readSequence("a"))
        #expect(stored.record.reserved == forgotten.values.last)
        guard case .failed = take(after: doubt) else { return #expect(Bool(false)) }
    }

    @Test func aSequenceMadeInAStoreThatWasSetBackIsNotReportedAsMade() throws {
        var random = SeededGenerator(seed: 1)
        let claims = SequenceClaims(store: detector, holder: holder(1))
        let old = copy
        guard case .created = claims.create("a", .plain, using: &random) else { return #expect(Bool(false)) }
        restore(old)
        guard case .failed(let error) = claims.create("a", .plain, using: &random) else {
            return #expect(Bool(false))
        }
        #expect(error.code == .setBack)
    }

    // MARK: - Workers

    func claims(_ instance: UInt64 = 1) -> WorkerClaims {
        WorkerClaims(
            store: detector,
            holder: holder(instance),
            maximumWorker: 1,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
    }

    func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }

    /// The restore comes between the look before a claim and its write.
    @Test func aClaimInAStoreThatWasSetBackMeanwhileFails() throws {
        var random = SeededGenerator(seed: 1)
        let old = copy
        let held = try #require(try claims().claim(.fixed(0), at: at(1000), using: &random).held)
        #expect(claims().release(held, firstUnusedTick: 1001, at: at(1001)) == .released(limit: 1001))
        let isFirst = OnceFlag()
        store.onOperation { [unowned store] operation, _ in
            guard operation == .write, isFirst.take() else { return }
            store.state.withLock { ($0.records, $0.lastVersion) = (old.records, old.version) }
        }
        let error = #expect(throws: StoreError.self) { try claims().claim(.fixed(1), at: at(1100), using: &random) }
        #expect(error?.code == .setBack)
        #expect(try store.read("workers/1") != nil, "the claim was written all the same")
        #expect(throws: StoreError.self) { try claims().claim(.fixed(1), at: at(1200), using: &random) }
    }

    /// It comes after the write, before the answer: the claim is forgotten with the rest.
    @Test func aClaimThatLosesItsStoreBeforeTheAnswerOpensNothing() throws {
        var random = SeededGenerator(seed: 1)
        let old = copy
        _ = try claims().claim(.fixed(0), at: at(1000), using: &random)
        let writes = OnceFlag()
        store.onOperation { [unowned store] operation, key in
            // The first call after the write.
            if operation == .write { return }
            guard key == FloorRecord.key, store.state.withLock({ $0.records["workers/1"] }) != nil, writes.take()
            else { return }
            store.state.withLock { ($0.records, $0.lastVersion) = (old.records, old.version) }
        }
        let error = #expect(throws: StoreError.self) { try claims().claim(.fixed(1), at: at(1000), using: &random) }
        #expect(error?.code == .setBack)
    }

    /// A claim's write that got no answer arrives in the restored store.
    @Test func aLateWriteInAStoreThatWasSetBackIsNotReadBackAsOurs() throws {
        var random = SeededGenerator(seed: 1)
        let old = copy
        let held = try #require(try claims().claim(.fixed(0), at: at(1000), using: &random).held)
        _ = claims().extend(held, toLimit: 1040, at: at(1010), using: &random)
        store.delayNextWrites(1)
        guard case .inDoubt(let doubtful, _) = try claims().claim(.fixed(1), at: at(1010), using: &random) else {
            return #expect(Bool(false))
        }
        restore(old)
        store.deliverDelayedWrites()
        guard case .setBack = claims().reconcile(doubtful) else { return #expect(Bool(false)) }
        #expect(journal.setBackError != nil)
    }

    /// Our record's version was given to another holder's record.
    @Test func anotherHoldersRecordAtOurVersionIsNotOverwritten() throws {
        var random = SeededGenerator(seed: 1)
        let old = copy
        let held = try #require(try claims().claim(.fixed(0), at: at(1000), using: &random).held)
        restore(old)
        let other = WorkerClaims(
            store: store,
            holder: holder(2),
            maximumWorker: 1,
            maximumTick: 1 << 40,
            windowTicks: 30
        )
        let others = try #require(try other.claim(.fixed(0), at: at(1005), using: &random).held)
        #expect(others.version == held.version)
        #expect(claims().extend(held, toLimit: 1040, at: at(1010), using: &random).held == nil)
        #expect(claims().release(held, firstUnusedTick: 1011, at: at(1010)) != .released(limit: 1011))
        #expect(other.reconcile(others).held == others)
    }
}
