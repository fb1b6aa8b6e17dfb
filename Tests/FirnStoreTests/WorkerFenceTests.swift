import FirnTestSupport
import Testing

@testable import FirnStore

/// What a repair does to holders that rest or stood still: none of them goes on below the floor.
@Suite struct WorkerFenceTests {
    let store = MemoryStore()

    func claims(_ instance: UInt64) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: 300,
            maximumTick: 1 << 40,
            windowTicks: 30
        )
    }

    func claim(_ worker: UInt32, by instance: UInt64, at tick: UInt64 = 1000) throws -> HeldWorker {
        var random = SeededGenerator(seed: instance)
        let moment = StoreInstant(tick: tick, unixMilliseconds: tick)
        return try #require(try claims(instance).claim(.fixed(worker), at: moment, using: &random).held)
    }

    func extend(_ held: HeldWorker, by instance: UInt64, to limit: UInt64) -> HoldOutcome {
        var random = SeededGenerator(seed: instance &+ 1000)
        return claims(instance).extend(
            held,
            toLimit: limit,
            at: StoreInstant(tick: limit - 30, unixMilliseconds: limit - 30),
            using: &random
        )
    }

    func fence(_ workers: [UInt32], at tick: UInt64 = 2000) throws -> StoreReport.Worker? {
        try WorkerFence.perform(
            store,
            workers,
            by: Holder(host: "here", pod: Holder.operatorPod, pid: 1, instance: 99),
            at: StoreInstant(tick: tick, unixMilliseconds: tick)
        )
    }

    func raiseFloor(to tick: UInt64) throws {
        _ = try FloorRecord(
            limit: StoreInstant(tick: tick, unixMilliseconds: tick),
            host: "here",
            raisedAtUnixMilliseconds: 2000,
            skippedValues: 0
        )
        .raise(store)
    }

    @Test func aHolderWhoseWindowHasEndedGoesOnOnlyAtTheFloor() throws {
        let numbers = (0..<250).map(UInt32.init)
        let held = try numbers.map { try claim($0, by: UInt64($0) + 1) }
        try raiseFloor(to: 5000)
        #expect(try fence(numbers) == nil)
        for (number, held) in zip(numbers, held) {
            let instance = UInt64(number) + 1
            guard case .lost = extend(held, by: instance, to: 2100) else { throw Held(worker: number) }
            var random = SeededGenerator(seed: 1)
            let moment = StoreInstant(tick: 2100, unixMilliseconds: 2100)
            let outcome = try claims(instance).claim(.fixed(number), at: moment, using: &random)
            #expect(outcome == .belowFloor(untilTick: 5000))
        }
        #expect(try claim(7, by: 8, at: 5000).firstTick >= 5000)
    }

    /// It was at rest when the repair looked, and extended before its record was written.
    @Test func aHolderThatExtendsMeanwhileIsNamed() throws {
        let held = try claim(7, by: 1)
        try raiseFloor(to: 5000)
        guard case .holding = extend(held, by: 1, to: 2100) else { throw Held(worker: 7) }
        let found = try #require(try fence([5, 7]))
        #expect(found.number == 7 && found.record.limit == 2100 && found.record.holder == holder(1))
    }

    @Test func whatNobodyHoldsIsLeftAsItIs() throws {
        let held = try claim(7, by: 1)
        _ = claims(1).release(held, firstUnusedTick: 1001, at: StoreInstant(tick: 1001, unixMilliseconds: 1001))
        let version = try store.highestVersion()
        #expect(try fence([7]) == nil)
        #expect(try fence([7]) == nil)
        #expect(try store.highestVersion() == version)
        _ = try claim(8, by: 1)
        #expect(try fence([7, 8]) == nil && store.highestVersion() > version + 1)
        let fenced = try store.highestVersion()
        #expect(try fence([7, 8]) == nil && store.highestVersion() == fenced, "once is enough")
    }

    private struct Held: Error {
        var worker: UInt32
    }
}
