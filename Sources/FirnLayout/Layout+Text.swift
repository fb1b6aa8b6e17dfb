extension Layout {
    /// The fields as text from high to low, for instance `time:39x10ms@2014-09-01T00:00:00Z,sequence:8,worker:16`, also
    /// for a preset; for ``pinterest`` only its name. ``init(parsing:)`` makes the same layout from it.
    public var specification: String {
        guard hasTime else { return name }
        return Self.specification(
            of: fields,
            tickNanoseconds: tickNanoseconds,
            epochUnixMilliseconds: epochUnixMilliseconds
        )
    }

    static func specification(
        of fields: [BitField],
        tickNanoseconds: UInt64,
        epochUnixMilliseconds: UInt64
    ) -> String {
        let used = fields.filter { $0.kind != .unused }
        return used.map { field in
            guard field.kind == .time else { return "\(field.kind.rawValue):\(field.width)" }
            let epoch = UTCTime(unixMilliseconds: epochUnixMilliseconds)
            let epochText = epoch.text(fractionDigits: epoch.nanosecond == 0 ? 0 : 3)
            return "time:\(field.width)\(tickText(nanoseconds: tickNanoseconds))@\(epochText)"
        }
        .joined(separator: ",")
    }

    /// `ms` for a tick of one unit, `x10ms` for one of several.
    private static func tickText(nanoseconds: UInt64) -> String {
        let unit = TickUnit.allCases.last { nanoseconds.isMultiple(of: $0.nanoseconds) } ?? .nanosecond
        let multiple = nanoseconds / unit.nanoseconds
        return multiple == 1 ? unit.rawValue : "x\(multiple)\(unit.rawValue)"
    }

    /// Reads a layout: a preset's name, or its fields from high to low.
    ///
    /// The fields are separated by commas, each a name and its bits:
    /// - `time:<bits><unit>@<epoch>` with the unit `ns`, `us`, `ms` or `s`, or `time:<bits>x<n><unit>@<epoch>` for a
    ///   tick of several units, up to a day. The epoch is an RFC 3339 time or milliseconds since 1970, from 1970 to
    ///   9999, exact to the millisecond; the default is 2025-01-01T00:00:00Z.
    /// - `worker:<bits>` and `sequence:<bits>` after it, in either order; 0 bits if left out.
    /// - `unused:<bits>` may come first. The bits that the widths leave of the 64 are unused on top in any case.
    ///
    /// - Throws: ``LayoutError`` with code `.invalidLayout`; if the widths are too large the message gives their sum.
    public init(parsing text: String) throws(LayoutError) {
        if let preset = Self.preset(named: text) {
            self = preset
            return
        }
        let specification = try LayoutSpecification(parsing: text)
        // Checked here and not in the initializer for numbers, because only a text has unused bits to count.
        try Self.check(
            widths: specification.widths,
            tickNanoseconds: specification.tickNanoseconds,
            epochUnixMilliseconds: specification.epochUnixMilliseconds
        )
        try self.init(
            timeBits: specification.width(of: .time),
            workerBits: specification.width(of: .worker),
            sequenceBits: specification.width(of: .sequence),
            isSequenceAboveWorker: specification.isSequenceAboveWorker,
            tickNanoseconds: specification.tickNanoseconds,
            epochUnixMilliseconds: specification.epochUnixMilliseconds
        )
    }

    /// Checks a layout's numbers.
    static func check(
        widths: [(kind: BitField.Kind, width: Int)],
        tickNanoseconds: UInt64,
        epochUnixMilliseconds: UInt64
    ) throws(LayoutError) {
        for (kind, width) in widths where width < 0 || width > 1_000_000 {
            throw LayoutError(.invalidLayout, "The field \(kind.rawValue) has \(width) bits: give 0 to 64.")
        }
        let sum = widths.reduce(0) { $0 + $1.width }
        guard sum <= 64 else {
            let terms = widths.filter { $0.width > 0 }.map { "\($0.kind.rawValue) \($0.width)" }
            throw LayoutError(
                .invalidLayout,
                "The widths add up to \(sum) bits (\(terms.joined(separator: " + "))) and an ID has 64: "
                    + "make them \(sum - 64) narrower."
            )
        }
        guard widths.contains(where: { $0.kind == .time && $0.width > 0 }) else {
            throw LayoutError(
                .invalidLayout,
                "The layout has no time: give it a time field of 1 bit or more, such as time:41ms."
            )
        }
        guard (1...maximumTickNanoseconds).contains(tickNanoseconds) else {
            throw LayoutError(
                .invalidLayout,
                "The tick of \(tickNanoseconds) ns is not between 1 ns and a day, \(maximumTickNanoseconds) ns: "
                    + "give a unit such as 1ms or 10ms."
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
    private static let maximumEpochUnixMilliseconds: UInt64 = 253_402_300_799_999
}

/// The units of a tick's length, ascending.
enum TickUnit: String, CaseIterable {
    case nanosecond = "ns"
    case microsecond = "us"
    case millisecond = "ms"
    case second = "s"

    var nanoseconds: UInt64 {
        switch self {
        case .nanosecond: 1
        case .microsecond: 1_000
        case .millisecond: 1_000_000
        case .second: 1_000_000_000
        }
    }
}
