import FirnTestSupport
import Testing

@testable import FirnStore

/// A worker taken from its holder by an operator: whoever still has it, no tick is used by two.
@Suite struct WorkerReleaseTests {
    let store = MemoryStore()
    let moment = StoreInstant(tick: 1000, unixMilliseconds: 1000)

    func claims(_ instance: UInt64) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: 3,
            maximumTick: 1 << 40,
            windowTicks: 30
        )
    }

    func claim(_ instance: UInt64, at tick: UInt64) throws -> HeldWorker? {
        var random = SeededGenerator(seed: instance)
        return try claims(instance).claim(
            .fixed(2),
            at: StoreInstant(tick: tick, unixMilliseconds: tick),
            using: &random
        )
        .held
    }

    func record() throws -> WorkerRecord {
        try WorkerRecord(key: "workers/2", text: try #require(try store.read("workers/2")).value)
    }

    func release(_ record: WorkerRecord, isHolderDead: Bool) throws -> WorkerRelease.Outcome {
        try WorkerRelease(worker: 2, record: record, isHolderDead: isHolderDead)
            .perform(store, by: holder(99), at: moment)
    }

    @Test func aHolderThatLivesIsFencedAndNobodyOverlapsWithIt() throws {
        let held = try #require(try claim(1, at: 1000))
        #expect(try release(try record(), isHolderDead: false) == .released(freeFromTick: held.limit))
        #expect(try record().generation == held.generation + 1)
        var random = SeededGenerator(seed: 1000)
        let outcome = claims(1).extend(held, toLimit: held.limit + 10, at: moment, using: &random)
        guard case .lost = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(try claim(2, at: held.limit - 1) == nil)
        #expect(try #require(try claim(2, at: held.limit)).firstTick >= held.limit)
    }

    /// It extends all the time, also between the operator's look and the write.
    @Test func aHolderThatExtendsIsFencedAllTheSame() throws {
        let seen = try #require(try claim(1, at: 1000))
        let shown = try record()
        var random = SeededGenerator(seed: 1000)
        guard case .holding(let extended) = claims(1).extend(seen, toLimit: 1040, at: moment, using: &random) else {
            Issue.record("not extended")
            return
        }
        #expect(try release(shown, isHolderDead: false) == .released(freeFromTick: extended.limit))
    }

    @Test func whoWritesIsNotDead() throws {
        let held = try #require(try claim(1, at: 1000))
        let shown = try record()
        var random = SeededGenerator(seed: 1000)
        _ = claims(1).extend(held, toLimit: 1040, at: moment, using: &random)
        #expect(try release(shown, isHolderDead: true) == .heldBy(holder(1)))
        #expect(try record().limit == 1040 && record().generation == held.generation)
    }

    /// The limit no longer stands in the way of other daemons' clocks, and nobody begins below it all the same.
    @Test func whatWasGrantedStaysUnusedWhoeverIsDead() throws {
        let held = try #require(try claim(1, at: 9000))
        #expect(try release(try record(), isHolderDead: true) == .released(freeFromTick: held.limit))
        let released = try record()
        #expect(released.limit == 1001 && released.used == held.limit)
        #expect(try claims(2).checkClock(nowTick: 1001, allowedTicks: 0) == .plausible)
        var random = SeededGenerator(seed: 2)
        for tick in [1001, 5000, held.limit - 1] {
            let moment = StoreInstant(tick: tick, unixMilliseconds: tick)
            let fixed = try claims(2).claim(.fixed(2), at: moment, using: &random)
            #expect(fixed == .usedAhead(worker: 2, untilTick: held.limit))
            let any = try claims(2).claim(.any(excluding: [0, 1, 3]), at: moment, using: &random)
            #expect(any == .noneFree(freeAtTick: held.limit, TakenWorkers(held: 3, usedAhead: 1)))
        }
        #expect(try #require(try claims(3).claim(.any(excluding: []), at: moment, using: &random).held).worker != 2)
        let next = try #require(try claim(4, at: held.limit))
        #expect(next.firstTick == held.limit && next.generation == held.generation + 2)
        #expect(try record().used == nil, "its limit says all again")
    }

    @Test func aWorkerReleasedTwiceKeepsTheHighest() throws {
        let held = try #require(try claim(1, at: 9000))
        let shown = try record()
        _ = try release(shown, isHolderDead: true)
        let later = StoreInstant(tick: 1500, unixMilliseconds: 1500)
        let again = WorkerRelease(worker: 2, record: try record(), isHolderDead: true)
        #expect(try again.perform(store, by: holder(99), at: later) == .wasUsed(freeFromTick: held.limit))
        // While it is still held by the command, so to say: up to the tick after the release.
        #expect(try release(try record(), isHolderDead: true) == .released(freeFromTick: held.limit))
        #expect(try release(try record(), isHolderDead: false) == .released(freeFromTick: held.limit))
        #expect(try record().freeFrom == held.limit)
    }

    @Test func anotherHolderIsLeftAlone() throws {
        _ = try claim(1, at: 960)
        let shown = try record()
        _ = try claim(2, at: 995)
        for isHolderDead in [false, true] {
            #expect(try release(shown, isHolderDead: isHolderDead) == .heldBy(holder(2)))
        }
        #expect(try record().holder == holder(2))
    }

    @Test func whatIsFreeIsLeftAlone() throws {
        _ = try claim(1, at: 900)
        let before = try record()
        for isHolderDead in [false, true] { #expect(try release(before, isHolderDead: isHolderDead) == .wasFree) }
        #expect(try record() == before)
    }

    @Test func aSkippedSequenceGoesOnAfterwards() throws {
        let claims = SequenceClaims(store: store, holder: holder(1))
        var random = SeededGenerator(seed: 1000)
        let odd = try SequenceParameters(kind: .plain, increment: 2, offset: 1, start: nil, maximum: 99)
        guard case .created = claims.create("odd", odd, using: &random) else {
            Issue.record("not made")
            return
        }
        #expect(try SequenceSkip.perform(store, name: "odd", count: 0) == 1)
        #expect(try SequenceSkip.perform(store, name: "odd", count: 10) == 21)
        #expect(try SequenceSkip.perform(store, name: "odd", count: 1000) == nil)
        #expect(try SequenceSkip.perform(store, name: "odd", count: 1) == nil)
        #expect(try SequenceSkip.perform(store, name: "none", count: 1) == nil)
    }
}
