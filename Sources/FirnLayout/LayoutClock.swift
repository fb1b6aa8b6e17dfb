/// How a layout counts time.
struct LayoutClock: Hashable {
    var tickNanoseconds: UInt64
    var epochUnixMilliseconds: UInt64
    var isDescending = false

    /// How long before the epoch the last multiple of the tick since 1970 is, in nanoseconds. Less than the tick.
    ///
    /// In nanoseconds the epoch may pass 64 bits. The quotient does not: a factor of the product is less than the tick.
    var nanosecondsOffTick: UInt64 {
        let milliseconds = epochUnixMilliseconds % tickNanoseconds
        let product = milliseconds.multipliedFullWidth(by: 1_000_000 % tickNanoseconds)
        return tickNanoseconds.dividingFullWidth(product).remainder
    }

    /// The same clock with the epoch moved back to a multiple of the tick since 1970; nil where that is no whole
    /// millisecond.
    ///
    /// It counts as Sonyflake does, which divides both the time and its start by the tick, rounding down, and subtracts:
    /// `floor(t / tick) - floor(epoch / tick)`, which is `floor((t - floored epoch) / tick)`.
    var floored: LayoutClock? {
        let offset = nanosecondsOffTick
        guard offset.isMultiple(of: 1_000_000) else { return nil }
        var floored = self
        floored.epochUnixMilliseconds -= offset / 1_000_000
        return floored
    }
}
