import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnEngine

/// The clock's four invariants, one thread at a time. `TickClockRaceTests` has what takes several.
@Suite struct TickClockTests {
    let source = MockTimeSource()
    let layout = Layout.of(sequence: 12)

    @Test func startsAtTheWallClockAndIsCarriedOnByTheBootClock() {
        let clock = TickClock(layout: layout, source: source)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start)
        #expect(clock.now().bootNanoseconds == 1_000_000_000)
        #expect(clock.now().tick == UInt64(MockTimeSource.start / .millisecond))
        source.advance(1_234_567_890)
        source.jump(-.hour)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 1_234_567_890)
        #expect(clock.now().tick == UInt64(MockTimeSource.start / .millisecond) + 1234)
    }

    @Test func ticksCountFromTheLayoutsEpoch() {
        for layout in Layout.presets where layout.mintingObstacle == nil {
            let clock = TickClock(layout: layout, source: source)
            #expect(clock.now().tick == layout.tick(atUnixNanoseconds: MockTimeSource.start), "\(layout)")
        }
    }

    @Test(arguments: [1_000, 4_102_444_800_000, 9_223_372_036_854, 9_223_372_036_855, 253_402_300_799_999])
    func beforeTheEpochItIsTickZero(epochAfter: UInt64) {
        // The last ones are past what 64-bit nanoseconds hold: the year 2262, and the last epoch a layout may have.
        let layout = Layout.of(sequence: 12, epochUnixMilliseconds: epochAfter)
        let clock = TickClock(layout: layout, source: MockTimeSource(wall: 0))
        #expect(clock.now().tick == 0)
        #expect(clock.nanoseconds(from: clock.now(), untilTick: 1) == .millisecond)
    }

    // MARK: - 1. Readings never fall

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func invariant1ReadingsNeverFallWhateverTheWallClockDoes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let source = MockTimeSource()
        let clock = TickClock(layout: layout, source: source)
        var last = clock.now()
        for step in 0..<500 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: source.jump(Int64(generator.number(upTo: 10_000 * UInt64(Int64.second))))
            case 1: source.jump(-Int64(generator.number(upTo: 10_000 * UInt64(Int64.second))))
            case 2: source.advance(Int64(generator.number(upTo: 100 * UInt64(Int64.second))))
            default: clock.steer()
            }
            let now = clock.now()
            guard now.unixNanoseconds >= last.unixNanoseconds, now.tick >= last.tick else {
                Issue.record("step \(step): \(last) was followed by \(now)")
                return
            }
            last = now
        }
    }

    @Test func invariant1HoldsForABootClockThatStandsStillOrFalls() {
        // No boot clock does; a virtual machine's may once.
        let clock = TickClock(layout: layout, source: source)
        let before = clock.now()
        source.advance(-.second)
        #expect(clock.now().unixNanoseconds == before.unixNanoseconds)
        clock.steer()
        #expect(clock.now().unixNanoseconds >= before.unixNanoseconds)
    }

    // MARK: - 2. A wall clock ahead by at most the limit is followed

    @Test(arguments: [0, 1, .second, .hour] as [Int64])
    func invariant2AWallClockAheadByAtMostTheLimitIsFollowedAtTheNextSteer(ahead: Int64) {
        let clock = TickClock(layout: layout, source: source, followLimit: .seconds(3600))
        source.jump(ahead)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start, "not before it is steered")
        #expect(clock.steer() == ClockSteering(offsetNanoseconds: ahead, isSlewing: false))
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + ahead)
        source.advance(.second)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + ahead + .second, "and no gap is left to close")
    }

    @Test func invariant2OneNanosecondPastTheLimitIsNotFollowed() {
        let clock = TickClock(layout: layout, source: source, followLimit: .seconds(3600))
        source.jump(.hour + 1)
        #expect(clock.steer() == ClockSteering(offsetNanoseconds: .hour + 1, isSlewing: true))
        #expect(clock.now().unixNanoseconds == MockTimeSource.start)
    }

    @Test func invariant2FollowingEndsASlowClosing() {
        let clock = TickClock(layout: layout, source: source)
        source.jump(-.second)
        clock.steer()
        source.jump(5 * .second)
        clock.steer()
        source.advance(.second)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds())
    }

    // MARK: - 3. Any other gap is closed at 1/100, never past the wall clock

    @Test func invariant3AWallClockBehindIsWaitedForAtExactly99Percent() {
        let clock = TickClock(layout: layout, source: source)
        source.jump(-.second)
        #expect(clock.steer() == ClockSteering(offsetNanoseconds: -.second, isSlewing: true))
        source.advance(10 * .second)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 9_900_000_000)
        #expect(clock.steer() == ClockSteering(offsetNanoseconds: -900_000_000, isSlewing: true))
        source.advance(90 * .second)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds(), "closed after 100 s, no sooner")
        source.advance(50 * .second)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds(), "and never past the wall clock")
        #expect(clock.steer() == ClockSteering(offsetNanoseconds: 0, isSlewing: false))
    }

    @Test func invariant3AWallClockTooFarAheadIsCaughtUpWithAtExactly101Percent() {
        let clock = TickClock(layout: layout, source: source, followLimit: .seconds(1))
        source.jump(3 * .second)
        clock.steer()
        source.advance(100 * .second)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 101 * .second)
        source.advance(200 * .second)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds())
        source.advance(200 * .second)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds(), "and never past the wall clock")
    }

    @Test func invariant3ManySteersCloseAGapNoFasterThanOne() {
        let clock = TickClock(layout: layout, source: source)
        source.jump(-.second)
        for _ in 0..<50 {
            clock.steer()
            source.advance(.second)
        }
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 50 * .second - 500_000_000)
    }

    @Test func aLongSuspendIsCountedAndClosesAGapAtOnce() {
        let clock = TickClock(layout: layout, source: source)
        source.jump(-.hour)
        clock.steer()
        source.advance(40 * 24 * .hour)
        #expect(clock.now().unixNanoseconds == source.wallNanoseconds())
        #expect(clock.steer().isSlewing == false)
    }

    @Test func aWallClockInTheYear2232IsNotBelieved() {
        // As far as Linux lets anyone set it (settimeofday: 30 years before 64-bit nanoseconds end).
        let clock = TickClock(layout: layout, source: source)
        let year2232: Int64 = 8_277_000_000 * .second
        source.jump(year2232 - MockTimeSource.start)
        #expect(clock.steer().isSlewing)
        source.advance(.second)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 1_010_000_000)
        source.jump(-year2232)
        #expect(clock.steer().isSlewing)
        #expect(clock.now().unixNanoseconds == MockTimeSource.start + 1_010_000_000)
    }

    // MARK: - Waiting for ticks

    @Test func theWaitForATickEndsAtItsFirstNanosecond() {
        let clock = TickClock(layout: .sonyflakeV2, source: source)
        source.advance(3 * .millisecond)
        let now = clock.now()
        #expect(clock.nanoseconds(from: now, untilTick: now.tick) == 0)
        let wait = clock.nanoseconds(from: now, untilTick: now.tick + 1)
        #expect(wait == 7 * .millisecond)
        source.advance(wait - 1)
        #expect(clock.now().tick == now.tick)
        source.advance(1)
        #expect(clock.now().tick == now.tick + 1)
        #expect(clock.nanoseconds(from: now, untilTick: now.tick + 100) == 997 * .millisecond)
    }

    @Test func theWaitForAFarTickSaturates() {
        let clock = TickClock(layout: layout, source: source)
        let now = clock.now()
        #expect(clock.nanoseconds(from: now, untilTick: .max) == .max)
        #expect(clock.nanoseconds(from: now, untilTick: now.tick + UInt64(Int64.max / .millisecond) + 1) == .max)
        let last = clock.nanoseconds(from: now, untilTick: now.tick + UInt64(Int64.max / .millisecond))
        #expect(last == Int64.max / .millisecond * .millisecond)
        #expect(clock.nanoseconds(from: now, untilTick: 0) == 0)
    }

    @Test func ticksInADurationRoundUpToAtLeastOne() {
        let clock = TickClock(layout: .sonyflake, source: source)
        #expect(clock.ticks(in: .zero) == 1)
        #expect(clock.ticks(in: .seconds(-5)) == 1)
        #expect(clock.ticks(in: .milliseconds(10)) == 1)
        #expect(clock.ticks(in: .nanoseconds(10_000_001)) == 2)
        #expect(clock.ticks(in: .seconds(3)) == 300)
        #expect(clock.ticks(in: .seconds(Int64.max)) == UInt64((Int64.max - 1) / (10 * .millisecond)) + 1)
    }

    @Test func aLayoutWithoutTimeHasNoClock() async {
        await #expect(processExitsWith: .failure) {
            _ = TickClock(layout: .pinterest, source: MockTimeSource())
        }
    }

    // MARK: - 4. The tick alone

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func invariant4TheTickIsThatOfTheFullReading(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let source = MockTimeSource()
        // Ticks of 10 ms, so that a step is often shorter than one.
        let layout = Layout.of(sequence: 12, tickNanoseconds: 10_000_000)
        let clock = TickClock(layout: layout, source: source)
        for step in 0..<20_000 {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0: source.jump(Int64(generator.number(upTo: 10 * UInt64(Int64.second))))
            case 1: source.jump(-Int64(generator.number(upTo: 10 * UInt64(Int64.second))))
            case 2, 3: clock.steer()
            case 4: source.advance(Int64(generator.number(upTo: UInt64(Int64.second))))
            case 5..<10: source.advance(Int64(generator.number(upTo: 10)))
            default: source.advance(Int64(generator.number(upTo: UInt64(Int64.millisecond))))
            }
            let (tick, moment) = (clock.tick(), clock.now())
            guard tick == moment.tick else {
                Issue.record("step \(step): \(tick) instead of \(moment)")
                return
            }
        }
    }

    @Test func invariant4BeforeTheEpochTheTickIsZero() {
        let layout = Layout.of(sequence: 12, epochUnixMilliseconds: 5)
        let clock = TickClock(layout: layout, source: source)
        #expect(clock.tick() == clock.now().tick)
        let early = MockTimeSource(wall: 3 * .millisecond)
        let before = TickClock(layout: layout, source: early)
        for _ in 0..<10 {
            #expect(before.tick() == before.now().tick)
            early.advance(500_000)
        }
        #expect(before.tick() > 0)
    }
}
