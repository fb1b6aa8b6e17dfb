internal import FirnLayout

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension UTCTime {
    /// The system's clock.
    static var now: UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(unixSeconds: Int64(time.tv_sec), nanosecond: Int64(time.tv_nsec))
    }

    /// What an argument that is a time may be, for help texts.
    static let argumentForms = """
        A time is in ISO 8601, such as 2025-01-01T00:00:00Z, 2025-01-01 01:00+01:00 or 20250101T000000Z. Without a \
        zone it is in UTC. A day (2025-01-31, 2025-031) or a month (2025-01) alone is its first instant. @1735689600 \
        are Unix seconds; now, today, yesterday and tomorrow may have an offset, as in now-90min or today-7d (s, min, \
        h, d, w).
        """

    /// Reads a time as ``argumentForms`` says.
    ///
    /// - Parameters:
    ///   - text: The argument. Spaces around it are ignored.
    ///   - now: What `now` is, and the day of `today`.
    /// - Throws: ``Refusal`` that names what was not understood and its position.
    init(argument text: String, now: UTCTime = .now) throws {
        var reader = TimeArgumentReader(text.withoutOuterSpaces, now: now)
        self = try reader.time()
    }

    /// A sentence if Unix seconds are so many that smaller units are probably meant; nil for other arguments.
    static func note(onArgument text: String) -> String? {
        let text = text.withoutOuterSpaces
        guard text.first == "@" else { return nil }
        return smallerUnits(String(text.dropFirst())).map { "The time \(text.quoted) is in seconds. \($0)" }
    }

    /// What to give if the digits of Unix seconds are milliseconds, microseconds or nanoseconds since 1970; nil where
    /// their number is not that of a time from 1973 to 2286 in such a unit.
    fileprivate static func smallerUnits(_ digits: String) -> String? {
        let units = [12: ("milliseconds", 3), 15: ("microseconds", 6), 18: ("nanoseconds", 9)]
        let isWhole = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isWhole, let (unit, places) = units[digits.count] ?? units[digits.count - 1] else { return nil }
        return "If it is in \(unit), give @\(digits.dropLast(places)).\(digits.suffix(places))."
    }
}

/// Reads a time from its start, part by part.
private struct TimeArgumentReader {
    private static let secondsPerDay: Int64 = 86_400

    private let text: String
    private let bytes: [UInt8]
    private let now: UTCTime
    private var position = 0

    init(_ text: String, now: UTCTime) {
        self.text = text
        self.now = now
        bytes = Array(text.utf8)
    }

    mutating func time() throws -> UTCTime {
        let time = try start()
        guard position == bytes.count else { throw refusal("nothing more can follow") }
        return time
    }

    private mutating func start() throws -> UTCTime {
        guard let first = bytes.first else { throw refusal("there is none") }
        switch first {
        case UInt8(ascii: "@"):
            position = 1
            return try unixSeconds()
        case UInt8(ascii: "+"), UInt8(ascii: "-"): return try offset(from: now)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try dateAndTime()
        default: return try offset(from: word())
        }
    }

    // MARK: - now, today

    private mutating func word() throws -> UTCTime {
        let today = now.unixSeconds - now.unixSeconds.dividedRoundingDown(by: Self.secondsPerDay).remainder
        let words = [
            ("now", now), ("today", UTCTime(unixSeconds: today)),
            ("yesterday", UTCTime(unixSeconds: today - Self.secondsPerDay)),
            ("tomorrow", UTCTime(unixSeconds: today + Self.secondsPerDay)),
        ]
        for (word, time) in words where skip(word) { return time }
        throw refusal("a date as 2025-01-31, @ and Unix seconds, or now, today, yesterday or tomorrow is expected")
    }

    private mutating func offset(from time: UTCTime) throws -> UTCTime {
        guard position < bytes.count else { return time }
        let isBack = bytes[position] == UInt8(ascii: "-")
        guard skip("+") || skip("-") else { throw refusal("an offset as -90min is expected") }
        let start = position
        guard let count = Int64(digits()), count < 1_000_000_000 else {
            position = start
            throw refusal("a number of up to nine digits is expected")
        }
        let units: [(name: String, seconds: Int64)] = [
            ("min", 60), ("s", 1), ("h", 3600), ("d", Self.secondsPerDay), ("w", 7 * Self.secondsPerDay),
        ]
        guard let unit = units.first(where: { skip($0.name) }) else { throw refusal("s, min, h, d or w is expected") }
        let seconds = isBack ? -count * unit.seconds : count * unit.seconds
        return UTCTime(unixSeconds: time.unixSeconds + seconds, nanosecond: time.nanosecond)
    }

    // MARK: - Unix seconds

    private mutating func unixSeconds() throws -> UTCTime {
        let isNegative = skip("-")
        let start = position
        // Well beyond the last day of every layout that is in use, and far from overflowing.
        guard let seconds = Int64(digits()), seconds < 1 << 53 else {
            position = start
            let rest = String(decoding: bytes[start...], as: UTF8.self)
            throw refusal("Unix seconds below 2^53 are expected", advice: UTCTime.smallerUnits(rest))
        }
        let fraction = try fraction()
        guard isNegative else { return UTCTime(unixSeconds: seconds, nanosecond: fraction) }
        return fraction == 0
            ? UTCTime(unixSeconds: -seconds) : UTCTime(unixSeconds: -seconds - 1, nanosecond: 1_000_000_000 - fraction)
    }

    // MARK: - ISO 8601

    private mutating func dateAndTime() throws -> UTCTime {
        let (days, isMonth) = try date()
        let dateSeconds = days * Self.secondsPerDay
        guard position < bytes.count else { return UTCTime(unixSeconds: dateSeconds) }
        guard !isMonth else { throw refusal("a day as 2025-01-31 is expected") }
        guard skip("T") || skip("t") || skip(" ") else { throw refusal("T and a time of day are expected") }
        let second = try secondOfDay()
        let fraction = second.hasSeconds ? try fraction() : 0
        let offset = try zone()
        return UTCTime(unixSeconds: dateSeconds + second.value - offset, nanosecond: fraction)
    }

    /// Days since 1970, and whether the date is a month alone.
    private mutating func date() throws -> (days: Int64, isMonth: Bool) {
        switch digitCount {
        case 4: return try extendedDate(year: number(4))
        case 7: return try (ordinal(year: number(4)), false)
        case 8:
            let (year, month) = try (number(4), number(2, in: 1...12, "the month is 01 to 12"))
            return try (day(of: month, year), false)
        case 10...:
            throw refusal("a date is expected, as 2025-01-31 or 20250131; Unix seconds are written with @ in front")
        default: throw refusal("a year of four digits is expected, as in 2025-01-31")
        }
    }

    private mutating func extendedDate(year: Int64) throws -> (days: Int64, isMonth: Bool) {
        guard skip("-") else { throw refusal("a hyphen and the month are expected, as in 2025-01-31") }
        if position < bytes.count, bytes[position] == UInt8(ascii: "W") {
            throw refusal("weeks are not read, give the day as 2025-01-31")
        }
        if digitCount == 3 { return try (ordinal(year: year), false) }
        let month = try number(2, in: 1...12, "the month is 01 to 12")
        guard skip("-") else { return (CivilDate(year: year, month: month, day: 1).daysSince1970, true) }
        return try (day(of: month, year), false)
    }

    private mutating func day(of month: Int64, _ year: Int64) throws -> Int64 {
        let last = CivilDate.days(inMonth: month, of: year)
        let day = try number(2, in: 1...last, "the day is 01 to \(last)")
        return CivilDate(year: year, month: month, day: day).daysSince1970
    }

    private mutating func ordinal(year: Int64) throws -> Int64 {
        let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
        let length = CivilDate(year: year + 1, month: 1, day: 1).daysSince1970 - first
        return try first + number(3, in: 1...length, "the day of the year is 001 to \(length)") - 1
    }

    private mutating func secondOfDay() throws -> (value: Int64, hasSeconds: Bool) {
        let isBasic = digitCount > 2
        let hour = try number(2, in: 0...23, "the hour is 00 to 23")
        var value = hour * 3600
        guard isBasic || skip(":") else { return (value, false) }
        value += try number(2, in: 0...59, "the minute is 00 to 59") * 60
        guard isBasic ? digitCount > 0 : skip(":") else { return (value, false) }
        value += try number(2, in: 0...59, "the second is 00 to 59")
        return (value, true)
    }

    /// Nanoseconds; 0 without a decimal separator.
    private mutating func fraction() throws -> Int64 {
        guard skip(".") || skip(",") else { return 0 }
        let digits = digits(atMost: 9)
        guard let value = Int64(digits) else { throw refusal("one to nine digits are expected") }
        guard digitCount == 0 else { throw refusal("a fraction has nine digits at most") }
        return (digits.count..<9).reduce(value) { value, _ in value * 10 }
    }

    /// The zone in seconds east of UTC; 0 without one.
    private mutating func zone() throws -> Int64 {
        while skip(" ") {}
        guard position < bytes.count, !skip("Z"), !skip("z"), !skip("UTC"), !skip("GMT") else { return 0 }
        let isWest = bytes[position] == UInt8(ascii: "-")
        guard skip("+") || skip("-") else { throw refusal("Z or a zone as +01:00 is expected") }
        var seconds = try number(2, in: 0...23, "a zone's hours are 00 to 23") * 3600
        if skip(":") || digitCount > 0 { seconds += try number(2, in: 0...59, "a zone's minutes are 00 to 59") * 60 }
        return isWest ? -seconds : seconds
    }

    // MARK: - Parts

    /// How many digits come next.
    private var digitCount: Int {
        bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    }

    private mutating func digits(atMost maximum: Int = .max) -> String {
        let count = min(digitCount, maximum)
        defer { position += count }
        return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }

    private mutating func number(
        _ count: Int,
        in range: ClosedRange<Int64> = 0...9999,
        _ expectation: String = ""
    ) throws -> Int64 {
        let start = position
        let text = digits(atMost: count)
        guard text.count == count, let number = Int64(text), range.contains(number) else {
            position = start
            throw refusal(expectation)
        }
        return number
    }

    private mutating func skip(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private func refusal(_ expectation: String, advice: String? = nil) -> Refusal {
        let rest = String(decoding: bytes[position...], as: UTF8.self)
        let place = rest.isEmpty ? "at its end" : "at character \(position + 1), \(rest.quoted)"
        let message = "The time \(text.quoted) cannot be read \(place): \(expectation)."
        return Refusal(message: message + (advice.map { " \($0)" } ?? ""), exitCode: .usage)
    }
}
