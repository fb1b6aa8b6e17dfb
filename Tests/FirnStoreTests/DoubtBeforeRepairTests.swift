import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// A write that got no answer, arrives in a store that was restored, and is there when the store has been repaired.
@Suite struct DoubtBeforeRepairTests {
    private let store = MemoryStore()
    private let journal: GrantJournal
    private let claims: WorkerClaims
    /// An extension of worker 0 from tick 130 to 140 was in doubt. What the daemon read in between is above its version.
    private let doubtful: HeldWorker

    init() throws {
        var random = SeededGenerator(seed: 1)
        journal = try GrantJournal(
            GrantJournal.Context(
                storeID: try LayoutRecord.check(store, layout: "L"),
                storeName: "memory",
                layout: "L",
                unixMilliseconds: { $0 },
                text: { "T\($0)" }
            )
        )
        let detector = RollbackDetectingStore(store, journal: journal)
        claims = WorkerClaims(
            store: detector,
            holder: holder(1),
            maximumWorker: 0,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
        let now = StoreInstant(tick: 100, unixMilliseconds: 100)
        let held = try #require(try claims.claim(.fixed(0), at: now, using: &random).held)
        journal.granted(held)
        let copy = store.state.withLock { ($0.records, $0.lastVersion) }
        for name in ["a", "b", "c"] { _ = try detector.write(name, "1", ifVersion: nil) }
        store.delayNextWrites(1)
        guard case .inDoubt(let doubtful, _) = claims.extend(held, toLimit: 140, at: now, using: &random) else {
            throw Unexpected()
        }
        self.doubtful = doubtful
        store.state.withLock { ($0.records, $0.lastVersion) = copy }
        store.deliverDelayedWrites()
        let floor = StoreInstant(tick: 130, unixMilliseconds: 130)
        _ = try FloorRecord(limit: floor, host: "operator", raisedAtUnixMilliseconds: 1).raise(store)
        try journal.verify(detector)
    }

    private struct Unexpected: Error {}

    /// Found by the simulator, seed 6348: it was refused each time as one of a store that was set back, so that the daemon
    /// claimed no worker any more.
    @Test func itsRecordIsClaimedWhenItsTimeHasPassed() throws {
        var random = SeededGenerator(seed: 2)
        let now = StoreInstant(tick: 140, unixMilliseconds: 140)
        let held = try #require(try claims.claim(.fixed(0), at: now, using: &random).held)
        #expect(held.firstTick == 140)
        #expect(held.generation == 2)
        #expect(journal.setBackError == nil)
    }

    /// Between the copy and the restore, another daemon may have used what it took.
    @Test func whatItTookIsNotUsed() throws {
        guard case .lost(let record) = claims.reconcile(doubtful) else {
            return #expect(Bool(false), "\(claims.reconcile(doubtful))")
        }
        #expect(record?.limit == 140)
    }

    /// A write that is sent after the repair is used as any other.
    @Test func aLaterWriteInDoubtIsUsed() throws {
        var random = SeededGenerator(seed: 2)
        let now = StoreInstant(tick: 140, unixMilliseconds: 140)
        let held = try #require(try claims.claim(.fixed(0), at: now, using: &random).held)
        store.loseNextAnswers(1)
        guard case .inDoubt(let next, _) = claims.extend(held, toLimit: 180, at: now, using: &random),
            case .holding(let known) = claims.reconcile(next)
        else { throw Unexpected() }
        #expect(known.limit == 180)
    }
}
