import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnEngine

/// Ticks that begin with another sequence number than 0.
@Suite struct FirstSequenceTests {
    private static let seeds: [UInt64] = [0, 1, 2, 17, .max]

    private static func slot(_ layout: Layout, seed: UInt64?, shards: Int = 1) -> WorkerSlot {
        let slot = WorkerSlot()
        slot.open {
            Space(
                layout: layout,
                worker: min(3, layout.maximumWorker),
                firstTick: $0,
                limit: .max,
                shards: shards,
                firstSequence: seed.map { .random(seed: $0) } ?? .zero
            )
        }
        return slot
    }

    /// One ID every 20 ms, as at 50 a second.
    private static func lonelyIDs(_ layout: Layout, seed: UInt64?, count: Int) -> [FirnID] {
        let shard = Shard(slot: slot(layout, seed: seed))
        let step = max(1, 20_000_000 / layout.tickNanoseconds)
        return (1...UInt64(count)).map { shard.nextID(now: 50_000_000 + $0 * step).value! }
    }

    /// How far `counts` are from being equal, in the variances that chance has (chi-square less its mean, by its deviation).
    private static func deviation(_ counts: [Int]) -> Double {
        let expected = Double(counts.reduce(0, +)) / Double(counts.count)
        let chiSquare = counts.map { (Double($0) - expected) * (Double($0) - expected) / expected }.reduce(0, +)
        let freedom = Double(counts.count - 1)
        return (chiSquare - freedom) / (2 * freedom).squareRoot()
    }

    private static func remainders(_ numbers: [UInt64], _ divisor: UInt64) -> [Int] {
        var counts = [Int](repeating: 0, count: Int(divisor))
        for number in numbers { counts[Int(number % divisor)] += 1 }
        return counts
    }

    @Test(arguments: seeds)
    func remaindersOfLonelyIDsAreSpread(seed: UInt64) {
        let ids = Self.lonelyIDs(.snowflake, seed: seed, count: 64_000).map(\.rawValue)
        for divisor in [2, 16, 64, 1000, 1021] as [UInt64] {
            #expect(abs(Self.deviation(Self.remainders(ids, divisor))) < 5, "by \(divisor)")
        }
        // What the default does, so that the measure is seen to measure.
        let plain = Self.lonelyIDs(.snowflake, seed: nil, count: 300).map(\.rawValue)
        #expect(plain.allSatisfy { $0 % 64 == 0 })
        #expect(Self.deviation(Self.remainders(plain, 64)) > 100)
    }

    /// Where the worker is below, it is what a power of two's remainder shows; the sequence is spread all the same.
    @Test(arguments: seeds)
    func theSequenceIsSpreadWhereItIsAboveTheWorker(seed: UInt64) {
        let ids = Self.lonelyIDs(.sonyflake, seed: seed, count: 64_000)
        let sequences = ids.map { Layout.sonyflake.decode($0).sequence! }
        #expect(sequences.allSatisfy { $0 < 128 })
        #expect(abs(Self.deviation(Self.remainders(sequences, 128))) < 5)
        #expect(abs(Self.deviation(Self.remainders(ids.map(\.rawValue), 1021))) < 5)
        #expect(Set(ids.map { $0.rawValue % 64 }) == [3])
    }

    @Test func ticksThatFollowOneAnotherDoNotFollowInTheirNumbers() {
        let numbers = (0..<10_000 as Range<UInt64>).map { FirstSequence.number(tick: $0, seed: 5, mask: 63) }
        var pairs = [Int](repeating: 0, count: 4096)
        for (first, second) in zip(numbers, numbers.dropFirst()) { pairs[Int(first * 64 + second)] += 1 }
        #expect(abs(Self.deviation(pairs)) < 5)
    }

    /// All of each tick but the first, of which half at least is there.
    @Test(arguments: [Layout.snowflake, .sonyflake, .discord, .of(sequence: 1), .of(sequence: 2), .of(sequence: 0)])
    func whoNeedsAllGetsAll(layout: Layout) {
        for seed in Self.seeds {
            let slot = Self.slot(layout, seed: seed, shards: 2)
            let shards = [Shard(slot: slot), Shard(slot: slot)]
            var taken: [UInt64] = []
            for tick in 1000..<1100 as Range<UInt64> {
                var count: UInt64 = 0
                var index = 0
                while let run = shards[index % 2].nextRun(upTo: 97, now: tick).value {
                    count += UInt64(run.count)
                    index += 1
                }
                taken.append(count)
            }
            #expect(taken[0] >= (layout.sequencesPerTick + 1) / 2)
            #expect(taken.dropFirst().allSatisfy { $0 == layout.sequencesPerTick })
        }
    }

    /// Any steady rate: what is asked for in a tick is there in it, but for a tick at the beginning.
    @Test(arguments: [1, 5, 60, 127, 128, 129, 190, 250, 255, 256] as [UInt32])
    func aSteadyRateWaitsForNoTick(rate: UInt32) {
        for seed in Self.seeds {
            let space = Self.slot(.sonyflake, seed: seed).current().space!
            var waits = 0
            for tick in 1...500 as ClosedRange<UInt64> {
                var left = UInt64(rate)
                while left > 0, let positions = space.claim(upTo: left, now: tick).positions {
                    left -= UInt64(positions.count)
                    #expect(positions.lowerBound >> 8 == tick && (positions.upperBound - 1) >> 8 == tick)
                }
                if left > 0 { waits += 1 }
            }
            #expect(waits <= 1, "seed \(seed)")
        }
    }

    @Test func withoutItNothingChanges() {
        let space = Self.slot(.of(sequence: 3), seed: nil).current().space!
        #expect(space.claim(upTo: 1, now: 5) == .positions(first: 40, count: 1))
        #expect(space.claim(upTo: 1, now: 9) == .positions(first: 72, count: 1))
    }

    @Test func atTheEndOfALayoutNothingWraps() {
        for layout in [Layout.of(time: 52, worker: 0, sequence: 12), .of(time: 1, worker: 0, sequence: 63), .snowflake]
        {
            for seed in 0..<50 as Range<UInt64> {
                let space = Self.slot(layout, seed: seed).current().space!
                let last = Space.endTick(of: layout) - 1
                let taken = space.claim(upTo: .max, now: last).positions
                #expect(taken?.upperBound == (last + 1) << UInt64(layout.sequenceBits))
                #expect(space.claim(upTo: 1, now: last) == .full(untilTick: last + 1))
                #expect(space.seal() == last + 1)
            }
        }
    }
}
