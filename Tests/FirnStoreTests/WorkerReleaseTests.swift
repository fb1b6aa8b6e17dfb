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

    @Test func theDeadOnesWorkerIsFreeFromTheNextTick() throws {
        let held = try #require(try claim(1, at: 1000))
        #expect(try release(try record(), isHolderDead: true) == .released(freeFromTick: 1001))
        let next = try #require(try claim(2, at: 1001))
        #expect(next.firstTick == 1001 && next.generation == held.generation + 2)
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
        let odd = try SequenceDefinition(kind: .plain, increment: 2, offset: 1, start: nil, maximum: 99)
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
