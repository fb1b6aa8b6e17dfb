extension UTCTime: CustomStringConvertible {
    /// The instant in RFC 3339's format, such as `2017-11-06T12:38:38.940Z`.
    ///
    /// The fraction has 3 digits, or 6 or 9 if 3 are not exact. RFC 3339 ends with the year 9999; later years are
    /// written as ISO 8601's expanded years, `+12345-01-01T00:00:00.000Z`. The latest instant stands for all that come after
    /// it: `after +292277026596-12-04T15:30:07Z`.
    public var description: String {
        self == .latest
            ? text(fractionDigits: 0)
            : text(fractionDigits: nanosecond % 1_000_000 == 0 ? 3 : nanosecond % 1000 == 0 ? 6 : 9)
    }

    /// The day, such as `2017-11-06`, or `after +292277026596-12-04`.
    public var date: String {
        let days = unixSeconds.dividedRoundingDown(by: Self.secondsPerDay).quotient
        return (self == .latest ? "after " : "") + CivilDate(daysSince1970: days).description
    }

    static let secondsPerDay: Int64 = 86_400

    func text(fractionDigits: Int) -> String {
        let second = unixSeconds.dividedRoundingDown(by: Self.secondsPerDay).remainder
        let clock = [second / 3600, second / 60 % 60, second % 60].map { $0.magnitude.padded(to: 2) }
        let fraction = fractionDigits == 0 ? "" : ".\(nanosecond.magnitude.padded(to: 9).prefix(fractionDigits))"
        return "\(date)T\(clock.joined(separator: ":"))\(fraction)Z"
    }
}

extension UTCTime {
    /// Reads an RFC 3339 time: `2017-11-06T12:38:38.940Z`, or with an offset such as `+01:00`.
    ///
    /// Years 0000 to 9999, up to nine digits of fraction, T and Z in either case, a space in place of T. A leap second
    /// (`:60`) is refused, because Unix time has none.
    ///
    /// - Throws: ``LayoutError`` with code `.invalidTime`.
    public init(parsing text: String) throws(LayoutError) {
        func invalid(_ reason: String) -> LayoutError {
            LayoutError(
                .invalidTime,
                "The time \(text.quoted) \(reason): give it as in 2025-01-01T00:00:00Z or 2025-01-01T01:00:00.000+01:00."
            )
        }
        var reader = TextReader(text)
        guard let date = Self.readDate(&reader), reader.skip("T", "t", " ") else {
            throw invalid("is not in RFC 3339's form")
        }
        guard let second = Self.readSecondOfDay(&reader) else { throw invalid("has no time as hh:mm:ss") }
        var nanosecond: Int64 = 0
        if reader.skip(".") {
            let digits = reader.digits()
            guard (1...9).contains(digits.count), let fraction = Int64(digits) else {
                throw invalid("has a fraction of \(digits.count) digits where 1 to 9 can be")
            }
            nanosecond = (digits.count..<9).reduce(fraction) { value, _ in value * 10 }
        }
        guard let offset = Self.readOffset(&reader), reader.isAtEnd else {
            throw invalid("does not end in Z or an offset as ±hh:mm")
        }
        guard (1...12).contains(date.month) else { throw invalid("has month \(date.month)") }
        guard (1...CivilDate.days(inMonth: date.month, of: date.year)).contains(date.day) else {
            throw invalid("has day \(date.day), which its month does not")
        }
        guard (0..<Self.secondsPerDay).contains(second) else {
            throw invalid("has no time of day from 00:00:00 to 23:59:59")
        }
        self.init(unixSeconds: date.daysSince1970 * Self.secondsPerDay + second - offset, nanosecond: nanosecond)
    }

    private static func readDate(_ reader: inout TextReader) -> CivilDate? {
        guard let year = reader.number(ofDigits: 4), reader.skip("-"),
            let month = reader.number(ofDigits: 2), reader.skip("-"),
            let day = reader.number(ofDigits: 2)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    /// The second of the day; a negative number if the text has the right form but a value is out of range.
    private static func readSecondOfDay(_ reader: inout TextReader) -> Int64? {
        guard let hour = reader.number(ofDigits: 2), reader.skip(":"),
            let minute = reader.number(ofDigits: 2), reader.skip(":"),
            let second = reader.number(ofDigits: 2)
        else { return nil }
        return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : -1
    }

    /// The offset in seconds east of UTC.
    private static func readOffset(_ reader: inout TextReader) -> Int64? {
        if reader.skip("Z", "z") { return 0 }
        let isWest = reader.peek("-")
        guard reader.skip("+", "-"),
            let hour = reader.number(ofDigits: 2), reader.skip(":"),
            let minute = reader.number(ofDigits: 2), hour < 24, minute < 60
        else { return nil }
        let seconds = hour * 3600 + minute * 60
        return isWest ? -seconds : seconds
    }
}
