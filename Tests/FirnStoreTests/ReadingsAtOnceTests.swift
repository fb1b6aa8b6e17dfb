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
