import FirnLayout
import FirnTestSupport
import Testing

@testable import firn

/// From when on a layout's IDs are above another system's.
struct AdoptedFloorTests {
    private func tick(above ids: UInt64..., of layout: Layout? = nil, in target: Layout) throws -> UInt64 {
        try AdoptedFloor(above: ids.map(FirnID.init(rawValue:)), of: layout, in: target).tick
    }

    @Test(arguments: [Layout.snowflake, .sonyflake, .discord, .safe53]) func aLayoutsOwnIDIsOfTheTickBefore(
        _ layout: Layout
    ) throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            let position = UInt64.random(in: 0..<layout.maximumPosition - (1 << 30), using: &random)
            let id = layout.makeID(position: position, worker: .random(in: 0...layout.maximumWorker, using: &random))
            let tick = try tick(above: id.rawValue, in: layout)
            #expect(tick == position >> UInt64(layout.sequenceBits) + 1)
            #expect(try self.tick(above: id.rawValue, of: layout, in: layout) == tick)
            #expect(layout.makeID(position: tick << UInt64(layout.sequenceBits), worker: 0) > id)
        }
    }

    /// A table's counter is far below any such ID.
    @Test func aCounterNeedsHardlyATick() throws {
        #expect(try tick(above: 5_000_000, in: .snowflake) == 2)
        #expect(try tick(above: 0, in: .snowflake) == 1)
    }

    /// Of several IDs the one counts that asks for most.
    @Test func theHighestCounts() throws {
        #expect(try tick(above: 5 << 22, 9 << 22 | 77, 7 << 22, in: .snowflake) == 10)
        let ids = [FirnID(rawValue: 5 << 22), FirnID(rawValue: 4 << 22)]
        let floor = try AdoptedFloor(above: ids, of: nil, in: .snowflake)
        #expect(floor.id.rawValue == 5 << 22)
    }

    /// Sonyflake's IDs are smaller than Snowflake's of the same time: with its layout their time counts.
    @Test func theTimeOfAnotherLayoutCounts() throws {
        let sonyflake = try Layout(parsing: "sonyflake")
        let old = try sonyflake.makeID(time: 38_000_000_000, worker: 9, sequence: 3)
        let bySize = try tick(above: old.rawValue, in: .snowflake)
        let byTime = try tick(above: old.rawValue, of: sonyflake, in: .snowflake)
        #expect(bySize < byTime)
        let end = sonyflake.time(ofTick: 38_000_000_001)
        #expect(Layout.snowflake.time(ofTick: byTime) >= end && Layout.snowflake.time(ofTick: byTime - 1) < end)
        // The other way round, size is what counts.
        let new = Layout.snowflake.makeID(position: 400_000_000_000 << 12, worker: 0)
        let lowest = try tick(above: new.rawValue, of: .snowflake, in: sonyflake)
        #expect(lowest << 24 > new.rawValue && (lowest - 1) << 24 <= new.rawValue)
        #expect(sonyflake.time(ofTick: lowest) > Layout.snowflake.time(ofTick: 400_000_000_000))
    }

    @Test func constantBitsCount() throws {
        let target = try Layout(parsing: "region:4=5,time:40ms@2025-01-01T00:00:00Z,worker:8,sequence:12")
        #expect(try tick(above: 17, in: target) == 0)
        #expect(try tick(above: 5 << 60 | 8 << 20 | 3, in: target) == 9)
    }

    @Test func whatNoIDIsAboveIsRefused() {
        let past = #expect(throws: Refusal.self) { try tick(above: 1 << 63, in: .snowflake) }
        #expect(past?.message.contains("another layout") == true)
        let none = #expect(throws: Refusal.self) { try tick(above: 1 << 63, of: .snowflake, in: .discord) }
        #expect(none?.message.contains("none of the layout snowflake") == true)
    }
}
