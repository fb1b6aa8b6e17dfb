/// An instant as seconds and nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, as Unix counts.
///
/// It covers every time that a layout can express, some hundred thousand million years before and after 1970, in the
/// proleptic Gregorian calendar.
public struct UTCTime: Sendable, Hashable {
    /// Whole seconds since 1970, rounded down.
    public let unixSeconds: Int64
    /// Nanoseconds of the second, 0 to 999,999,999.
    public let nanosecond: Int64

    /// Makes an instant; traps when the nanosecond is outside 0 to 999,999,999.
    public init(unixSeconds: Int64, nanosecond: Int64 = 0) {
        precondition((0..<1_000_000_000).contains(nanosecond), "a second has a thousand million nanoseconds")
        self.unixSeconds = unixSeconds
        self.nanosecond = nanosecond
    }

    /// The instant this many milliseconds after 1970.
    public init(unixMilliseconds: UInt64) {
        self.init(
            unixSeconds: Int64(unixMilliseconds / 1000),
            nanosecond: Int64(unixMilliseconds % 1000) * 1_000_000
        )
    }

    /// The instant this many nanoseconds after 1970, or before it when negative.
    public init(unixNanoseconds: Int64) {
        let (seconds, nanosecond) = unixNanoseconds.dividedRoundingDown(by: 1_000_000_000)
        self.init(unixSeconds: seconds, nanosecond: nanosecond)
    }

    /// Milliseconds since 1970, rounded down; 0 before 1970, and `UInt64.max` where they do not fit.
    public var unixMilliseconds: UInt64 {
        guard unixSeconds >= 0 else { return 0 }
        let (whole, overflowed) = UInt64(unixSeconds).multipliedReportingOverflow(by: 1000)
        let (sum, carried) = whole.addingReportingOverflow(UInt64(nanosecond / 1_000_000))
        return overflowed || carried ? .max : sum
    }

    /// Nanoseconds since 1970; the nearest `Int64` where they do not fit, which is before 1677-09-21 and after
    /// 2262-04-11.
    public var unixNanoseconds: Int64 {
        // The second is moved towards zero first: otherwise the product for the lowest values would overflow although
        // the sum fits.
        let isBefore1970 = unixSeconds < 0
        let seconds = isBefore1970 ? unixSeconds + 1 : unixSeconds
        let rest = isBefore1970 ? nanosecond - 1_000_000_000 : nanosecond
        let (whole, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = whole.addingReportingOverflow(rest)
        return overflowed || carried ? (isBefore1970 ? .min : .max) : sum
    }

    /// The latest instant that this type holds. It stands for all later ones, and its text says so.
    static let latest = UTCTime(unixSeconds: .max, nanosecond: 999_999_999)

    /// The instant `high << 64 | low` nanoseconds later; the latest instant if the result is past it.
    func advanced(byNanoseconds high: UInt64 = 0, _ low: UInt64) -> UTCTime {
        let second: UInt64 = 1_000_000_000
        guard high < second else { return .latest }
        let (seconds, nanoseconds) = second.dividingFullWidth((high, low))
        let (carry, rest) = (nanosecond + Int64(nanoseconds)).dividedRoundingDown(by: Int64(second))
        guard let seconds = Int64(exactly: seconds) else { return .latest }
        let (sum, overflowed) = unixSeconds.addingReportingOverflow(seconds)
        let (total, carried) = sum.addingReportingOverflow(carry)
        return overflowed || carried ? .latest : UTCTime(unixSeconds: total, nanosecond: rest)
    }
}

extension UTCTime: Comparable {
    /// Whether one instant is before another.
    public static func < (lhs: UTCTime, rhs: UTCTime) -> Bool {
        (lhs.unixSeconds, lhs.nanosecond) < (rhs.unixSeconds, rhs.nanosecond)
    }
}

extension Int64 {
    /// Quotient and remainder with the quotient rounded down, so the remainder is never negative.
    package func dividedRoundingDown(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
