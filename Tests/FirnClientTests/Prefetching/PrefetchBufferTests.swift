import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnClient

@Suite(.timeLimit(.minutes(2))) struct PrefetchBufferTests {
    /// Later than any test ends.
    private static var never: BootTime { .now + 3_600_000_000_000 }

    private func run(_ first: UInt64, _ count: UInt32, stride: UInt64 = 1) -> Run {
        Run(first: FirnID(rawValue: first), count: count, stride: stride)
    }

    private func takeAll(_ buffer: PrefetchBuffer, from stripe: Int = 0) -> [UInt64] {
        var ids: [UInt64] = []
        while let id = buffer.take(from: stripe).id { ids.append(id.rawValue) }
        return ids
    }

    @Test func runsComeOutWholeAndInOrder() {
        let buffer = PrefetchBuffer(stripes: 1)
        #expect(buffer.publish(run(10, 5, stride: 7), pieces: 2, to: 0, expiry: Self.never) == 5)
        #expect(buffer.publish(run(100, 1), to: 0, expiry: Self.never) == 1)
        #expect(buffer.publish(run(200, 65_537), to: 0, expiry: Self.never) == 65_537)
        #expect(buffer.levels() == [.init(left: 65_543, taken: 0, misses: 0)])
        let ids = takeAll(buffer)
        #expect(ids == [10, 17, 24, 31, 38, 100] + Array(200..<65_737))
        #expect(buffer.levels() == [.init(left: 0, taken: 65_543, misses: 1)])
        // The ring goes round.
        for turn in 0..<600 as Range<UInt64> {
            buffer.publish(run(turn * 10, 3), pieces: 3, to: 0, expiry: Self.never)
            #expect(takeAll(buffer) == [turn * 10, turn * 10 + 1, turn * 10 + 2])
        }
    }

    @Test func anEmptyStripeTakesFromTheOthersAndSignalsDemand() {
        let buffer = PrefetchBuffer(stripes: 3)
        #expect(buffer.stripeCount == 4)
        buffer.publish(run(1, 2), to: 2, expiry: Self.never)
        let taken = buffer.take(from: 3)
        #expect(taken.id == FirnID(rawValue: 1) && taken.wantsMore)
        #expect(buffer.take(from: 2).id == FirnID(rawValue: 2))
        let none = buffer.take(from: 0)
        #expect(none.id == nil && none.wantsMore)
        #expect(buffer.levels().map(\.misses) == [1, 0, 0, 1] && buffer.levels().map(\.taken) == [0, 0, 2, 0])
    }

    @Test func takesSignalALowStripe() {
        let buffer = PrefetchBuffer(stripes: 1)
        buffer.publish(run(0, 80), pieces: 8, to: 0, expiry: Self.never)
        buffer.setLowMark(40, of: 0)
        let low = (0..<80).map { _ in buffer.take(from: 0).wantsMore }
        // Only between segments: when 40, 30, 20, 10 and none are left.
        #expect(low.indices.filter { low[$0] } == [39, 49, 59, 69, 79])
        buffer.publish(run(100, 80), pieces: 8, to: 0, expiry: Self.never)
        #expect(buffer.take(from: 0).id == FirnID(rawValue: 100))
    }

    @Test func whatHasNoSlotIsNotTakenOver() {
        let buffer = PrefetchBuffer(stripes: 1)
        let slots = PrefetchBuffer.slotsPerStripe
        #expect(buffer.publish(run(0, UInt32(slots + 44)), pieces: slots + 44, to: 0, expiry: Self.never) == slots)
        #expect(buffer.publish(run(1000, 1), to: 0, expiry: Self.never) == 0)
        #expect(buffer.take(from: 0).id == FirnID(rawValue: 0))
        #expect(buffer.publish(run(2000, 2), pieces: 2, to: 0, expiry: Self.never) == 1)
        #expect(takeAll(buffer) == Array(1..<UInt64(slots)) + [2000])
    }

    @Test func segmentNumbersEndAndDoNotComeAgain() {
        // The last number is never published: two are left.
        let buffer = PrefetchBuffer(stripes: 1, firstSegment: (1 << 48) - 3)
        #expect(buffer.publish(run(7, 3), pieces: 3, to: 0, expiry: Self.never) == 2)
        #expect(takeAll(buffer) == [7, 8])
        #expect(buffer.publish(run(20, 1), to: 0, expiry: Self.never) == 0)
        #expect(takeAll(buffer).isEmpty && buffer.levels().map(\.left) == [0])
    }

    @Test func whatExpiredIsDropped() {
        let buffer = PrefetchBuffer(stripes: 2)
        let (early, late) = (Self.never, Self.never + 1_000_000_000)
        buffer.publish(run(0, 10), pieces: 2, to: 0, expiry: early)
        buffer.publish(run(10, 10), to: 0, expiry: late)
        buffer.publish(run(20, 10), to: 1, expiry: early)
        #expect(buffer.take(from: 0).id == FirnID(rawValue: 0))
        #expect(buffer.expire(now: .now) == early && buffer.levels().map(\.left) == [19, 10])
        #expect(buffer.expire(now: early) == late)
        #expect(buffer.levels().map(\.left) == [10, 0] && buffer.levels().map(\.taken) == [1, 0])
        #expect(takeAll(buffer) == Array(10..<20))
        #expect(buffer.expire(now: late) == nil)
    }

    @Test func takesDropExpiredIDsWithoutTheTimer() async throws {
        let buffer = PrefetchBuffer(stripes: 1)
        buffer.publish(run(0, 100), pieces: 4, to: 0, expiry: .now)
        #expect(takeAll(buffer).isEmpty && buffer.levels() == [.init(left: 0, taken: 0, misses: 1)])
        // It expires half way. Whoever began before that may take on for 15 IDs, and no more.
        let expiry = BootTime.now + 50_000_000
        buffer.publish(run(1000, 100), to: 0, expiry: expiry)
        buffer.publish(run(2000, 100), to: 0, expiry: Self.never)
        let before = buffer.take(from: 0).id
        while BootTime.now < expiry { try await Task.sleep(for: .milliseconds(1)) }
        let after = takeAll(buffer)
        // On a machine so slow that it had expired by the first take, all of it is gone.
        #expect(before == FirnID(rawValue: 1000) || before == FirnID(rawValue: 2000))
        #expect(after.filter { $0 < 2000 } == (before == FirnID(rawValue: 1000) ? Array(1001..<1016) : []))
        #expect(after.last == 2099)
    }

    @Test func aClosedBufferGivesAndTakesNothing() {
        let buffer = PrefetchBuffer(stripes: 2)
        buffer.publish(run(0, 10), to: 0, expiry: Self.never)
        #expect(buffer.take(from: 0).id != nil)
        buffer.close()
        #expect(takeAll(buffer).isEmpty && buffer.publish(run(0, 1), to: 1, expiry: Self.never) == 0)
        #expect(buffer.levels().map(\.left) == [0, 0] && buffer.levels().map(\.taken) == [1, 0])
        #expect(buffer.expire(now: Self.never) == nil)
    }

    /// Threads take, from their own stripes and from each other's, while one publishes and one expires at random times.
    @Test(arguments: 0..<4 as Range<UInt64>) func noIDTwiceAndNoneUncounted(seed: UInt64) async {
        let buffer = PrefetchBuffer(stripes: 2)
        let published = Atomic<UInt64>(0)
        let isOver = Atomic(false)
        let base = Self.never
        let taken = await inThreads(5) { thread -> [UInt64] in
            var random = SeededGenerator(seed: seed << 8 | UInt64(thread))
            switch thread {
            case 0:
                // One that publishes runs of all shapes, hour by hour; whatever finds no room is offered again.
                var (next, tick) = (UInt64(0), UInt64(0))
                while next < 300_000 {
                    let count = UInt64.random(in: 1...300, using: &random)
                    let run = Run(first: FirnID(rawValue: next), count: UInt32(count), stride: 1)
                    let stripe = Int.random(in: 0...1, using: &random)
                    let pieces = Int.random(in: 1...20, using: &random)
                    next += UInt64(buffer.publish(run, pieces: pieces, to: stripe, expiry: base + tick))
                    published.store(next, ordering: .relaxed)
                    tick += 1
                }
                isOver.store(true, ordering: .releasing)
                return []
            case 1:
                // One that drops what was published some time ago, or nothing.
                var tick = UInt64(0)
                while !isOver.load(ordering: .acquiring) {
                    if Bool.random(using: &random) { tick += 1 }
                    buffer.expire(now: base + tick / 4)
                    _ = buffer.levels()
                }
                return []
            default:
                var ids: [UInt64] = []
                while true {
                    let wasOver = isOver.load(ordering: .acquiring)
                    if let id = buffer.take(from: thread % 2).id {
                        ids.append(id.rawValue)
                    } else if wasOver {
                        return ids
                    }
                }
            }
        }
        let all = taken.joined().sorted()
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 }, "an ID came twice")
        #expect(all.count > 1000 && all.last! < published.load(ordering: .relaxed))
        let levels = buffer.levels()
        #expect(levels.map(\.left) == [0, 0] && levels.reduce(0) { $0 + $1.taken } == UInt64(all.count))
    }

    #if os(Linux)
        // In a process of its own: no other test's thread is in the middle of something that the child would miss.
        @Test func aForkedChildTakesNothing() async {
            await #expect(processExitsWith: .success) {
                let buffer = PrefetchBuffer(stripes: 2)
                let run = Run(first: FirnID(rawValue: 1), count: 100, stride: 1)
                buffer.publish(run, to: 0, expiry: .now + 3_600_000_000_000)
                let child = inForkedChild {
                    buffer.take().id == nil && buffer.take(from: 0).id == nil && buffer.isForked
                }
                precondition(child == true, "the child took an ID")
                for id in 1...100 { precondition(buffer.take(from: 0).id == FirnID(rawValue: UInt64(id))) }
            }
        }
    #endif
}
