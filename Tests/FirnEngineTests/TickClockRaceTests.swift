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

    #if !canImport(Darwin)
        @Test func aReadingDuringACorrectionWaitsForIt() {
            let source = MockTimeSource()
            let clock = TickClock(layout: .snowflake, source: source)
            let reading = Mutex<Moment?>(nil)
            let reader = Mutex<NativeThread?>(nil)
            let beginnings = Atomic(0)
            source.jump(-.hour)
            // The correction has read the boot clock, but not yet said what it found, when 10 s pass and a thread reads.
            source.atNextWallReading {
                source.advance(10 * .second)
                let thread = NativeThread {
                    beginnings.store(1, ordering: .releasing)
                    let moment = clock.now()
                    reading.withLock { $0 = moment }
                }
                reader.withLock { $0 = thread }
                while beginnings.load(ordering: .acquiring) == 0 { pause(milliseconds: 0) }
                // A reading takes microseconds. A thread that has used milliseconds of a processor and has no reading
                // waits for one. How long the machine lets the thread wait for a processor does not matter.
                let start = thread.processorNanoseconds ?? 0
                while reading.withLock({ $0 == nil }),
                    (thread.processorNanoseconds ?? .max) < start + 5 * .millisecond
                {
                    pause(milliseconds: 1)
                }
                #expect(reading.withLock { $0 } == nil, "a thread was given a time in the midst of a correction")
            }
            clock.steer()
            reader.withLock { $0 }?.join()
            let after = clock.now()
            let during = reading.withLock { $0 }
            #expect(during.map { $0.unixNanoseconds <= after.unixNanoseconds } == true)
            #expect(during?.unixNanoseconds == MockTimeSource.start + 9_900_000_000)
        }
    #endif

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
