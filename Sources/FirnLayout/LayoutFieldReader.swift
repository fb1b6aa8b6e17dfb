/// Reads one field of a layout's text. Its errors say at which character of the whole text something is wrong.
struct LayoutFieldReader {
    let text: Substring
    /// The number of its first character in the layout's text, from 1.
    let start: Int
    private var reader: TextReader

    /// Names that are members of a decoded ID's JSON, or may become some.
    private static let takenNames: Set = ["fits", "guess", "hints", "id", "layout", "text", "utc", "warnings"]
    private static let maximumNameLength = 32

    init(_ text: Substring, start: Int) {
        self.init(text, start: start, readTo: text.startIndex)
    }

    init(_ text: Substring, start: Int, readTo index: Substring.Index) {
        self.text = text
        self.start = start
        reader = TextReader(text[index...])
    }

    /// The number of the next character.
    private var position: Int { start + text.utf8.count - reader.count }

    func invalid(_ reason: String, at position: Int) -> LayoutError {
        LayoutError(.invalidLayout, "The layout's field \(text.quoted) \(reason) (character \(position)).")
    }

    /// Reads the name and the colon.
    mutating func name() throws(LayoutError) -> String {
        let name = reader.text(before: ":")
        let isLetter = { (byte: UInt8) in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
        let length = name.utf8.prefix { byte in
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }.count
        let isName =
            name.utf8.first.map(isLetter) == true && length == name.utf8.count && length <= Self.maximumNameLength
        guard isName, reader.peek(":") else {
            let wrong = name.utf8.first.map(isLetter) == true ? min(length, Self.maximumNameLength) : 0
            throw invalid(
                "is none of unused:<bits>, time:<bits><unit>@<epoch>, worker:<bits>, sequence:<bits> and <name>:<bits> "
                    + "with a name of up to \(Self.maximumNameLength) of a–z, 0–9, - and _ that begins with a letter",
                at: start + wrong
            )
        }
        guard !Self.takenNames.contains(name) else {
            throw invalid("has a name that the output uses for something else: give it another", at: start)
        }
        _ = reader.skip(":")
        return name
    }

    mutating func width() throws(LayoutError) -> Int {
        let place = position
        guard let width = Int(reader.digits()) else {
            throw invalid("has no number of bits after the colon: give it as in \(LayoutText.example)", at: place)
        }
        return width
    }

    func expectEnd() throws(LayoutError) {
        guard reader.isAtEnd else {
            throw invalid("has \(reader.remainder.quoted) after its bits: leave that out", at: position)
        }
    }

    /// Reads what follows a `/`; nil at the end.
    mutating func nextOption() throws(LayoutError) -> (text: String, start: Int)? {
        guard !reader.isAtEnd else { return nil }
        guard reader.skip("/") else {
            throw invalid("has \(reader.remainder.quoted) after its bits: leave that out", at: position)
        }
        let start = position
        return (reader.text(before: "/"), start)
    }

    /// Reads what follows the bits of a field with any name: it is a part of the worker, constant or random.
    mutating func named(_ name: String, width: Int) throws(LayoutError) -> LayoutPart {
        if reader.skip("=") {
            let place = position
            let constant = try number(reader.text(before: "/"), width: width, called: "the constant", at: place)
            try expectEnd()
            return LayoutPart(.constant, name: name, width: width, constant: constant)
        }
        var kind = BitField.Kind.worker
        while let option = try nextOption() {
            guard option.text == "random", kind == .worker else {
                throw invalid(
                    "has the option \(option.text.quoted): the only one is /random, once, or give a constant as in "
                        + "\(name):\(width)=0",
                    at: option.start
                )
            }
            kind = .random
        }
        return LayoutPart(kind, name: name, width: width)
    }

    /// Reads what follows the bits of a sequence.
    mutating func sequenceRules(width: Int) throws(LayoutError) -> SequenceRules {
        var rules = SequenceRules()
        var (hasFirst, ranges) = (false, 0)
        while let option = try nextOption() {
            let halves = option.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let place = option.start + halves[0].utf8.count + 1
            switch (halves[0], halves.count) {
            case ("first", 2) where !hasFirst:
                hasFirst = true
                rules.first = try number(String(halves[1]), width: width, called: "the first number", at: place)
            case ("reserved", 2) where ranges < SequenceRules.maximumReservedRanges:
                ranges += 1
                rules.reserve(try range(halves[1], width: width, at: place))
            default:
                throw invalid(
                    "has the option \(option.text.quoted): a sequence may have /first=<number> once and "
                        + "/reserved=<number>-<number> up to \(SequenceRules.maximumReservedRanges) times",
                    at: option.start
                )
            }
        }
        rules = rules.withoutReservedBelowFirst
        guard rules.areOfAllNumbers || rules.count(upTo: maximum(ofWidth: width)) > 0 else {
            throw invalid("leaves no sequence number for IDs: reserve fewer", at: start)
        }
        return rules
    }

    private func range(_ text: Substring, width: Int, at place: Int) throws(LayoutError) -> ClosedRange<UInt64> {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let lowest = try number(String(ends[0]), width: width, called: "the reserved number", at: place)
        guard ends.count == 2 else { return lowest...lowest }
        let second = place + ends[0].utf8.count + 1
        let highest = try number(String(ends[1]), width: width, called: "the reserved number", at: second)
        guard lowest <= highest else {
            throw invalid(
                "reserves from \(lowest) to \(highest), which is none: give the lower number first",
                at: place
            )
        }
        return lowest...highest
    }

    /// Wider fields are refused when all have been read; until then their numbers are those of 63 bits, which is as many
    /// as a time leaves to the others.
    private func maximum(ofWidth width: Int) -> UInt64 {
        BitField.maximum(ofWidth: min(width, 63))
    }

    /// A decimal number that fits in a field.
    private func number(
        _ text: String,
        width: Int,
        called what: String,
        at place: Int
    ) throws(LayoutError) -> UInt64 {
        var digits = TextReader(text)
        let number = digits.digits()
        guard !number.isEmpty, digits.isAtEnd else {
            throw invalid("has \(text.quoted) as \(what): give a decimal number", at: place)
        }
        let maximum = maximum(ofWidth: width)
        guard let value = UInt64(number), value <= maximum else {
            throw invalid(
                "has \(text.quoted) as \(what), which does not fit in \(width) bits: give "
                    + (maximum == 0 ? "0" : "0 to \(maximum)"),
                at: place
            )
        }
        return value
    }
}

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
        try check(clock, from: start)
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

    func check(_ clock: LayoutClock, from start: Int) throws(LayoutError) {
        do {
            try Layout.check(clock)
        } catch {
            throw invalid("is out of range. \(error.message.withoutFullStop)", at: start)
        }
    }

    func floored(_ clock: LayoutClock, from start: Int) throws(LayoutError) -> LayoutClock {
        guard let floored = clock.floored else {
            throw invalid(
                "has an epoch that is no whole millisecond when it is rounded down to the tick of "
                    + "\(clock.tickNanoseconds) ns since 1970: leave out /floored, or give another epoch",
                at: start
            )
        }
        return floored
    }

    private mutating func tick() throws(LayoutError) -> UInt64 {
        let (start, before) = (position, reader.remainder)
        let isMultiple = reader.skip("x")
        let multiple = isMultiple ? UInt64(reader.digits()) ?? 0 : 1
        guard let unit = TickUnit(rawValue: String(reader.lowerCaseLetters())), multiple > 0,
            reader.isAtEnd || reader.peek("@") || reader.peek("/")
        else {
            throw invalid(
                "has \(before.quoted) where the tick's length and the epoch should be: after the bits give ns, us, ms, s, "
                    + "min, h or a multiple such as x10ms, then @ and the epoch",
                at: start
            )
        }
        let (nanoseconds, overflowed) = multiple.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflowed ? .max : nanoseconds
    }

    /// Reads an epoch in milliseconds since 1970.
    mutating func epoch() throws(LayoutError) -> UInt64 {
        let start = position
        let text = reader.text(before: "/")
        var digits = TextReader(text)
        let number = digits.digits()
        if digits.isAtEnd, !number.isEmpty { return UInt64(number) ?? .max }
        let time: UTCTime
        do {
            time = try UTCTime(parsing: text)
        } catch {
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
}

extension String {
    fileprivate var withoutFullStop: String { last == "." ? String(dropLast()) : self }
}
