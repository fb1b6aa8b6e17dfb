/// Reads one field of a layout's text. Its errors say at which character of the whole text something is wrong.
struct LayoutFieldReader {
    let text: Substring
    /// The number of its first character in the layout's text, from 1.
    let start: Int
    var reader: TextReader

    /// Names that are members of a decoded ID's JSON, or may become some.
    static let takenNames: Set = ["fits", "guess", "hints", "id", "layout", "text", "utc", "warnings"]
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
    var position: Int { start + text.utf8.count - reader.count }

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
        let digits = reader.digits()
        guard !digits.isEmpty else {
            throw invalid("has no number of bits after the colon: give it as in \(LayoutText.example)", at: place)
        }
        guard let width = Int(digits), width <= 64 else {
            throw invalid("has \(digits.excerpt) bits, and an ID has 64 in all: give fewer", at: place)
        }
        return width
    }

    /// Whether a unit of time follows the bits.
    var hasUnit: Bool {
        let unit = reader.remainder.prefix { $0 != "@" && $0 != "/" }.drop { $0 == "x" || $0.isNumber }
        return TickUnit(rawValue: String(unit)) != nil
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
        var hasFirst = false
        var ranges: [(numbers: ClosedRange<UInt64>, place: Int)] = []
        while let option = try nextOption() {
            let halves = option.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let place = option.start + halves[0].utf8.count + 1
            switch (halves[0], halves.count) {
            case ("first", 2) where !hasFirst:
                hasFirst = true
                rules.first = try number(String(halves[1]), width: width, called: "the first number", at: place)
            case ("reserved", 2) where ranges.count < SequenceRules.maximumReservedRanges:
                let numbers = try range(halves[1], width: width, at: place)
                if let other = ranges.first(where: { $0.numbers.overlaps(numbers) }) {
                    let twice = Self.text(of: numbers.clamped(to: other.numbers))
                    throw invalid("reserves \(twice) twice: give each number once", at: place)
                }
                ranges.append((numbers, place))
            default:
                throw invalid(
                    "has the option \(option.text.quoted): a sequence may have /first=<number> once and "
                        + "/reserved=<number>-<number> up to \(SequenceRules.maximumReservedRanges) times",
                    at: option.start
                )
            }
        }
        for (numbers, place) in ranges {
            guard numbers.upperBound >= rules.first else {
                throw invalid(
                    "reserves \(Self.text(of: numbers)), and the first number \(rules.first) leaves out all below it: leave "
                        + "out that option",
                    at: place
                )
            }
            rules.reserve(numbers)
        }
        rules = rules.withoutReservedBelowFirst
        guard rules.areOfAllNumbers || rules.count(upTo: BitField.maximum(ofWidth: width)) > 0 else {
            throw invalid("leaves no sequence number for IDs: reserve fewer", at: start)
        }
        return rules
    }

    private static func text(of numbers: ClosedRange<UInt64>) -> String {
        numbers.lowerBound == numbers.upperBound
            ? "the number \(numbers.lowerBound)" : "the numbers \(numbers.lowerBound) to \(numbers.upperBound)"
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
        let maximum = BitField.maximum(ofWidth: width)
        guard let value = UInt64(number), value <= maximum else {
            throw invalid(
                "has \(text.quoted) as \(what), which does not fit in \(width) \(width == 1 ? "bit" : "bits"): give "
                    + (maximum == 0 ? "0" : "0 to \(maximum)"),
                at: place
            )
        }
        return value
    }
}
