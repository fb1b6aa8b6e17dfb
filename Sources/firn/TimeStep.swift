internal import FirnLayout

/// A round length of time. Its buckets begin at round times in UTC: full minutes, Mondays, the first of a month.
struct TimeStep: Hashable {
    private enum Unit: Hashable {
        case milliseconds(Int64)
        /// From Monday on.
        case weeks
        case months(Int64)
    }

    private let unit: Unit
    /// Such as `10 min`.
    let name: String

    private static let day: Int64 = 86_400_000
    private static let week = TimeStep(unit: .weeks, name: "1 week")

    /// From short to long. Each bucket of a step is a part of one of the next step's buckets.
    static let nested: [TimeStep] =
        shorterThanDays + [TimeStep(unit: .milliseconds(day), name: "1 day")] + months + years

    /// Also with weeks, which are parts of no month.
    static let all: [TimeStep] = nested.flatMap { $0.unit == .milliseconds(day) ? [$0, week] : [$0] }

    private static let shorterThanDays: [TimeStep] = {
        let units: [(name: String, milliseconds: Int64, counts: [Int64])] = [
            ("ms", 1, [1, 5, 10, 50, 100, 500]), ("s", 1000, [1, 5, 10, 30]), ("min", 60_000, [1, 5, 10, 30]),
            ("h", 3_600_000, [1, 3, 6, 12]),
        ]
        return units.flatMap { unit in
            unit.counts.map { TimeStep(unit: .milliseconds($0 * unit.milliseconds), name: "\($0) \(unit.name)") }
        }
    }()

    private static let months = [
        TimeStep(unit: .months(1), name: "1 month"), TimeStep(unit: .months(3), name: "3 months"),
    ]

    /// Up to 500 thousand million, for layouts whose time lasts as long.
    private static let years: [TimeStep] = (0..<12).flatMap { exponent in
        let power = (0..<exponent).reduce(Int64(1)) { power, _ in power * 10 }
        return [power, 5 * power].map { count in
            TimeStep(unit: .months(12 * count), name: count == 1 ? "1 year" : "\(count) years")
        }
    }

    /// Whether the step is a part of a second, so that its buckets are counted in 64 bits until the year 9999 only.
    private var isShort: Bool {
        if case .milliseconds(..<1000) = unit { true } else { false }
    }

    func isShorter(than nanoseconds: UInt64) -> Bool {
        if case .milliseconds(let length) = unit { UInt64(length) * 1_000_000 < nanoseconds } else { false }
    }

    /// Whether the step has a number for the bucket of an instant.
    func canHold(_ time: UTCTime) -> Bool {
        !isShort || time.unixSeconds < 1 << 40
    }

    /// The number of the bucket that contains an instant which ``canHold(_:)`` accepts.
    func bucket(of time: UTCTime) -> Int64 {
        switch unit {
        case .milliseconds(let length) where isShort:
            (time.unixSeconds * 1000 + time.nanosecond / 1_000_000).dividedRoundingDown(by: length).quotient
        case .milliseconds(let length):
            time.unixSeconds.dividedRoundingDown(by: length / 1000).quotient
        case .weeks:
            // 1970-01-01 was a Thursday.
            (Self.days(of: time) + 3).dividedRoundingDown(by: 7).quotient
        case .months(let count):
            Self.months(of: CivilDate(daysSince1970: Self.days(of: time))).dividedRoundingDown(by: count).quotient
        }
    }

    /// The instant at which a bucket begins.
    func start(of bucket: Int64) -> UTCTime {
        switch unit {
        case .milliseconds(let length) where isShort:
            let (seconds, milliseconds) = (bucket * length).dividedRoundingDown(by: 1000)
            return UTCTime(unixSeconds: seconds, nanosecond: milliseconds * 1_000_000)
        case .milliseconds(let length):
            return UTCTime(unixSeconds: bucket * (length / 1000))
        case .weeks:
            return UTCTime(unixSeconds: (bucket * 7 - 3) * 86_400)
        case .months(let count):
            let (year, month) = (bucket * count).dividedRoundingDown(by: 12)
            return UTCTime(unixSeconds: CivilDate(year: year, month: month + 1, day: 1).daysSince1970 * 86_400)
        }
    }

    /// A bucket's start, as short as the step allows.
    func label(of bucket: Int64) -> String {
        let start = start(of: bucket)
        let date = start.date
        switch unit {
        case .milliseconds(Self.day), .weeks: return date
        case .months(let count): return String(date.dropLast(count < 12 ? "-01".count : "-01-01".count))
        case .milliseconds(let length):
            // The time of day of 2025-01-01T10:20:00.000Z without what is always 0.
            let excess = length < 1000 ? 0 : length < 60_000 ? ".000".count : ":00.000".count
            return String(start.description.dropLast(excess + 1)) + "Z"
        }
    }

    private static func days(of time: UTCTime) -> Int64 {
        time.unixSeconds.dividedRoundingDown(by: 86_400).quotient
    }

    private static func months(of date: CivilDate) -> Int64 {
        date.year * 12 + date.month - 1
    }
}
