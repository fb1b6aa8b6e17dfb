import FirnLayout
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnClient

/// The IDs that a thread claims at once: whom they are given to, and when they are dropped.
///
/// Each test runs in a thread of its own, for a chunk is the thread's.
@Suite(.timeLimit(.minutes(2))) struct PrefetchChunkTests {
    private static var never: BootTime { .now + 3_600_000_000_000 }

    private static func buffer(stripes: Int = 1, _ counts: UInt32..., expiry: BootTime = never) -> PrefetchBuffer {
        let buffer = PrefetchBuffer(stripes: stripes)
        for (index, count) in counts.enumerated() {
            let run = Run(first: FirnID(rawValue: UInt64(index) * 1_000_000), count: count, stride: 1)
            buffer.publish(run, to: 0, expiry: expiry + UInt64(index))
        }
        return buffer
    }

    private static func take(_ count: Int, _ buffer: PrefetchBuffer, from stripe: Int = 0) -> [UInt64] {
        (0..<count).compactMap { _ in buffer.take(from: stripe).id?.rawValue }
    }

    @Test func aThreadClaimsTwiceAsManyEachTimeUpToTheNextClockRead() async {
        let buffer = Self.buffer(1000)
        let claimed = await inThreads(1) { _ in
            (0..<40 as Range<UInt64>).map { id in
                #expect(Self.take(1, buffer) == [id])
                return 1000 - buffer.levels()[0].left
            }
        }[0]
        // Of 1, 2, 4, 8 and then 16, of which none goes beyond the next multiple of 16.
        let ends = [1, 3, 3, 7, 7, 7, 7] + Array(repeating: 15, count: 8) + [16]
        #expect(claimed == ends + Array(repeating: 32, count: 16) + Array(repeating: 48, count: 8))
        #expect(buffer.levels() == [.init(left: 952, taken: 48, misses: 0)])
    }

    @Test func littleIsLeftToEveryThread() async {
        let buffer = Self.buffer(20)
        let lefts = await inThreads(1) { _ in
            (0..<20 as Range<UInt64>).map { id in
                #expect(Self.take(1, buffer) == [id])
                return buffer.levels()[0].left
            }
        }[0]
        // At most an eighth of what is left: twice two of them, and then each for itself.
        #expect(lefts == [19, 17, 17, 15, 15] + Array((0...14).reversed()))
    }

    @Test func theIDsOfAStripeRiseWhicheverThreadTakesThem() async {
        let buffer = Self.buffer(1000)
        let ids = await inThreads(1) { _ in
            let mine = Self.take(4, buffer)
            let another = inAnotherThread { Self.take(1, buffer) }
            return mine + another + Self.take(2, buffer)
        }[0]
        // 4 to 6 were this thread's, and stay a gap.
        #expect(ids == [0, 1, 2, 3, 7, 8, 9])
        // With 10, which this thread has claimed; what was dropped is not counted as taken.
        #expect(buffer.levels() == [.init(left: 989, taken: 8, misses: 0)])
    }

    @Test func aThreadThatFindsItsOwnStripeDryTakesFromOneThatHasAChunk() async {
        let buffer = Self.buffer(stripes: 2, 1000)
        let ids = await inThreads(1) { _ in
            let mine = Self.take(8, buffer)
            let another = inAnotherThread { Self.take(2, buffer, from: 1) }
            return mine + another + Self.take(1, buffer)
        }[0]
        #expect(ids == Array(0..<8) + [15, 16, 17])
    }

    @Test func whatExpiredIsDroppedFromChunksToo() async {
        // Not all of the first run: who took the last of it goes on with as large a chunk of the next.
        for before in 1..<200 {
            let early = Self.never
            let buffer = Self.buffer(200, 200, expiry: early)
            let ids = await inThreads(1) { _ in
                let ids = Self.take(before, buffer)
                buffer.expire(now: early)
                return ids + Self.take(1, buffer)
            }[0]
            #expect(ids == Array(0..<UInt64(before)) + [1_000_000])
            #expect(buffer.levels() == [.init(left: 199, taken: UInt64(before) + 1, misses: 0)])
        }
    }

    @Test func aClosedBufferGivesNothingOfAChunk() async {
        let buffer = Self.buffer(1000)
        let after = await inThreads(1) { _ in
            #expect(Self.take(20, buffer) == Array(0..<20))
            inAnotherThread { buffer.close() }
            return Self.take(20, buffer)
        }[0]
        #expect(after.isEmpty && buffer.levels().map(\.taken) == [20])
    }

    /// The clock is looked at for every 16th ID, however the IDs before it were claimed.
    @Test func aPausedThreadGivesNoMoreThanFifteenThatAreTooOld() async {
        for before in 1...48 {
            // Again with more time, where the machine was too busy for so many takes before it was over.
            var (after, time) = (Int?.none, 5_000_000 as UInt64)
            while after == nil {
                let expiry = BootTime.now + time
                let buffer = Self.buffer(1000, expiry: expiry)
                after = await inThreads(1) { _ -> Int? in
                    guard Self.take(before, buffer).count == before else { return nil }
                    while BootTime.now < expiry {}
                    return Self.take(20, buffer).count
                }[0]
                time *= 2
            }
            #expect(after == (16 - before % 16) % 16)
        }
    }

    @Test func threadsThatEndTakeTheirChunksWithThem() async {
        let buffer = Self.buffer(60_000)
        var ids: [UInt64] = []
        for _ in 0..<500 { ids += await inThreads(1) { _ in Self.take(20, buffer) }[0] }
        #expect(ids.count == 10_000 && zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 && $1 - $0 <= 16 })
        let level = buffer.levels()[0]
        #expect(UInt64(level.left) + level.taken == 60_000 && level.taken <= ids.last! + 16)
    }

    /// Many short lives side by side: what one leaves behind is no other's.
    @Test func noIDTwiceWhenThreadsComeAndGo() async {
        let buffer = Self.buffer(stripes: 2, 65_536, 65_536, 65_536, 65_536)
        let taken = await inThreads(4) { thread -> [UInt64] in
            var random = SeededGenerator(seed: UInt64(thread))
            return (0..<200).flatMap { _ -> [UInt64] in
                let count = Int.random(in: 1...100, using: &random)
                return inAnotherThread { Self.take(count, buffer, from: thread % 2) }
            }
        }
        #expect(taken.allSatisfy { zip($0, $0.dropFirst()).allSatisfy(<) }, "the IDs of a stripe do not rise")
        let all = taken.joined().sorted()
        #expect(all.count > 4 * 200 && zip(all, all.dropFirst()).allSatisfy(<), "an ID came twice")
    }

    @Test func eachBufferHasItsOwn() async {
        // One after the other, mostly in the same memory.
        let firsts = await inThreads(1) { _ in
            (0..<100).flatMap { turn in
                let buffer = PrefetchBuffer(stripes: 1)
                let run = Run(first: FirnID(rawValue: UInt64(turn) * 1000), count: 1000, stride: 1)
                buffer.publish(run, to: 0, expiry: Self.never)
                return [Self.take(20, buffer)[0]]
            }
        }[0]
        #expect(firsts == (0..<100).map { $0 * 1000 })
        // By turns: none is lost.
        let (one, other) = (Self.buffer(500), Self.buffer(500))
        let ids = await inThreads(1) { _ in (0..<500).map { _ in Self.take(1, one) + Self.take(1, other) } }[0]
        #expect(ids == (0..<500).map { [$0, $0] })
    }

    @Test func takesFromAChunkCountAsUse() async {
        let buffer = Self.buffer(1000, 10)
        let seen = await inThreads(1) { _ in
            _ = Self.take(17, buffer)
            let before = buffer.levels()[0].taken
            let unseen = Self.take(5, buffer).count == 5 && buffer.levels()[0].taken == before
            buffer.revokeChunks()
            let revoked = buffer.levels()[0]
            #expect(revoked.left == 1010 - 33 && Self.take(1, buffer) == [33])
            // The rest of the chunk is known by now: 22 and 1 were given.
            return unseen && buffer.levels()[0].taken == 23
        }[0]
        #expect(seen)
        // Where nobody can have a chunk, nothing is lost.
        let left = buffer.levels()[0].left
        buffer.revokeChunks()
        #expect(buffer.levels()[0].left == left)
    }

    #if os(Linux)
        /// In a process of its own, for a signal's handler is the process's.
        @Test func aSignalHandlerTakesAnotherIDThanTheOneThatItInterrupts() async {
            await #expect(processExitsWith: .success) {
                let buffer = Interrupted.buffer
                let thread = Atomic<UInt>(0)
                let isOver = Atomic(false)
                let areSent = Atomic(false)
                // Globals are made at their first use, which a handler must not come between.
                var ids = Self.take(100, buffer)
                for index in ids.indices.prefix(Interrupted.maximum) { Interrupted.ids[index] = ids[index] }
                Interrupted.count.store(0, ordering: .relaxed)
                signal(SIGUSR1) { _ in
                    guard let id = Interrupted.buffer.take(from: 0).id else { return }
                    let index = Interrupted.count.wrappingAdd(1, ordering: .relaxed).oldValue
                    if index < Interrupted.maximum { Interrupted.ids[index] = id.rawValue }
                }
                let taken = await inThreads(2) { index -> [UInt64] in
                    if index == 0 {
                        // Swift's own threads block signals, and so do those that they start.
                        var signals = sigset_t()
                        sigemptyset(&signals)
                        sigaddset(&signals, SIGUSR1)
                        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                        thread.store(pthread_self(), ordering: .releasing)
                        var ids: [UInt64] = []
                        while Interrupted.count.load(ordering: .relaxed) == 0 {}
                        // Until it was interrupted often enough, or all are taken.
                        while Interrupted.count.load(ordering: .relaxed) < 2000, let id = buffer.take(from: 0).id {
                            ids.append(id.rawValue)
                        }
                        isOver.store(true, ordering: .releasing)
                        // A thread that has ended can be sent no signal.
                        while !areSent.load(ordering: .acquiring) {}
                        return ids
                    }
                    while thread.load(ordering: .acquiring) == 0 {}
                    while !isOver.load(ordering: .acquiring) { pthread_kill(thread.load(ordering: .relaxed), SIGUSR1) }
                    areSent.store(true, ordering: .releasing)
                    return []
                }
                let handled = min(Interrupted.count.load(ordering: .relaxed), Interrupted.maximum)
                ids += taken[0]
                let all = (ids + (0..<handled).map { Interrupted.ids[$0] }).sorted()
                precondition(handled > 0, "no signal came")
                precondition(zip(all, all.dropFirst()).allSatisfy(<), "an ID came twice")
            }
        }
    #endif
}

/// What a signal handler reaches, made before the first signal.
private enum Interrupted {
    static let maximum = 1 << 20
    static let count = Atomic(0)
    nonisolated(unsafe) static let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: maximum)
    static let buffer: PrefetchBuffer = {
        _ = ids
        let buffer = PrefetchBuffer(stripes: 1)
        let run = Run(first: FirnID(rawValue: 0), count: 1_000_000, stride: 1)
        buffer.publish(run, to: 0, expiry: .now + 3_600_000_000_000)
        return buffer
    }()
}
