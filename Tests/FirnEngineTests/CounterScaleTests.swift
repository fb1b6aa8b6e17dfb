import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnEngine

/// The tick by a counter: that of the clock in full, as long as the counter rises evenly; and what comes of one that does not.
@Suite struct CounterScaleTests {
    /// Ticks of 10 ms, so that a step is often shorter than one.
    let layout = Layout.of(sequence: 12, tickNanoseconds: 10_000_000)

    /// From a counter of 0.9 counts for a nanosecond to one of 5 GHz; and one that passes the end of its numbers.
    @Test(arguments: [900, 1000, 2500, 5000] as [Int64], [77_000_000, Int64.max - 3_000_000_000])
    func invariant1TheTickIsThatOfTheFullReading(rate: Int64, start: Int64) {
        for seed in 1...10 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let source = MockCounter(thousandthsPerNanosecond: rate, count: start)
            let clock = TickClock(layout: layout, source: source)
            for step in 0..<10_000 {
                switch Int.random(in: 0..<100, using: &generator) {
                case 0: source.jump(Int64(generator.number(upTo: 10 * UInt64(Int64.second))))
                case 1: source.jump(-Int64(generator.number(upTo: 10 * UInt64(Int64.second))))
                case 2, 3: clock.steer()
                case 4: source.advance(Int64(generator.number(upTo: UInt64(Int64.second))))
                // NTP makes the boot clock slower or faster beside the counter, by a tenth at most.
                case 5: source.setRate(rate * 1000 / Int64(900 + generator.number(upTo: 200)))
                case 6..<12: source.advance(Int64(generator.number(upTo: 10)))
                default: source.advance(Int64(generator.number(upTo: UInt64(Int64.millisecond))))
                }
                let (tick, moment) = (clock.tick(), clock.now())
                guard tick == moment.tick else {
                    Issue.record("rate \(rate), seed \(seed), step \(step): \(tick) instead of \(moment)")
                    return
                }
            }
        }
    }

    @Test func invariant1HoldsWhereReadingsTakeTime() {
        // Each reading takes 3 µs: a tick of the counter may be late by what it takes to read it, and is never early.
        let source = MockCounter(thousandthsPerNanosecond: 2500, readingTakes: 3000)
        let clock = TickClock(layout: layout, source: source)
        for step in 0..<20_000 {
            let before = clock.now().tick
            let tick = clock.tick()
            let after = clock.now().tick
            guard before <= tick, tick <= after else {
                Issue.record("step \(step): \(tick) between \(before) and \(after)")
                return
            }
            source.advance(Int64(step % 1000))
        }
    }

    @Test func theCounterAloneTellsTheTickWhileItLasts() throws {
        let source = MockCounter(thousandthsPerNanosecond: 2000)
        let start = source.countedMoment()
        let scale = CounterScale(start: start)
        #expect(scale.end(of: .millisecond, in: start) == nil, "nothing is known yet")
        source.advance(.second)
        let moment = source.countedMoment()
        let end = try #require(scale.end(of: 500_000, in: moment))
        #expect(end - moment.before == 748_500, "three quarters of 500 µs less 1 µs, two counts for a nanosecond")
        let longest = try #require(scale.end(of: .hour, in: moment))
        #expect(longest - moment.before == 1_498_500, "three quarters of a millisecond at most")
    }

    @Test(arguments: [0, 100, 10_000] as [Int64])
    func invariant2AnUnevenCounterIsNotUsedAgain(rate: Int64) {
        let source = MockCounter(thousandthsPerNanosecond: 2000)
        let clock = TickClock(layout: layout, source: source)
        for _ in 0..<3 {
            source.advance(.second)
            clock.steer()
            #expect(clock.tick() == clock.now().tick)
        }
        source.setRate(rate)
        source.advance(20 * .millisecond)
        clock.steer()
        for _ in 0..<100 {
            source.advance(.millisecond)
            #expect(clock.tick() == clock.now().tick, "a counter with another rate was asked for the tick")
        }
        source.setRate(2000)
        source.advance(.second)
        clock.steer()
        source.suspend(.second)
        #expect(clock.tick() == clock.now().tick, "the counter was trusted again")
    }

    @Test func aSuspensionThatTheCounterDoesNotCountIsSeenAtTheNextCorrection() {
        let source = MockCounter(thousandthsPerNanosecond: 2000)
        let clock = TickClock(layout: layout, source: source)
        for _ in 0..<3 {
            source.advance(.second)
            clock.steer()
        }
        _ = clock.tick()
        let before = clock.now().tick
        source.suspend(.hour)
        #expect(clock.tick() == before, "the counter says that no time has passed")
        source.advance(.millisecond)
        #expect(clock.tick() == clock.now().tick, "it is believed for a millisecond at most")
        clock.steer()
        source.suspend(.second)
        #expect(clock.tick() == clock.now().tick, "and then not any more")
    }

    @Test func aThreadThatIsStoppedBetweenTwoReadingsMakesNoCounterUneven() {
        let source = MockCounter(thousandthsPerNanosecond: 2000)
        let scale = CounterScale(start: source.countedMoment())
        source.advance(.second)
        scale.check(source.countedMoment())
        // The counter is read; then the thread does not run for ten seconds; then it reads the boot clock.
        var late = source.countedMoment()
        source.advance(10 * .second)
        (late.boot, late.after) = (source.bootNanoseconds(), source.count())
        scale.check(late)
        source.advance(.second)
        scale.check(source.countedMoment())
        #expect(scale.end(of: .millisecond, in: source.countedMoment()) != nil)
    }

    /// The machine's own counter, where it has one: readings of four threads, one after the other, never fall.
    @Test func ticksOfTheMachinesCounterNeverFallBelowItsClock() {
        let fine = Layout.of(sequence: 4, tickNanoseconds: 1_000_000)
        let clock = TickClock(layout: fine, source: SystemTimeSource(usesCounter: true))
        inThreads(4) { index in
            let end = clock.now().bootNanoseconds + 300 * .millisecond
            var now = clock.now()
            while now.bootNanoseconds < end {
                if index == 0 { clock.steer() }
                let before = now.tick
                let tick = clock.tick()
                now = clock.now()
                guard before <= tick, tick <= now.tick else {
                    Issue.record("\(tick) between \(before) and \(now.tick)")
                    return
                }
            }
        }
    }
}
