/// An epoch that is not as a layout's text has it: what it probably means.
struct EpochText {
    /// The instant that the text means; nil if none or several may be meant.
    let time: UTCTime?
    /// The number in a text such as `1577836800ms`.
    let milliseconds: UInt64?

    /// Reads a day such as `2025-01-01`, `2025/1/1` or `01.01.2025`, or a number with a unit.
    init(_ text: String) {
        var reader = TextReader(text)
        let digits = reader.digits()
        let unit = TickUnit(rawValue: String(reader.lowerCaseLetters()))
        if let number = UInt64(digits), let unit, reader.isAtEnd {
            milliseconds = unit == .millisecond ? number : nil
            time = Self.time(number, unit)
        } else {
            milliseconds = nil
            time = Self.day(text).flatMap(Self.time)
        }
    }

    /// What a number may mean that is too low for milliseconds of a system's epoch, as the rest of a sentence whose object
    /// is the number; nil for 0 and for milliseconds of March 1973 and later.
    static func readings(of number: UInt64) -> String? {
        guard (1...lastDoubtfulNumber).contains(number) else { return nil }
        let digits = String(number)
        var readings = [
            "\(UTCTime(unixMilliseconds: number).shortText) in milliseconds",
            "\(UTCTime(unixSeconds: Int64(number)).shortText) in seconds",
        ]
        if digits.count == 4 { readings.append("\(digits)-01-01T00:00:00Z as a year") }
        if digits.count == 8 {
            let parts = [digits.prefix(4), digits.dropFirst(4).prefix(2), digits.suffix(2)].compactMap { Int64($0) }
            if let day = time(ofDay: parts) { readings.append("\(day.shortText) as a day") }
        }
        let last = readings.removeLast()
        return "which is \(readings.joined(separator: ", ")) and \(last): give the one that is meant"
    }

    /// As seconds this is the year 5138, as milliseconds March 1973.
    private static let lastDoubtfulNumber: UInt64 = 100_000_000_000

    private static func time(_ number: UInt64, _ unit: TickUnit) -> UTCTime? {
        let (nanoseconds, overflowed) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflowed, nanoseconds.isMultiple(of: 1_000_000) else { return nil }
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds <= Layout.maximumEpochUnixMilliseconds ? UTCTime(unixMilliseconds: milliseconds) : nil
    }

    /// Year, month and day of a text of three numbers with one separator, in the order that the separator or the numbers
    /// tell.
    private static func day(_ text: String) -> [Int64]? {
        guard let separator = text.first(where: { "-/.".contains($0) }) else { return nil }
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (1...4).contains($0.count) && $0.isNumber }) else { return nil }
        let numbers = parts.compactMap { Int64($0) }
        if parts[0].count == 4 { return numbers }
        guard parts[2].count == 4 else { return nil }
        // With slashes some write the month first, others the day.
        let isDayFirst = separator == "." || numbers[0] > 12 || numbers[0] == numbers[1]
        guard isDayFirst || numbers[1] > 12 else { return nil }
        return isDayFirst ? numbers.reversed() : [numbers[2], numbers[0], numbers[1]]
    }

    private static func time(ofDay parts: [Int64]) -> UTCTime? {
        guard parts.count == 3, parts[0] >= 1970, (1...12).contains(parts[1]),
            (1...CivilDate.days(inMonth: parts[1], of: parts[0])).contains(parts[2])
        else { return nil }
        let day = CivilDate(year: parts[0], month: parts[1], day: parts[2])
        return UTCTime(unixSeconds: day.daysSince1970 * UTCTime.secondsPerDay)
    }
}

extension UTCTime {
    /// As a layout's text has it: without a fraction where it is a whole second.
    var shortText: String { text(fractionDigits: nanosecond == 0 ? 0 : 3) }
}

extension StringProtocol {
    /// Whether the text has decimal digits alone.
    var isNumber: Bool { !isEmpty && utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }

    /// A number's digits for a message: of many the first.
    var excerpt: String { count <= 40 ? String(self) : "\(prefix(40))…" }
}
