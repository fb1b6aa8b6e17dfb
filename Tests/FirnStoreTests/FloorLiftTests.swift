import FirnTestSupport
import Testing

@testable import FirnStore

/// A floor above the IDs of another system.
@Suite struct FloorLiftTests {
    private static func floor(_ tick: UInt64, repairedAt time: UInt64 = 0, skipping count: UInt64 = 0) -> FloorRecord {
        FloorRecord(
            limit: StoreInstant(tick: tick, unixMilliseconds: tick),
            host: "h",
            raisedAtUnixMilliseconds: time,
            skippedValues: count
        )
    }

    @Test(arguments: StoreUnderTest.allCases) func itOnlyRises(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        for (tick, expected) in [(5, 5), (3, 5), (5, 5), (9, 9)] as [(UInt64, UInt64)] {
            #expect(try Self.floor(tick).lift(store).limit.tick == expected)
            #expect(try FloorRecord.read(store)?.limit.tick == expected)
        }
        let version = try store.highestVersion()
        _ = try Self.floor(8).lift(store)
        #expect(try store.highestVersion() == version, "nothing was written")
    }

    @Test func noClaimBeginsBelowIt() throws {
        let store = MemoryStore()
        _ = try Self.floor(2000).lift(store)
        let claims = WorkerClaims(
            store: store,
            holder: holder(1),
            maximumWorker: 3,
            maximumTick: 1 << 40,
            windowTicks: 30
        )
        var random = SeededGenerator(seed: 1)
        func claim(_ tick: UInt64) throws -> ClaimOutcome {
            try claims.claim(.any(excluding: []), at: StoreInstant(tick: tick, unixMilliseconds: tick), using: &random)
        }
        #expect(try claim(1999) == .belowFloor(untilTick: 2000))
        #expect(try claim(2000).held?.firstTick == 2000)
    }

    /// A daemon that found its store set back waits for a repair, which skips what sequences gave out.
    @Test func itIsNoRepair() throws {
        let store = MemoryStore()
        let grant = Grant(
            address: 1,
            storeID: 77,
            worker: 2,
            generation: 1,
            limit: StoreInstant(tick: 1000, unixMilliseconds: 1000),
            version: 1
        )
        let context = GrantJournal.Context(
            storeID: 77,
            storeName: "memory:a",
            unixMilliseconds: { $0 },
            text: { "T\($0)" }
        )
        let journal = GrantJournal(context, remembering: grant)
        #expect(throws: StoreError.self) { try journal.verify(store) }
        _ = try Self.floor(5000).lift(store)
        #expect(throws: StoreError.self) { try journal.verify(store) }
        _ = try Self.floor(3000, repairedAt: 1, skipping: 10).raise(store)
        #expect(try journal.verify(store)?.limit.tick == 5000)
        _ = try Self.floor(6000).lift(store)
        #expect(try FloorRecord.read(store) == Self.floor(6000, repairedAt: 1, skipping: 10))
    }

    /// Found by fuzzing: it was read, and is never written.
    @Test func aNumberOfSkippedValuesIsLeftOutAndNot0() throws {
        let text = "floor/1 limit=5 until=6 host=a raised=7"
        #expect(try FloorRecord(text: text).text == text)
        #expect(try FloorRecord(text: text + " skip=1").text == text + " skip=1")
        #expect(throws: StoreError.self) { try FloorRecord(text: text + " skip=0") }
    }
}
