import Synchronization
import Testing

@testable import FirnStore

/// Two threads of a daemon compare the store with its journal at the same time.
@Suite struct ReadingsAtOnceTests {
    /// One thread's reading is answered while the other's is on its way, and the store is restored between the two.
    @Test func aRestoreBetweenTheReadingsOfTwoThreadsIsSeen() throws {
        let store = MemoryStore()
        let journal = try RightStoreTests.journal(of: store)
        let detector = RollbackDetectingStore(store, journal: journal)
        try journal.verify(detector)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        store.put("a", "1")
        let readings = Atomic(0)
        store.onOperation { [unowned store, unowned detector] _, key in
            guard key.isEmpty, readings.wrappingAdd(1, ordering: .relaxed).newValue == 1 else { return }
            // The other thread's.
            #expect(throws: Never.self) { try detector.highestVersion() }
            store.state.withLock { ($0.records, $0.lastVersion) = copy }
        }
        let error = #expect(throws: StoreError.self) { try journal.verify(detector) }
        #expect(error?.code == .setBack)
        store.onOperation(nil)
        for name in ["b", "c", "d"] { store.put(name, "1") }
        #expect(throws: StoreError.self) { try journal.verify(detector) }
    }

    /// Of two readings at the same time, the lower one may only have been the first.
    @Test func theEarlierOfTwoReadingsAtOnceIsNoRestore() throws {
        let store = MemoryStore()
        let journal = try RightStoreTests.journal(of: store)
        let detector = RollbackDetectingStore(store, journal: journal)
        // Its answer is overtaken by a later one.
        try journal.verify(
            OvertakenStore(store) {
                store.put("a", "1")
                #expect(throws: Never.self) { try detector.highestVersion() }
            }
        )
        #expect(journal.setBackError == nil)
        try journal.verify(detector)
    }

    /// Found by the simulator, seed 41871: one thread had written to the repaired store while another one compared it with the
    /// journal. It was restored once more before its version was read, which then counted as that of the repair.
    @Test(arguments: [false, true]) func aRestoreWhileARepairIsBeingFoundIsSeen(_ isFoundByAnother: Bool) throws {
        let store = MemoryStore()
        let journal = try RightStoreTests.journal(of: store)
        let detector = RollbackDetectingStore(store, journal: journal)
        for name in ["a", "b", "c", "d"] { store.put(name, "1") }
        try journal.verify(detector)
        try RightStoreTests.repair(store, floor: 100)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        let isDone = Atomic(false)
        store.onOperation { [unowned store, unowned detector] _, key in
            // The first one after the floor was read.
            guard key == LayoutRecord.key, !isDone.exchange(true, ordering: .relaxed) else { return }
            #expect(throws: Never.self) { try detector.write("e", "1", ifVersion: nil) }
            store.state.withLock { ($0.records, $0.lastVersion) = copy }
            if isFoundByAnother { #expect(throws: Never.self) { try journal.verify(store) } }
        }
        let error = #expect(throws: StoreError.self) { try journal.verify(detector) }
        #expect(error?.code == .setBack)
        store.onOperation(nil)
        for name in ["e", "f", "g"] { store.put(name, "1") }
        #expect(throws: StoreError.self) { try journal.verify(detector) }
    }

    /// Found by the simulator, seed 72201: the same, and the write was answered after the repair had been found.
    @Test func aWriteThatABegunComparisonOvertookIsMissed() throws {
        let store = MemoryStore()
        let journal = try RightStoreTests.journal(of: store)
        let detector = RollbackDetectingStore(store, journal: journal)
        try journal.verify(detector)
        try RightStoreTests.repair(store, floor: 100)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        let began = Mutex<GrantJournal.Moment?>(nil)
        store.onOperation { _, key in
            // After the floor was read.
            if key == LayoutRecord.key { began.withLock { $0 = $0 ?? journal.moment } }
        }
        try journal.verify(detector)
        store.onOperation(nil)
        store.put("e", "1")
        try journal.wrote("e", "1", version: store.highestVersion(), after: try #require(began.withLock { $0 }))
        store.state.withLock { ($0.records, $0.lastVersion) = copy }
        let error = #expect(throws: StoreError.self) { try journal.verify(detector) }
        #expect(error?.code == .setBack)
    }

    /// Found by the simulator, seed 33854: a comparison that began before another thread found the repair ended after it, and
    /// forgot what had been granted since.
    @Test func aGrantAfterARepairOutlastsAnEarlierComparison() throws {
        let store = MemoryStore()
        let journal = try RightStoreTests.journal(of: store)
        try journal.verify(store)
        try RightStoreTests.repair(store, floor: 100)
        try journal.verify(
            OvertakenStore(store) {
                #expect(throws: Never.self) { try journal.verify(store) }
                let record = WorkerRecord(
                    generation: 1,
                    limit: 300,
                    holder: holder(1),
                    writeToken: 1,
                    renewedAtUnixMilliseconds: 0
                )
                store.put(WorkerRecord.key(0), record.text)
                journal.granted(HeldWorker(worker: 0, generation: 1, version: 3, firstTick: 100, limit: 300))
            }
        )
        #expect(journal.highest?.limit.tick == 300)
    }
}

/// A store whose first reading of the version has its answer held back, while this is done.
private final class OvertakenStore: Store {
    private let store: MemoryStore
    private let meanwhile: Mutex<(@Sendable () -> Void)?>

    init(_ store: MemoryStore, _ meanwhile: @escaping @Sendable () -> Void) {
        self.store = store
        self.meanwhile = Mutex(meanwhile)
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        let version = try store.highestVersion()
        let action = meanwhile.withLock { meanwhile in
            defer { meanwhile = nil }
            return meanwhile
        }
        action?()
        return version
    }

    func read(_ key: String) throws(StoreError) -> StoredValue? { try store.read(key) }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] { try store.list(prefix: prefix) }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try store.list(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
    }
}
