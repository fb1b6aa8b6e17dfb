extension Layout {
    /// The instant of tick 0; 1970 for a layout without time.
    public var epoch: UTCTime {
        UTCTime(unixMilliseconds: epochUnixMilliseconds)
    }

    /// The tick that contains an instant; nil before the epoch, and for a layout without time.
    ///
    /// It may be past ``maximumTick``: check before making an ID from it.
    @inlinable
    public func tick(atUnixNanoseconds unixNanoseconds: Int64) -> UInt64? {
        let (epoch, overflowed) = epochUnixMilliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard hasTime, !overflowed, let now = UInt64(exactly: unixNanoseconds), now >= epoch else { return nil }
        return (now - epoch) / tickNanoseconds
    }

    /// The instant at which a tick begins, exact for every tick that begins in the next 292 thousand million years.
    ///
    /// - Precondition: The layout has time.
    public func time(ofTick tick: UInt64) -> UTCTime {
        precondition(hasTime, "a layout without time has no ticks")
        let (high, low) = tick.multipliedFullWidth(by: tickNanoseconds)
        return epoch.advanced(byNanoseconds: high, low)
    }

    /// When a tick begins, in nanoseconds since 1970; `Int64.max` (in the year 2262) when it is later than that.
    ///
    /// - Precondition: The layout has time.
    public func unixNanoseconds(ofTick tick: UInt64) -> Int64 {
        time(ofTick: tick).unixNanoseconds
    }

    /// When a tick begins, to the millisecond, rounded down. For display, where the nanoseconds of a tick that is not a
    /// whole number of milliseconds are not needed.
    package func roundedTime(ofTick tick: UInt64) -> UTCTime {
        UTCTime(unixMilliseconds: unixMilliseconds(ofTick: tick))
    }

    /// When a tick begins, in milliseconds since 1970, rounded down; `UInt64.max` when it is later than that.
    ///
    /// - Precondition: The layout has time.
    public func unixMilliseconds(ofTick tick: UInt64) -> UInt64 {
        time(ofTick: tick).unixMilliseconds
    }

    /// The last instant of the last tick, to the nanosecond, after which the time field is exhausted; nil for a layout
    /// without time, which is never exhausted.
    public var lastInstant: UTCTime? {
        guard hasTime else { return nil }
        return time(ofTick: maximumTick).advanced(byNanoseconds: 0, tickNanoseconds - 1)
    }

    /// The last millisecond of the last tick, since 1970; `UInt64.max` when it is later than that, and for a layout
    /// without time.
    public var lastInstantUnixMilliseconds: UInt64 {
        lastInstant?.unixMilliseconds ?? .max
    }

    /// The day of the last instant in UTC, such as `2080-07-10`; nil for a layout without time.
    public var lastDay: String? {
        lastInstant?.date
    }
}
