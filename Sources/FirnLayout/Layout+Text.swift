extension Layout {
    /// The fields as text from high to low, for instance `time:39x10ms@2014-09-01T00:00:00Z,sequence:8,worker:16`, also
    /// for a preset; for ``pinterest`` only its name. ``init(parsing:)`` makes the same layout from it.
    public var specification: String {
        hasTime ? Self.specification(of: fields, clock: clock, sequenceRules: sequenceRules) : name
    }

    static func specification(of fields: [BitField], clock: LayoutClock?, sequenceRules: SequenceRules) -> String {
        fields.filter { $0.kind != .unused }.map { field in
            let bits = "\(field.name):\(field.width)"
            return switch field.kind {
            case .time: bits + (clock.map(text) ?? "")
            case .sequence: bits + text(of: sequenceRules)
            case .constant: bits + "=\(field.constant)"
            case .random: bits + "/random"
            case .unused, .worker, .shard, .type, .local: bits
            }
        }
        .joined(separator: ",")
    }

    private static func text(of clock: LayoutClock) -> String {
        let epoch = UTCTime(unixMilliseconds: clock.epochUnixMilliseconds)
        return "\(tickText(nanoseconds: clock.tickNanoseconds))@\(epoch.shortText)"
            + (clock.isDescending ? "/descending" : "")
    }

    private static func text(of rules: SequenceRules) -> String {
        let reserved = rules.reserved.map { range in
            "/reserved=\(range.lowerBound)" + (range.count == 1 ? "" : "-\(range.upperBound)")
        }
        return (rules.first == 0 ? "" : "/first=\(rules.first)") + reserved.joined()
    }

    /// `ms` for a tick of one unit, `x10ms` for one of several. Longer units than seconds are read but not written, so
    /// that a layout has the text that it always had.
    static func tickText(nanoseconds: UInt64) -> String {
        let units: [TickUnit] = [.second, .millisecond, .microsecond]
        let unit = units.first { nanoseconds.isMultiple(of: $0.nanoseconds) } ?? .nanosecond
        let multiple = nanoseconds / unit.nanoseconds
        return multiple == 1 ? unit.rawValue : "x\(multiple)\(unit.rawValue)"
    }

    /// A tick's length for a person, in the longest unit that it is whole in: `10ms`, `1h`.
    static func shownTick(nanoseconds: UInt64) -> String {
        let unit = TickUnit.allCases.last {
            nanoseconds >= $0.nanoseconds && nanoseconds.isMultiple(of: $0.nanoseconds)
        }
        return unit.map { "\(nanoseconds / $0.nanoseconds)\($0.rawValue)" } ?? "\(nanoseconds)ns"
    }

    /// Reads a layout: a preset's name, a preset's name and another epoch as in `snowflake@2020-01-01T00:00:00Z`, or the
    /// fields from high to low.
    ///
    /// The fields are separated by commas, each a name and its bits:
    /// - `time:<bits><unit>@<epoch>` with the unit `ns`, `us`, `ms`, `s`, `min` or `h`, or `time:<bits>x<n><unit>@<epoch>`
    ///   for a tick of several units, up to a day. The epoch is an RFC 3339 time or milliseconds since 1970, from 1970 to
    ///   9999, exact to the millisecond; the default is 2025-01-01T00:00:00Z. Numbers from 1 to 10^11 are refused: they are
    ///   seconds or a year more likely than milliseconds, and can be given as a time. `/descending` after it says that the field
    ///   counts down, `/floored` that the epoch is rounded down to a multiple of the tick since 1970, as Sonyflake does.
    ///   (The rounded epoch must be a whole millisecond; the canonical text has it in place of `/floored`.)
    /// - `worker:<bits>` and `<name>:<bits>` with any other name: the parts of the worker, whose number is all of them
    ///   put together, from high to low.
    /// - `sequence:<bits>`, with `/first=<number>` where each tick begins with a number other than 0, and
    ///   `/reserved=<number>-<number>`, up to four times, for numbers that the system keeps for itself. No number is
    ///   reserved twice, and no range is below the first number.
    /// - `<name>:<bits>=<number>`: the same number in every ID.
    /// - `<name>:<bits>/random`: random bits, or bits of no meaning.
    /// - `unused:<bits>` may come first. The bits that the widths leave of the 64 are unused on top in any case.
    ///
    /// A name has up to 32 of a–z, 0–9, `-` and `_`, and begins with a letter. A layout has at most 16 fields, each name
    /// once, and a time among them; fields of 0 bits are left out.
    ///
    /// - Throws: ``LayoutError`` with code `.invalidLayout`; the message says which character of the text is wrong, and if
    ///   the widths are too large their sum.
    public init(parsing text: String) throws(LayoutError) {
        if let preset = Self.preset(named: text) {
            self = preset
            return
        }
        let text = try LayoutText(parsing: text)
        self.init(named: text.parts, clock: text.clock, sequenceRules: text.sequenceRules)
    }

    /// Checks the widths of fields.
    ///
    /// - Parameter starts: The number of each field's first character, for fields from a text.
    static func check(_ parts: [LayoutPart], starts: [Int] = []) throws(LayoutError) {
        var sum = 0
        var place = ""
        for (index, part) in parts.enumerated() {
            guard (0...64).contains(part.width) else {
                throw LayoutError(.invalidLayout, "The field \(part.name) has \(part.width) bits: give 0 to 64.")
            }
            sum += part.width
            if sum > 64, place.isEmpty, index < starts.count {
                place = "; with \(part.name) they are too many (character \(starts[index]))"
            }
        }
        guard sum <= 64 else {
            let terms = parts.filter { $0.width > 0 }.map { "\($0.name) \($0.width)" }
            throw LayoutError(
                .invalidLayout,
                "The widths add up to \(sum) bits (\(terms.joined(separator: " + "))) and an ID has 64: "
                    + "make them \(sum - 64) narrower\(place)."
            )
        }
        guard !parts.contains(where: { $0.kind == .time && $0.width > 0 }) else { return }
        let time = zip(parts, starts).first { $0.0.kind == .time }
        throw LayoutError(
            .invalidLayout,
            "The layout has no time: give it a time field of 1 bit or more, such as time:41ms"
                + (time.map { " (character \($0.1))" } ?? "") + "."
        )
    }

    /// Checks a tick and an epoch.
    static func check(_ clock: LayoutClock) throws(LayoutError) {
        let (tickNanoseconds, epochUnixMilliseconds) = (clock.tickNanoseconds, clock.epochUnixMilliseconds)
        guard (1...maximumTickNanoseconds).contains(tickNanoseconds) else {
            throw LayoutError(
                .invalidLayout,
                "The tick of \(shownTick(nanoseconds: tickNanoseconds)) is not between 1ns and a day, 24h: give one such as "
                    + "1ms or 10ms."
            )
        }
        guard epochUnixMilliseconds <= maximumEpochUnixMilliseconds else {
            throw LayoutError(
                .invalidLayout,
                "The epoch of \(epochUnixMilliseconds) ms since 1970 is past the year 9999: "
                    + "give one up to \(maximumEpochUnixMilliseconds)."
            )
        }
    }

    /// 9999-12-31T23:59:59.999Z, the last millisecond that RFC 3339 can express.
    static let maximumEpochUnixMilliseconds: UInt64 = 253_402_300_799_999
}

/// The units of a tick's length, ascending.
enum TickUnit: String, CaseIterable {
    case nanosecond = "ns"
    case microsecond = "us"
    case millisecond = "ms"
    case second = "s"
    case minute = "min"
    case hour = "h"

    var nanoseconds: UInt64 {
        switch self {
        case .nanosecond: 1
        case .microsecond: 1_000
        case .millisecond: 1_000_000
        case .second: 1_000_000_000
        case .minute: 60_000_000_000
        case .hour: 3_600_000_000_000
        }
    }
}
