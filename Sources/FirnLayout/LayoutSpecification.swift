/// A parsed text of a custom layout: its form is valid, its numbers are not yet checked.
struct LayoutSpecification {
    private(set) var widths: [(kind: BitField.Kind, width: Int)] = []
    private(set) var tickNanoseconds: UInt64 = 0
    private(set) var epochUnixMilliseconds = Layout.defaultEpochUnixMilliseconds

    private static let example = "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12"

    init(parsing text: String) throws(LayoutError) {
        guard text.contains(":") else {
            let names = Layout.presets.map(\.name).joined(separator: ", ")
            throw LayoutError(
                .invalidLayout,
                "There is no layout \(text.quoted): give one of \(names), or fields such as \(Self.example)."
            )
        }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            try read(part)
        }
    }

    /// The width of a field; 0 if it is absent.
    func width(of kind: BitField.Kind) -> Int {
        widths.first { $0.kind == kind }?.width ?? 0
    }

    var isSequenceAboveWorker: Bool {
        let order = widths.map(\.kind).filter { $0 == .worker || $0 == .sequence }
        return order == [.sequence, .worker]
    }

    private mutating func read(_ part: Substring) throws(LayoutError) {
        func invalid(_ reason: String) -> LayoutError {
            LayoutError(.invalidLayout, "The layout's field \(part.quoted) \(reason).")
        }
        let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, let kind = BitField.Kind(rawValue: String(halves[0])),
            [.unused, .time, .worker, .sequence].contains(kind)
        else {
            throw invalid("is none of unused:<bits>, time:<bits><unit>@<epoch>, worker:<bits>, sequence:<bits>")
        }
        guard !widths.contains(where: { $0.kind == kind }) else {
            throw invalid("is the second \(kind.rawValue) field: give each once")
        }
        guard kind != .unused || widths.isEmpty else {
            throw invalid("is not the first: unused bits are on top, give them first or leave them out")
        }
        guard kind == .time || kind == .unused || widths.contains(where: { $0.kind == .time }) else {
            throw invalid("is above the time: give time first, or IDs would not rise with it")
        }
        var reader = TextReader(halves[1])
        guard let width = Int(reader.digits()) else {
            throw invalid("has no number of bits after the colon: give it as in \(Self.example)")
        }
        widths.append((kind, width))
        if kind == .time {
            try readTick(&reader, of: part)
            try readEpoch(&reader, of: part)
        } else if !reader.isAtEnd {
            throw invalid("has \(reader.remainder.quoted) after its bits: leave that out")
        }
    }

    private mutating func readTick(_ reader: inout TextReader, of part: Substring) throws(LayoutError) {
        var multiple: UInt64 = 1
        var rest = reader
        let isMultiple = rest.skip("x")
        if isMultiple {
            multiple = UInt64(rest.digits()) ?? 0
        }
        let unit = TickUnit.allCases.first { unit in
            rest.remainder == unit.rawValue || rest.remainder.hasPrefix(unit.rawValue + "@")
        }
        guard let unit, multiple > 0 else {
            throw LayoutError(
                .invalidLayout,
                "The layout's field \(part.quoted) has \(reader.remainder.quoted) where the tick's length and the epoch "
                    + "should be: after the bits give ns, us, ms, s or a multiple such as x10ms, then @ and the epoch."
            )
        }
        for character in unit.rawValue.unicodeScalars {
            _ = rest.skip(character)
        }
        reader = rest
        let (nanoseconds, overflowed) = multiple.multipliedReportingOverflow(by: unit.nanoseconds)
        tickNanoseconds = overflowed ? .max : nanoseconds
    }

    private mutating func readEpoch(_ reader: inout TextReader, of part: Substring) throws(LayoutError) {
        guard reader.skip("@") else { return }
        let text = reader.remainder
        let digits = reader.digits()
        if reader.isAtEnd, !digits.isEmpty {
            epochUnixMilliseconds = UInt64(digits) ?? .max
            return
        }
        let time: UTCTime
        do {
            time = try UTCTime(parsing: text)
        } catch {
            throw LayoutError(
                .invalidLayout,
                "The layout's field \(part.quoted) has no epoch that can be read. \(error.message) "
                    + "Milliseconds since 1970 do as well."
            )
        }
        guard time.unixSeconds >= 0, time.nanosecond.isMultiple(of: 1_000_000) else {
            throw LayoutError(
                .invalidLayout,
                "The layout's field \(part.quoted) has the epoch \(time): give one from 1970 on, in whole milliseconds."
            )
        }
        epochUnixMilliseconds = time.unixMilliseconds
    }
}
