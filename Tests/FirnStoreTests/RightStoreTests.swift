import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// Another store was in place of a daemon's own, and the right one is back.
@Suite struct RightStoreTests {
    /// Found by the simulator, seed 1140: the record that the write had left was refused as one of a store that was set back,
    /// also while the store was compared with the journal, so that the daemon never found the right store again.
    @Test func aWriteInDoubtDoesNotHideThatTheRightStoreIsBack() throws {
        var random = SeededGenerator(seed: 1)
        let store = MemoryStore()
        let journal = try GrantJournal(
            GrantJournal.Context(
                storeID: try LayoutRecord.check(store, layout: "L"),
                storeName: "memory",
                layout: "L",
                unixMilliseconds: { $0 },
                text: { "T\($0)" }
            )
        )
        let claims = WorkerClaims(
            store: RollbackDetectingStore(store, journal: journal),
            holder: holder(1),
            maximumWorker: 0,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
        let now = StoreInstant(tick: 100, unixMilliseconds: 100)
        guard case .claimed(let held) = try claims.claim(.fixed(0), at: now, using: &random) else {
            return #expect(Bool(false))
        }
        journal.granted(held)
        store.loseNextAnswers(1)
        guard case .inDoubt = claims.extend(held, toLimit: 140, at: now, using: &random) else {
            return #expect(Bool(false))
        }

        let right = store.state.withLock { ($0.records, $0.lastVersion) }
        let other = MemoryStore()
        try LayoutRecord.check(other, layout: "L")
        let wrong = other.state.withLock { ($0.records, $0.lastVersion) }
        store.state.withLock { ($0.records, $0.lastVersion) = wrong }
        let error = #expect(throws: StoreError.self) { try claims.claim(.fixed(0), at: now, using: &random) }
        #expect(error?.code == .setBack)

        store.state.withLock { ($0.records, $0.lastVersion) = right }
        guard case .held(_, let untilTick) = try claims.claim(.fixed(0), at: now, using: &random) else {
            return #expect(Bool(false))
        }
        #expect(untilTick == 140)
        #expect(journal.setBackError == nil)
    }

    /// Found by the simulator, seed 4460: the other store was put in place between the reading of the store's ID and that of
    /// its version, and the daemon took the right one for a restored copy when that was back.
    @Test func anExchangeDuringTheComparisonIsNotTakenForARestore() throws {
        let store = MemoryStore()
        let storeID = try LayoutRecord.check(store, layout: "L")
        let journal = try GrantJournal(
            GrantJournal.Context(
                storeID: storeID,
                storeName: "memory",
                layout: "L",
                unixMilliseconds: { $0 },
                text: { "T\($0)" }
            )
        )
        _ = try store.write("a", "1", ifVersion: nil)
        _ = try store.write("b", "1", ifVersion: nil)
        try journal.verify(store)

        let right = store.state.withLock { ($0.records, $0.lastVersion) }
        let other = MemoryStore()
        try LayoutRecord.check(other, layout: "L")
        let wrong = other.state.withLock { ($0.records, $0.lastVersion) }
        store.onOperation { [store] _, key in
            // The version is read with no key, after the layout.
            if key.isEmpty { store.state.withLock { ($0.records, $0.lastVersion) = wrong } }
        }
        let error = #expect(throws: StoreError.self) { try journal.verify(store) }
        #expect(error?.message.contains("is another one") == true, "\(error.map { "\($0)" } ?? "none")")

        store.onOperation(nil)
        store.state.withLock { ($0.records, $0.lastVersion) = right }
        try journal.verify(store)
        #expect(journal.setBackError == nil)
    }
}
