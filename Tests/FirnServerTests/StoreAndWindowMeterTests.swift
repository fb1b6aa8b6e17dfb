import FirnEngine
import FirnLayout
import FirnStore
import FirnWindows
import Logging
import Testing

@testable import FirnServer

/// What is counted of the store, and what the thread that keeps the windows lets others see.
@Suite struct StoreAndWindowMeterTests {
    @Test func aStoresCallsAreCountedByWhatCameOfThem() throws {
        let memory = MemoryStore()
        let meter = StoreMeter()
        let store = MeteredStore(memory, meter: meter)
        #expect(meter.reading.lastAnswerUnixNanoseconds == nil && !meter.reading.isFailing)
        #expect(try store.read("layout") == nil)
        _ = try store.write("layout", "x", ifVersion: nil)
        #expect(try store.write("layout", "y", ifVersion: nil) == .conflict)
        #expect(try store.list(prefix: "").map(\.value) == ["x"])
        #expect(!meter.reading.isFailing)
        memory.isAvailable = false
        #expect(throws: StoreError.self) { try store.read("layout") }
        #expect(throws: StoreError.self) { try store.write("layout", "z", ifVersion: 1) }
        let reading = meter.reading
        #expect(reading.outcomes[.read] == ["ok": 1, "unavailable": 1])
        #expect(reading.outcomes[.write] == ["ok": 1, "conflict": 1, "unavailable": 1])
        #expect(reading.outcomes[.list] == ["ok": 1])
        #expect(reading.latencies[.read]?.count == 2 && reading.latencies[.write]?.count == 3)
        #expect(reading.isFailing)
        #expect(reading.lastError?.message.contains("switched off") == true)
        memory.isAvailable = true
        _ = try store.read("layout")
        #expect(!meter.reading.isFailing, "it has answered since")
        #expect(meter.reading.lastError != nil, "but what it said is still known")
    }

    /// Each is counted, with its own outcome; the store gets one call.
    @Test func readsAndWritesOfOneCallAreCountedEach() throws {
        let counter = CountingStore()
        let meter = StoreMeter()
        let store = MeteredStore(counter, meter: meter)
        let keys = ["a", "b", "c"]
        #expect(store.write(keys.map { StoreWrite(key: $0, value: "x", ifVersion: nil) }).count == 3)
        _ = store.write([
            StoreWrite(key: "a", value: "y", ifVersion: nil), StoreWrite(key: "d", value: "y", ifVersion: nil),
        ])
        #expect(store.read(keys).count == 3)
        counter.memory.isAvailable = false
        #expect(store.read(keys).count == 3)
        let reading = meter.reading
        #expect(reading.outcomes[.write] == ["ok": 4, "conflict": 1])
        #expect(reading.outcomes[.read] == ["ok": 3, "unavailable": 3])
        #expect(reading.latencies[.read]?.count == 6 && reading.latencies[.write]?.count == 5)
        #expect(reading.isFailing && counter.calls == 4)
    }

    @Test func theMeterFollowsTheWindows() throws {
        let memory = MemoryStore()
        let layout = Layout.snowflake
        let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
        let clock = TickClock(layout: layout, source: time)
        let meter = WindowMeter(places: 1)
        let claims = WorkerClaims(
            store: memory,
            holder: Holder(host: "test", pod: nil, pid: 1, instance: 1),
            maximumWorker: 1023,
            maximumTick: layout.maximumTick,
            windowTicks: 3_000,
            journal: nil
        )
        memory.isAvailable = false
        let renewer = WindowRenewer(
            slots: [WorkerSlot()],
            rule: .fixed(17),
            claims: claims,
            clock: clock,
            layout: layout,
            shardsPerWorker: 1,
            availability: Availability(),
            meter: meter,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        renewer.advance()
        let before = try #require(meter.reading.places.first)
        #expect(before.holding == nil)
        #expect(before.obstacle?.contains("no worker can be claimed") == true)
        #expect(before.storeError != nil)
        #expect(meter.reading.clock == ClockSteering(offsetNanoseconds: 0, isSlewing: false))

        memory.isAvailable = true
        time.advance(nanoseconds: 2_000_000_000)
        renewer.advance()
        let now = clock.now().tick
        let held = try #require(meter.reading.places.first)
        #expect(held.holding?.worker == 17 && held.holding?.generation == 1)
        #expect(held.holding?.limitTick == now + 3_000)
        #expect(held.obstacle == nil && held.storeError == nil)

        // The store is away: the window stays what it is, and then is over.
        memory.isAvailable = false
        time.advance(nanoseconds: 2_000_000_000)
        renewer.advance()
        #expect(meter.reading.places.first?.holding == held.holding)
        #expect(meter.reading.places.first?.obstacle == nil)
        #expect(meter.reading.places.first?.storeError != nil)
        time.advance(nanoseconds: 2_000_000_000)
        renewer.advance()
        #expect(meter.reading.places.first?.obstacle?.contains("ended at") == true)
    }
}
