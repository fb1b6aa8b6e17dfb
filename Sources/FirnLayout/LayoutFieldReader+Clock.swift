// The time field.
extension LayoutFieldReader {
    /// Reads what follows the bits of a time.
    mutating func clock() throws(LayoutError) -> LayoutClock {
        let start = position
        var clock = LayoutClock(
            tickNanoseconds: try tick(),
            epochUnixMilliseconds: Layout.defaultEpochUnixMilliseconds
        )
        if reader.skip("@") { clock.epochUnixMilliseconds = try epoch() }
        var options: Set<String> = []
        while let option = try nextOption() {
            guard ["descending", "floored"].contains(option.text), options.insert(option.text).inserted else {
                throw invalid(
                    "has the option \(option.text.quoted): a time may have /descending and /floored, each once",
                    at: option.start
                )
            }
        }
        clock.isDescending = options.contains("descending")
        return options.contains("floored") ? try floored(clock, from: start) : clock
    }

    func floored(_ clock: LayoutClock, from start: Int) throws(LayoutError) -> LayoutClock {
        guard let floored = clock.floored else {
            throw invalid(
                "has an epoch that is no whole millisecond when it is rounded down to the tick of "
                    + "\(Layout.shownTick(nanoseconds: clock.tickNanoseconds)) since 1970: leave out /floored, or give another "
                    + "epoch",
                at: start
            )
        }
        return floored
    }

    private mutating func tick() throws(LayoutError) -> UInt64 {
        let (start, before) = (position, reader.remainder)
        let isMultiple = reader.skip("x")
        let place = position
        let digits = isMultiple ? reader.digits() : "1"
        let letters = String(reader.lowerCaseLetters())
        guard let unit = TickUnit(rawValue: letters), !digits.isEmpty,
            reader.isAtEnd || reader.peek("@") || reader.peek("/")
        else {
            throw invalid(
                "has \(before.quoted) where the tick's length and the epoch should be: after the bits give ns, us, ms, s, "
                    + "min, h or a multiple such as x10ms, then @ and the epoch",
                at: start
            )
        }
        let (nanoseconds, overflowed) = (UInt64(digits) ?? .max).multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflowed, (1...Layout.maximumTickNanoseconds).contains(nanoseconds) else {
            throw invalid(
                "has a tick of \(digits.excerpt)\(letters), which is not between 1ns and a day, 24h: give one such as 1ms or "
                    + "10ms",
                at: place
            )
        }
        return nanoseconds
    }

    /// Reads an epoch in milliseconds since 1970.
    mutating func epoch() throws(LayoutError) -> UInt64 {
        let (start, given) = (position, reader.remainder)
        let text = reader.text(before: "/")
        if text.isNumber {
            // A day with slashes is not the number before the first of them.
            if let day = EpochText(given).time {
                throw invalid("has the epoch \(given.quoted): give \(day.shortText)", at: start)
            }
            return try epoch(ofMilliseconds: text, at: start)
        }
        let time: UTCTime
        do {
            time = try UTCTime(parsing: text)
        } catch {
            let epoch = EpochText(given)
            if let number = epoch.milliseconds, let readings = EpochText.readings(of: number) {
                throw invalid("has the epoch \(given.quoted), \(readings)", at: start)
            }
            if let time = epoch.time {
                throw invalid("has the epoch \(given.quoted): give \(time.shortText)", at: start)
            }
            throw invalid(
                "has no epoch that can be read. \(error.message) Milliseconds since 1970 do as well",
                at: start
            )
        }
        guard time.unixSeconds >= 0, time.nanosecond.isMultiple(of: 1_000_000) else {
            throw invalid("has the epoch \(time): give one from 1970 on, in whole milliseconds", at: start)
        }
        return time.unixMilliseconds
    }

    private func epoch(ofMilliseconds digits: String, at start: Int) throws(LayoutError) -> UInt64 {
        guard let number = UInt64(digits), number <= Layout.maximumEpochUnixMilliseconds else {
            throw invalid(
                "has the epoch \(digits.excerpt), which as milliseconds since 1970 is past the year 9999: give one up to "
                    + "\(Layout.maximumEpochUnixMilliseconds)",
                at: start
            )
        }
        if let readings = EpochText.readings(of: number) {
            throw invalid("has the epoch \(number), \(readings)", at: start)
        }
        return number
    }
}
