import FirnTestSupport
import Testing

@testable import FirnStore

/// How large blocks get, and how often the store is written, for a daemon alone with a store of 5 ms.
@Suite struct SequenceRateTests {
    struct Result {
        var writesPerSecond: Double
        var largestBlock: UInt64
        var heldAtEnd: UInt64
        var waits: Int
    }

    static let roundTrip: Int64 = 5_000_000

    /// `batch` values at a time, at even or random distances; the first fifth of the time is for finding the rate.
    static func simulate(rate: Double, batch: UInt32, seconds: Double, isRandom: Bool, maximumBlock: UInt64) -> Result {
        var random = SeededGenerator(seed: 1)
        var configuration = SequenceKeeper.Configuration()
        configuration.maximumBlock = maximumBlock
        var keeper = SequenceKeeper(configuration: configuration, jitterSeed: 1)
        var reserved: UInt64 = 0
        var answerAt: Int64?
        var asked: UInt64 = 0
        var waiting: [SequenceWait] = []
        var result = Result(writesPerSecond: 0, largestBlock: 0, heldAtEnd: 0, waits: 0)
        var writes = 0
        var now: Int64 = 0
        var nextCall: Int64 = 0
        let end = Int64(seconds * 1e9)
        func perform(_ action: SequenceAction) {
            guard case .takeBlock(let count, _) = action else { return }
            asked = count
            answerAt = now + roundTrip
            if now > end / 5 { writes += 1 }
            if now > end / 5 { result.largestBlock = max(result.largestBlock, count) }
        }
        while now < end {
            if let due = answerAt, due <= nextCall {
                now = due
                answerAt = nil
                var record = SequenceRecord(.plain, holder: holder(1), writeToken: 1)
                let values = SequenceRun(first: reserved + 1, count: asked, increment: 1)
                reserved = values.last
                record.reserved = reserved
                let block = SequenceBlock(name: "a", values: values, record: record, version: 1)
                perform(keeper.blockAnswered(.taken(block), now: now))
                let retried = waiting
                waiting = []
                for wait in retried {
                    let (outcome, action) = keeper.take(batch, after: wait, now: now)
                    perform(action)
                    if case .wait(let wait) = outcome { waiting.append(wait) }
                }
            } else {
                now = nextCall
                let mean = Double(batch) / rate * 1e9
                let factor = isRandom ? Double(UInt64.random(in: 0...2000, using: &random)) / 1000 : 1
                nextCall = now + max(1, Int64(mean * factor))
                let (outcome, action) = keeper.take(batch, now: now)
                perform(action)
                if case .wait(let wait) = outcome {
                    waiting.append(wait)
                    if now > end / 5 { result.waits += 1 }
                }
            }
        }
        result.writesPerSecond = Double(writes) / (seconds * 0.8)
        result.heldAtEnd = keeper.heldCount
        return result
    }

    @Test(arguments: [0.01, 0.1, 0.3, 1, 7, 100, 1000, 10_000, 100_000, 1_000_000], [false, true])
    func oneWriteInAboutTenSeconds(rate: Double, isRandom: Bool) {
        let batch: UInt32 = rate > 1000 ? UInt32(rate / 100) : 1
        let seconds = rate < 1 ? 20_000.0 : 500
        let result = Self.simulate(
            rate: rate,
            batch: batch,
            seconds: seconds,
            isRandom: isRandom,
            maximumBlock: 100_000_000
        )
        let aim = min(rate, 0.1)
        #expect(result.writesPerSecond < aim * 1.6 && result.writesPerSecond > aim * 0.6, "\(result)")
        #expect(Double(result.largestBlock) <= max(8, rate * 25), "\(result)")
        #expect(Double(result.heldAtEnd) <= max(4, rate * 30), "\(result)")
        if rate >= 1 { #expect(result.waits == 0, "\(result)") }
    }

    @Test func theCeilingBoundsTheBlockAndSoSetsTheWrites() {
        let result = Self.simulate(
            rate: 1_000_000,
            batch: 1000,
            seconds: 100,
            isRandom: false,
            maximumBlock: 1_000_000
        )
        #expect(result.largestBlock == 1_000_000 && result.heldAtEnd < 2_000_000)
        #expect(result.writesPerSecond > 0.9 && result.writesPerSecond < 1.1 && result.waits == 0, "\(result)")
    }

    @Test func batchesAreNoReasonForAWriteEach() {
        let result = Self.simulate(
            rate: 65_536,
            batch: 65_536,
            seconds: 500,
            isRandom: false,
            maximumBlock: 1_000_000
        )
        #expect(result.writesPerSecond < 0.15, "\(result)")
    }

    @Test func aBurstOnASlowSequenceCostsAboutItsOwnSize() {
        var keeper = SequenceKeeper(configuration: .init(), jitterSeed: 1)
        var reserved: UInt64 = 0
        var largest: UInt64 = 0
        for call in 0..<10 {
            let now = Int64(call) * 1_000_000
            var (outcome, action) = keeper.take(1, now: now)
            while case .takeBlock(let count, _) = action {
                largest = max(largest, count)
                var record = SequenceRecord(.plain, holder: holder(1), writeToken: 1)
                let values = SequenceRun(first: reserved + 1, count: count, increment: 1)
                reserved = values.last
                record.reserved = reserved
                let block = SequenceBlock(name: "a", values: values, record: record, version: 1)
                _ = keeper.blockAnswered(.taken(block), now: now)
                guard case .wait(let wait) = outcome else { break }
                (outcome, action) = keeper.take(1, after: wait, now: now)
            }
        }
        #expect(largest <= 16 && keeper.heldCount <= 20, "\(largest) \(keeper.heldCount)")
    }
}
