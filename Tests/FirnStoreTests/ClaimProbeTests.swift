import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// What a claim of any worker costs, and how evenly it chooses.
@Suite struct ClaimProbeTests {
    private static let now = StoreInstant(tick: 1000, unixMilliseconds: 1000)

    private func claims(_ store: any Store, _ maximumWorker: UInt32 = 65_535) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: holder(1),
            maximumWorker: maximumWorker,
            maximumTick: 1 << 40,
            windowTicks: 100
        )
    }

    private func claim(
        _ store: any Store,
        _ maximumWorker: UInt32 = 65_535,
        excluding: Set<UInt32> = [],
        using random: inout SeededGenerator
    ) throws -> ClaimOutcome {
        try claims(store, maximumWorker).claim(.any(excluding: excluding), at: Self.now, using: &random)
    }

    @Test func aStartReadsTheSameNumberOfRecordsHoweverManyWorkersAreHeld() throws {
        let held = (0..<UInt32(65_536)).filter { $0 % 64 >= 5 }
        #expect(held.count > 60_000)
        let empty = CountingStore(MemoryStore())
        let full = CountingStore(MemoryStore(held: held, limit: 1100))
        for seed in 0..<UInt64(25) {
            var random = SeededGenerator(seed: seed)
            let inEmpty = CountingStore(MemoryStore())
            #expect(try claim(inEmpty, using: &random).held != nil)
            // The floor before and after, and one batch of four.
            #expect(inEmpty.take() == CountingStore.Counts(reads: 3, lists: 0, writes: 1, records: 6))
            #expect(try claim(full, using: &random).held != nil)
            let counts = full.take()
            #expect(counts.reads <= 5 && counts.lists == 0 && counts.writes == 1 && counts.records <= 86, "\(counts)")
        }
        #expect(try claims(empty).checkClock(nowTick: 1000, allowedTicks: 0) == .plausible)
        #expect(empty.take() == CountingStore.Counts(reads: 0, lists: 1, writes: 0, records: 0))
        // Nobody has testified, and the first records are of this time.
        #expect(try claims(full).checkClock(nowTick: 1000, allowedTicks: 0) == .plausible)
        #expect(full.take() == CountingStore.Counts(reads: 1, lists: 1, writes: 0, records: 65))
    }

    @Test func theLastFreeWorkerIsFoundInAList() throws {
        var random = SeededGenerator(seed: 1)
        let all = (0...UInt32(4_999))
        let store = CountingStore(MemoryStore(held: all.filter { $0 != 4_321 }, limit: 1100))
        #expect(try claim(store, 4_999, using: &random).held?.worker == 4_321)
        let taken = TakenWorkers(held: 5_000)
        let counts = store.take()
        #expect(counts.lists == 5 && counts.writes == 1, "\(counts)")
        #expect(try claim(store, 4_999, using: &random) == .noneFree(freeAtTick: 1100, taken))
        #expect(try claim(store, 4_999, excluding: [4_321], using: &random) == .noneFree(freeAtTick: 1100, taken))
    }

    /// A layout that is not larger than the probes is not listed.
    @Test func aSmallLayoutIsProbedWhole() throws {
        var random = SeededGenerator(seed: 1)
        let store = CountingStore(MemoryStore(held: 0...63, limit: 1100))
        #expect(try claim(store, 63, using: &random) == .noneFree(freeAtTick: 1100, TakenWorkers(held: 64)))
        #expect(store.take() == CountingStore.Counts(reads: 4, lists: 0, writes: 0, records: 65))
    }

    /// Chi-square: each of the free workers is claimed about as often as any other, by the probes and by the list.
    @Test(arguments: [(100, 50, 10_000, 85.4), (1000, 5, 400, 18.5)])
    func everyFreeWorkerIsEquallyLikely(_ workers: Int, _ free: Int, _ claims: Int, _ bound: Double) throws {
        var random = SeededGenerator(seed: 3)
        let freeWorkers = Set((0..<UInt32(workers)).shuffled(using: &random).prefix(free))
        let held = (0..<UInt32(workers)).filter { !freeWorkers.contains($0) }
        let records = MemoryStore(held: held, limit: 1100).state.withLock { $0.records }
        var counts: [UInt32: Int] = [:]
        for _ in 0..<claims {
            let store = MemoryStore(records: records, lastVersion: UInt64(held.count))
            counts[try #require(try claim(store, UInt32(workers - 1), using: &random).held).worker, default: 0] += 1
        }
        #expect(Set(counts.keys) == freeWorkers)
        let expected = Double(claims) / Double(free)
        let deviation = counts.values.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // Exceeded by one even distribution in a thousand.
        #expect(deviation < bound, "\(counts)")
    }

    @Test func excludedWorkersAreNeverRead() throws {
        var random = SeededGenerator(seed: 5)
        let store = MemoryStore()
        let excluded = Set((0..<UInt32(100)).filter { $0 % 3 != 0 })
        store.onOperation { _, key in
            if let worker = try? WorkerRecord.worker(ofKey: key) { #expect(!excluded.contains(worker)) }
        }
        var workers: Set<UInt32> = []
        while let held = try claim(store, 99, excluding: excluded, using: &random).held { workers.insert(held.worker) }
        #expect(workers == Set((0..<UInt32(100)).filter { $0 % 3 == 0 }))
    }

    /// Three of the first four are snatched between the reads and the write.
    @Test func aClaimThatIsLostTriesAnotherOfTheBatch() throws {
        var random = SeededGenerator(seed: 7)
        let memory = MemoryStore()
        let store = CountingStore(memory)
        let rivals = (0..<3).map { _ in OnceFlag() }
        let stolen = MemoryStore(held: [9], limit: 1100).state.withLock { $0.records["workers/9"]!.value }
        memory.onOperation { [unowned memory] operation, key in
            guard operation == .write, rivals.contains(where: { $0.take() }) else { return }
            memory.state.withLock { state in
                state.lastVersion += 1
                state.records[key] = StoredValue(value: stolen, version: state.lastVersion)
            }
        }
        #expect(try claim(store, using: &random).held != nil)
        #expect(store.take() == CountingStore.Counts(reads: 3, lists: 0, writes: 4, records: 6))
    }

    @Test func drawsAreDistinctAndEveryWorkerIsDrawn() {
        var random = SeededGenerator(seed: 9)
        for maximum in [0, 1, 5, 300] as [UInt32] {
            for excluded in [[], [0], [maximum], [0, 2, 3, 900]] as [Set<UInt32>] {
                var draw = WorkerDraw(maximumWorker: maximum, excluding: excluded)
                let drawn = draw.next(1000, using: &random)
                #expect(Set(drawn) == Set(0...maximum).subtracting(excluded) && Set(drawn).count == drawn.count)
                #expect(draw.isExhausted)
            }
        }
        var wide = WorkerDraw(maximumWorker: .max, excluding: [.max])
        #expect(Set(wide.next(500, using: &random)).count == 500)
    }
}
