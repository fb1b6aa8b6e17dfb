import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnEngine

/// Readings that meet a correction half way.
@Suite struct TickClockRaceTests {
    @Test func aReadingThatACorrectionOvertookIsTakenAgain() {
        let source = MockTimeSource()
        let clock = TickClock(layout: .snowflake, source: source)
        source.jump(-.hour)
        // The reader saw the anchor; before it reads the boot clock, a correction makes our time slower, and 10 s pass.
        source.atNextBootReading {
            clock.steer()
            source.advance(10 * .second)
        }
        let first = clock.now()
        let second = clock.now()
        #expect(first.unixNanoseconds <= second.unixNanoseconds)
        #expect(first.unixNanoseconds == MockTimeSource.start + 9_900_000_000)
    }

    @Test func aReadingDuringACorrectionWaitsForIt() {
        let source = MockTimeSource()
        let clock = TickClock(layout: .snowflake, source: source)
        let overtaking = Mutex<Moment?>(nil)
        let thread = Mutex<NativeThread?>(nil)
        source.jump(-.hour)
        // The correction has read the boot clock, but not yet said what it found, when 10 s pass and somebody reads.
        source.atNextWallReading {
            source.advance(10 * .second)
            let reader = NativeThread {
                let moment = clock.now()
                overtaking.withLock { $0 = moment }
            }
            thread.withLock { $0 = reader }
            pause(milliseconds: 20)
        }
        clock.steer()
        thread.withLock { $0 }?.join()
        let after = clock.now()
        let during = overtaking.withLock { $0 }
        #expect(during.map { $0.unixNanoseconds <= after.unixNanoseconds } == true)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func invariant1ReadingsNeverFallAcrossThreadsThatReadJumpAndSteer(seed: UInt64) {
        let source = MockTimeSource()
        let clock = TickClock(layout: .snowflake, source: source, followLimit: .seconds(1))
        let highest = Atomic<Int64>(0)
        let readers = Atomic<Int>(4)
        let fallen = Mutex<String?>(nil)
        inThreads(6) { index in
            var generator = SeededGenerator(seed: seed * 100 + UInt64(index))
            if index < 4 {
                for _ in 0..<5000 {
                    // Whatever anyone has read by now, the next reading is not below it.
                    let before = highest.load(ordering: .acquiring)
                    let now = clock.now().unixNanoseconds
                    if now < before { fallen.withLock { $0 = "\(before) was followed by \(now)" } }
                    highest.max(now, ordering: .acquiringAndReleasing)
                }
                readers.subtract(1, ordering: .relaxed)
            } else {
                while readers.load(ordering: .relaxed) > 0 {
                    source.advance(Int64(generator.number(upTo: 1_000_000_000)))
                    let jump = Int64(generator.number(upTo: 3_000_000_000))
                    source.jump(Bool.random(using: &generator) ? jump : -jump)
                    clock.steer()
                }
            }
        }
        #expect(fallen.withLock { $0 } == nil)
    }
}
