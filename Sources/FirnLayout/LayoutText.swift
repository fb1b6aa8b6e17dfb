/// A layout's text, read and checked.
struct LayoutText {
    private(set) var parts: [LayoutPart] = []
    private(set) var clock = LayoutClock(
        tickNanoseconds: 0,
        epochUnixMilliseconds: Layout.defaultEpochUnixMilliseconds
    )
    private(set) var sequenceRules = SequenceRules()

    /// Longer than any text that is right: 16 fields with the longest names, numbers and options.
    private static let maximumLength = 1024
    /// More than any known system has, and few enough for a drawing that a person reads.
    static let maximumFields = 16

    static let example = "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12"

    /// Reads fields from high to low, or a preset's name with another epoch.
    init(parsing text: String) throws(LayoutError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw LayoutError(
                .invalidLayout,
                "The layout \(text.quoted) has \(text.utf8.count) characters: give at most \(Self.maximumLength)."
            )
        }
        if let at = text.firstIndex(of: "@"), !text[..<at].contains(":") {
            try readPreset(text[..<at], epoch: text[text.index(after: at)...], in: text)
            return
        }
        guard text.contains(":") else { throw Self.noSuchLayout(text) }
        var starts: [Int] = []
        var start = 1
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard !part.isEmpty else {
                // The comma that is one too many: the last one, the first one, or the second of two.
                let comma = max(1, min(start, text.utf8.count))
                throw LayoutError(
                    .invalidLayout,
                    "The layout has an empty field: leave out a comma (character \(comma))."
                )
            }
            var field = LayoutFieldReader(part, start: start)
            guard parts.count < Self.maximumFields else {
                throw field.invalid("is one of more than \(Self.maximumFields): put some together", at: start)
            }
            try read(&field)
            starts.append(start)
            start += part.utf8.count + 1
        }
        try Layout.check(parts, starts: starts)
    }

    private mutating func readPreset(_ name: Substring, epoch: Substring, in text: String) throws(LayoutError) {
        guard let preset = Layout.preset(named: String(name)) else { throw Self.noSuchLayout(String(name)) }
        guard let clock = preset.clock else {
            throw LayoutError(
                .invalidLayout,
                "The layout \(preset.name) has no time, so it takes no epoch: leave out @ and what follows it "
                    + "(character \(name.utf8.count + 1))."
            )
        }
        parts = preset.fields.filter { $0.kind != .unused }.map(LayoutPart.init)
        sequenceRules = preset.sequenceRules
        self.clock = clock
        var field = LayoutFieldReader(Substring(text), start: 1, readTo: epoch.startIndex)
        self.clock.epochUnixMilliseconds = try field.epoch()
        var floors = Layout.flooringPresets.contains(preset.name)
        while let option = try field.nextOption() {
            guard option.text == "floored" else {
                throw field.invalid("has \(option.text.quoted) after its epoch: leave that out", at: option.start)
            }
            floors = true
        }
        if floors { self.clock = try field.floored(self.clock, from: name.utf8.count + 2) }
    }

    private static func noSuchLayout(_ name: String) -> LayoutError {
        let names = Layout.presets.map(\.name).joined(separator: ", ")
        return LayoutError(
            .invalidLayout,
            "There is no layout \(name.quoted): "
                + (KnownLayout.nearest(to: name).map { "\($0) is the nearest. Give one of " } ?? "give one of ")
                + "\(names), or fields such as \(Self.example)."
        )
    }

    private mutating func read(_ field: inout LayoutFieldReader) throws(LayoutError) {
        let name = try field.name()
        guard !parts.contains(where: { $0.name == name }) else {
            throw field.invalid("is the second \(name) field: give each once", at: field.start)
        }
        let width = try field.width()
        switch name {
        case "unused":
            guard parts.isEmpty else {
                throw field.invalid(
                    "is not the first: unused bits are on top, give them first, leave them out, or give them a name and "
                        + "a constant as in spare:\(width)=0",
                    at: field.start
                )
            }
            try field.expectEnd()
            parts.append(LayoutPart(.unused, width: width))
        case "time":
            clock = try field.clock()
            parts.append(LayoutPart(.time, width: width))
        case "worker":
            try field.expectEnd()
            parts.append(LayoutPart(.worker, width: width))
        case "sequence":
            sequenceRules = try field.sequenceRules(width: width)
            parts.append(LayoutPart(.sequence, width: width))
        default:
            guard parts.contains(where: { $0.kind == .time }) || !field.hasUnit else {
                throw field.invalid("has a unit of time: call that field time, as in \(Self.example)", at: field.start)
            }
            parts.append(try field.named(name, width: width))
        }
    }
}

extension LayoutPart {
    fileprivate init(_ field: BitField) {
        self.init(field.kind, name: field.name, width: field.width, constant: field.constant)
    }
}
