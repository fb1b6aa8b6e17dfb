import FirnEngine
import FirnLayout
import Logging
import Synchronization
import Testing

@testable import FirnServer
@testable import FirnStore
@testable import FirnWindows

/// A daemon with several workers.
@Suite struct SeveralWorkersTests {
    private struct World {
        let store = MemoryStore()
        let journal: GrantJournal
        let slots = [WorkerSlot(), WorkerSlot(), WorkerSlot()]
        let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
        let renewer: WindowRenewer

        /// The workers are claimed 100 ms apart, so that each step extends one of them.
        init() throws {
            // Not through self, which is not whole before the end.
            let store = store
            store.onOperation { [time] operation, key in
                if operation == .write, key.hasPrefix(WorkerRecord.keyPrefix) { time.advance(nanoseconds: 100_000_000) }
            }
            defer { store.onOperation(nil) }
            let layout = Layout.snowflake
            let clock = TickClock(layout: layout, source: time)
            journal = try GrantJournal(
                GrantJournal.Context(
                    storeID: try LayoutRecord.check(store, layout: layout.name),
                    storeName: "memory",
                    layout: layout.name,
                    unixMilliseconds: { $0 },
                    text: { "\($0)" }
                )
            )
            let claims = WorkerClaims(
                store: RollbackDetectingStore(store, journal: journal),
                holder: Holder(host: "test", pod: nil, pid: 1, instance: 1),
                maximumWorker: 1023,
                maximumTick: layout.maximumTick,
                windowTicks: 3_000,
                journal: journal
            )
            renewer = WindowRenewer(
                slots: slots,
                rule: .auto,
                claims: claims,
                clock: clock,
                layout: layout,
                shardsPerWorker: 1,
                availability: Availability(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Counts the calls to the store that are made while a space is open although the store is known to be set back.
        func countLateCalls() -> Counter {
            let counter = Counter()
            store.onOperation { [journal, slots] _, _ in
                let isOpen = slots.contains { $0.current().space != nil }
                if journal.setBackError != nil, isOpen { counter.late.wrappingAdd(1, ordering: .relaxed) }
            }
            return counter
        }
    }

    private final class Counter: Sendable {
        let late = Atomic(0)
        let isDropped = Atomic(false)
        var lateCalls: Int { late.load(ordering: .relaxed) }
        var wasDropped: Bool { isDropped.load(ordering: .relaxed) }
    }

    /// Found by the simulator, seed 1036: one worker's write showed that the store had been set back, and the others gave
    /// out IDs until that worker's next calls to the store had ended.
    @Test func allAreClosedBeforeTheStoreIsCalledAgain() throws {
        let world = try World()
        world.renewer.advance()
        #expect(world.slots.allSatisfy { $0.current().space != nil })
        let copy = world.store.state.withLock { ($0.records, $0.lastVersion) }
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        world.store.state.withLock { ($0.records, $0.lastVersion) = copy }
        let counter = world.countLateCalls()
        // All are due.
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        #expect(world.journal.setBackError != nil)
        #expect(world.slots.allSatisfy { $0.current().space == nil })
        #expect(counter.lateCalls == 0)
    }

    /// Found by the simulator, seed 633: what was held of sequences was given out until the step's last call had ended.
    @Test func sequencesAreDroppedBeforeTheStoreIsCalledAgain() throws {
        let world = try World()
        let counter = Counter()
        world.renewer.storeSetBack = { counter.isDropped.store(true, ordering: .relaxed) }
        world.renewer.advance()
        let copy = world.store.state.withLock { ($0.records, $0.lastVersion) }
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        #expect(!counter.wasDropped)
        world.store.state.withLock { ($0.records, $0.lastVersion) = copy }
        world.store.onOperation { [journal = world.journal] _, _ in
            guard journal.setBackError != nil, !counter.isDropped.load(ordering: .relaxed) else { return }
            counter.late.wrappingAdd(1, ordering: .relaxed)
        }
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        #expect(counter.wasDropped)
        #expect(counter.lateCalls == 0)
    }

    /// Found by the simulator, seed 3159: a sequence's write had shown it, and a worker whose extension was on its way stayed
    /// open while another one was claimed.
    @Test func theOneThatIsBeingExtendedIsClosedAsWell() throws {
        let world = try World()
        world.renewer.advance()
        let copy = world.store.state.withLock { ($0.records, $0.lastVersion) }
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        world.store.state.withLock { ($0.records, $0.lastVersion) = copy }
        let counter = Counter()
        world.store.onOperation {
            [unowned store = world.store, journal = world.journal, slots = world.slots] operation, key in
            if journal.setBackError != nil, slots.contains(where: { $0.current().space != nil }) {
                counter.late.wrappingAdd(1, ordering: .relaxed)
            }
            guard operation == .write, key.hasPrefix(WorkerRecord.keyPrefix),
                !counter.isDropped.exchange(true, ordering: .relaxed)
            else { return }
            _ = try? RollbackDetectingStore(store, journal: journal).write("another", "1", ifVersion: nil)
            store.failNext(1)
        }
        world.time.advance(nanoseconds: 1_200_000_000)
        world.renewer.advance()
        #expect(world.journal.setBackError != nil)
        #expect(world.slots.allSatisfy { $0.current().space == nil })
        #expect(counter.lateCalls == 0)
    }

    /// Seed 1072: another store is in place of the daemon's own. The first worker is found to be lost, and only the claim of
    /// another one shows why.
    @Test func noneStaysOpenAfterTheStepThatFoundIt() throws {
        let world = try World()
        world.renewer.advance()
        let other = MemoryStore()
        try LayoutRecord.check(other, layout: Layout.snowflake.name)
        let wrong = other.state.withLock { ($0.records, $0.lastVersion) }
        world.store.state.withLock { ($0.records, $0.lastVersion) = wrong }
        // Only the first is due, 1,000 ms after its claim.
        world.time.advance(nanoseconds: 750_000_000)
        world.renewer.advance()
        #expect(world.journal.setBackError != nil)
        #expect(world.slots.allSatisfy { $0.current().space == nil })
    }
}
