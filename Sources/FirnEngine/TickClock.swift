package import FirnLayout
internal import Synchronization

/// One reading of a ``TickClock``: the same instant in the three scales that Firn uses.
package struct Moment: Sendable, Equatable {
    /// Nanoseconds that never go back and do not depend on the wall clock. Deadlines use this scale.
    package var bootNanoseconds: Int64
    /// Nanoseconds since 1970 in the clock's own, steered time.
    package var unixNanoseconds: Int64
    /// The layout's tick that contains the instant.
    package var tick: UInt64

    package init(bootNanoseconds: Int64, unixNanoseconds: Int64, tick: UInt64) {
        self.bootNanoseconds = bootNanoseconds
        self.unixNanoseconds = unixNanoseconds
        self.tick = tick
    }
}

/// The time in IDs: the wall clock at start, continued by a clock that never goes back.
///
/// Invariants, each with a test in `TickClockTests`:
/// 1. Readings never fall, whatever the wall clock does.
/// 2. A wall clock ahead by at most `followLimit` is followed at the next ``steer()``.
/// 3. Any other gap is closed slowly, at 1/100 of elapsed time and never past the wall clock.
/// 4. ``tick()`` is the tick of ``now()`` at the same instant.
///
/// Uniqueness does not depend on this clock: a wrong clock causes waiting or wrong timestamps, never a duplicate.
package final class TickClock: Sendable {
    /// While a gap is closed slowly, the clock runs at 99 % or 101 % of the true rate. One hundredth is far above the
    /// drift of crystals, and too small to be noticed between two IDs. Empirical.
    package static let slewDivisor: Int64 = 100

    private let source: any TimeSource
    /// Whether the source is the system's clock as it is, which is then read without a call through a protocol.
    private let isSystem: Bool
    /// Whether ``tick()`` reads the processor's counter by itself.
    private let isCountedBySystem: Bool
    /// How fast the source's counter rises; nil without one.
    private let scale: CounterScale?
    private let followLimitNanoseconds: Int64
    private let epochNanoseconds: Int64
    private let tickNanoseconds: Int64

    // The anchor: at boot time `boot` the clock's time was `unix`, and `gap` was not closed yet (positive: wall ahead).
    // A sequence lock: readers retry while `revision` is odd or has changed. Only `steer()` writes. By C11's model:
    // - A reader that got a value of a correction in progress sees its odd revision, and retries: the fence after the
    //   odd store in `steer()` (as a release) pairs with the fence before the second load in `now()` (an acquire),
    //   through that value.
    // - A reader whose first load sees a correction's even revision sees all its values: that store is a release, and
    //   that load an acquire.
    // - The clock is read after the odd store in `steer()`. The fence there is a full one, because with a release the
    //   reading could move ahead of the store on ARM. In `now()` the clock is read before the second load. So a reading
    //   that is accepted under an old anchor was made before the new anchor's reading, and is not above it.
    private let revision = Atomic<UInt64>(0)
    private let boot: Atomic<Int64>
    private let unix: Atomic<Int64>
    private let gap = Atomic<Int64>(0)
    private let steering = Mutex<Void>(())
    private let span = TickSpan()

    /// Starts at the wall clock's current time.
    ///
    /// - Precondition: the layout has a time field.
    package init(layout: Layout, source: any TimeSource = SystemTimeSource(), followLimit: Duration = .seconds(3600)) {
        precondition(layout.hasTime, "a layout without a time field needs no clock")
        self.source = source
        isSystem = source is SystemTimeSource
        isCountedBySystem = isSystem && source.hasCounter
        scale = source.hasCounter ? CounterScale(start: source.countedMoment()) : nil
        self.followLimitNanoseconds = followLimit.nanoseconds
        // An epoch may be later than what 64 bits of nanoseconds hold; then the time is always before the epoch.
        let (epoch, tooLate) = Int64(layout.epochUnixMilliseconds).multipliedReportingOverflow(by: 1_000_000)
        self.epochNanoseconds = tooLate ? .max : epoch
        self.tickNanoseconds = Int64(clamping: layout.tickNanoseconds)
        self.boot = Atomic(source.bootNanoseconds())
        self.unix = Atomic(source.wallNanoseconds())
    }

    /// The current time. Costs one clock reading; a reactor takes it once per wake-up.
    package func now() -> Moment {
        while true {
            let before = revision.load(ordering: .acquiring)
            guard before & 1 == 0 else { continue }
            let anchorBoot = boot.load(ordering: .relaxed)
            let anchorUnix = unix.load(ordering: .relaxed)
            let anchorGap = gap.load(ordering: .relaxed)
            // The clock is read before the anchor is checked. Otherwise a correction could happen between the two, and
            // the next reading, with the new anchor, could be lower than this one.
            let bootNow = readBoot()
            atomicMemoryFence(ordering: .acquiring)
            guard revision.load(ordering: .relaxed) == before else { continue }
            let unixNow = Self.carry(unix: anchorUnix, gap: anchorGap, elapsed: bootNow - anchorBoot)
            return Moment(bootNanoseconds: bootNow, unixNanoseconds: unixNow, tick: tick(atUnixNanoseconds: unixNow))
        }
    }

    /// The current tick, as ``now()`` has it, for callers that need nothing else: while the tick lasts, at the price of one
    /// reading of the source's counter, or of its boot clock, and a few loads.
    @inline(__always)
    package func tick() -> UInt64 {
        let anchor = revision.load(ordering: .acquiring)
        let reading = span.read()
        let instant = isCountedBySystem ? SystemTimeSource.readCount() : readInstant()
        atomicMemoryFence(ordering: .acquiring)
        if reading.isOf(anchor, instant), span.isStill(reading), revision.load(ordering: .relaxed) == anchor {
            return reading.tick
        }
        return tickOfNewSpan()
    }

    /// Reads the clock in full, and publishes how long the tick lasts at least: while a gap is being closed, the clock runs
    /// faster or slower by a hundredth.
    @inline(never)
    private func tickOfNewSpan() -> UInt64 {
        let anchor = revision.load(ordering: .acquiring)
        let isExact = gap.load(ordering: .relaxed) == 0
        let before = scale == nil ? 0 : source.count()
        let moment = now()
        let after = scale == nil ? 0 : source.count()
        guard revision.load(ordering: .relaxed) == anchor else { return moment.tick }
        // Before the epoch, which counts as tick 0, this is at most what is left until that tick ends.
        let left = tickNanoseconds - (moment.unixNanoseconds - epochNanoseconds) % tickNanoseconds
        let lasts = isExact ? left : left / (Self.slewDivisor + 1) * Self.slewDivisor
        if let scale {
            let counted = CountedMoment(before: before, boot: moment.bootNanoseconds, after: after)
            guard let end = scale.end(of: lasts, in: counted) else { return moment.tick }
            span.publish(TickSpan.Reading(anchor: anchor, begin: after, end: end, tick: moment.tick))
        } else {
            let (end, isTooLate) = moment.bootNanoseconds.addingReportingOverflow(lasts)
            let begin = moment.bootNanoseconds
            span.publish(TickSpan.Reading(anchor: anchor, begin: begin, end: isTooLate ? .max : end, tick: moment.tick))
        }
        return moment.tick
    }

    /// What a ``TickSpan`` counts.
    @inline(never)
    private func readInstant() -> Int64 {
        scale == nil ? readBoot() : source.count()
    }

    @inline(__always)
    private func readBoot() -> Int64 {
        isSystem ? SystemTimeSource.readBoot() : source.bootNanoseconds()
    }

    /// Nanoseconds from `moment` until `tick` begins; 0 when it has begun. Saturates instead of overflowing.
    package func nanoseconds(from moment: Moment, untilTick tick: UInt64) -> Int64 {
        guard tick > moment.tick else { return 0 }
        let (length, tooLong) = Int64(clamping: tick - moment.tick).multipliedReportingOverflow(by: tickNanoseconds)
        guard !tooLong else { return .max }
        let intoTick = max(0, moment.unixNanoseconds - epochNanoseconds) % tickNanoseconds
        return length - intoTick
    }

    /// Ticks that `duration` spans, rounded up, at least one.
    package func ticks(in duration: Duration) -> UInt64 {
        let nanoseconds = max(1, duration.nanoseconds)
        return UInt64((nanoseconds - 1) / tickNanoseconds + 1)
    }

    /// Compares the clock's time with the wall clock and corrects it. To be called about once per second, on any
    /// thread.
    ///
    /// - Returns: how far the wall clock was from the clock's time before the correction, and what was done about it.
    @discardableResult
    package func steer() -> ClockSteering {
        steering.withLock { _ in
            // The revision is odd before the clock is read, so that no reading with the old anchor is later than the
            // new anchor.
            let odd = revision.wrappingAdd(1, ordering: .relaxed).newValue
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            let bootNow = source.bootNanoseconds()
            let wall = source.wallNanoseconds()
            let ours = Self.carry(
                unix: unix.load(ordering: .relaxed),
                gap: gap.load(ordering: .relaxed),
                elapsed: bootNow - boot.load(ordering: .relaxed)
            )
            let offset = wall - ours
            let follows = offset >= 0 && offset <= followLimitNanoseconds

            boot.store(bootNow, ordering: .relaxed)
            unix.store(follows ? wall : ours, ordering: .relaxed)
            gap.store(follows ? 0 : offset, ordering: .relaxed)
            revision.store(odd &+ 1, ordering: .releasing)
            scale?.check(source.countedMoment())
            return ClockSteering(offsetNanoseconds: offset, isSlewing: !follows)
        }
    }

    private static func carry(unix: Int64, gap: Int64, elapsed: Int64) -> Int64 {
        let correction = max(0, elapsed) / slewDivisor
        return unix + max(0, elapsed) + (gap < 0 ? max(gap, -correction) : min(gap, correction))
    }

    private func tick(atUnixNanoseconds nanoseconds: Int64) -> UInt64 {
        // Before the epoch there is no tick. The daemon refuses to start then, and tick 0 leads to no wrong ID.
        UInt64(max(0, nanoseconds - epochNanoseconds) / tickNanoseconds)
    }
}

/// The result of one ``TickClock/steer()``.
package struct ClockSteering: Sendable, Equatable {
    /// The wall clock minus the clock's time, before the correction; negative when the wall clock was set back.
    package var offsetNanoseconds: Int64
    /// Whether the gap is being closed slowly, because the wall clock is behind, or too far ahead to be trusted.
    package var isSlewing: Bool

    package init(offsetNanoseconds: Int64, isSlewing: Bool) {
        self.offsetNanoseconds = offsetNanoseconds
        self.isSlewing = isSlewing
    }
}

extension Duration {
    /// Whole nanoseconds, clamped to what 64 bits hold (292 years either way).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowToo) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowToo ? (seconds < 0 ? .min : .max) : sum
    }
}
