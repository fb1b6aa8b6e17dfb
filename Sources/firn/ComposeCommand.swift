internal import ArgumentParser
internal import FirnLayout
internal import FirnWire

struct ComposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compose",
        abstract: "Make an ID of its fields.",
        discussion: """
            Such an ID is not unique: the daemon may give it out too, or have done so. It is for tests, for cursors and \
            for bounds in a database. Fields that are left out are 0; the time is required where the layout has one. \
            The pinterest layout is composed of --shard, --type and --local. --worker is the whole number of a worker \
            that has several parts; --field gives a part, or any other field, by its name.
            """
    )

    @Option(help: "The time, as firn range takes it, such as 2025-01-01T00:00:00Z or now; rounded down to its tick.")
    var time: String?

    @Option(help: "The worker; of a worker with several parts the whole number.", transform: FieldNumber.parse)
    var worker: UInt64?

    @Option(
        help: "The sequence number within the tick. (default: the first that the layout's system gives)",
        transform: FieldNumber.parse
    )
    var sequence: UInt64?

    @Option(help: "The shard (pinterest).", transform: FieldNumber.parse)
    var shard: UInt64?

    @Option(help: "The type of object (pinterest).", transform: FieldNumber.parse)
    var type: UInt64?

    @Option(help: "The local number (pinterest).", transform: FieldNumber.parse)
    var local: UInt64?

    @Option(
        help: ArgumentHelp("A field of the layout, as in --field datacenter=3; repeatable.", valueName: "name=value")
    )
    var field: [String] = []

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How to write the ID. firn decode --help shows the digits of each form.")
    var format = IDOutputFormat.decimal

    func validate() throws {
        _ = try namedValues()
    }

    func run() async throws {
        try reportingErrors {
            let layout = try layoutOption.parsed()
            let id = try layout.hasTime ? composeWithTime(layout) : composeWithoutTime(layout)
            var output = StandardOutput()
            try output.write(line: format.line(for: id))
            try output.flush()
        }
    }

    private func composeWithTime(_ layout: Layout) throws -> FirnID {
        // Names of Pinterest's fields, which fields of other layouts may have too.
        let pinterests: [(name: String, value: UInt64?)] = [("shard", shard), ("type", type), ("local", local)]
        let others = pinterests.filter { $0.value != nil }
        guard others.allSatisfy({ layout.field(named: $0.name) != nil }) else {
            throw ValidationError(
                "The layout \(layout.name) has no shard, type and local: give --time, --worker and --sequence."
            )
        }
        guard let time else {
            let isField = field.contains { $0.hasPrefix("time=") }
            throw ValidationError(
                "The time is \(isField ? "not given as --field" : "missing"): give it as in --time 2025-01-01T00:00:00Z."
            )
        }
        UTCTime.note(onArgument: time).map { StandardError.write(line: "firn: \($0)") }
        let tick = try layout.tick(at: UTCTime(argument: time))
        var values = try namedValues()
        let options: [(name: String, value: UInt64?)] = [("time", tick), ("sequence", sequence)] + others
        for (name, value) in options {
            guard let value else { continue }
            guard values.updateValue(value, forKey: name) == nil else {
                throw ValidationError("The \(name) is given as --field and as --\(name): give one of them.")
            }
        }
        try checkWorker(layout, values)
        let isByName = !field.isEmpty || !others.isEmpty
        guard isByName else {
            let sequence = sequence ?? layout.lowestSequence
            return try layout.makeID(time: tick, worker: worker ?? 0, sequence: sequence)
        }
        if values["sequence"] == nil, layout.field(named: "sequence") != nil {
            values["sequence"] = layout.lowestSequence
        }
        return try layout.makeID(of: values, worker: worker)
    }

    /// Says how a worker that consists of several parts is given.
    ///
    /// - Throws: `ValidationError` when it is given in a way that the layout does not have.
    private func checkWorker(_ layout: Layout, _ values: [String: UInt64]) throws {
        let parts = layout.fields.filter { $0.kind == .worker }.map(\.name)
        let together = parts.joined(separator: " and ")
        let byPart = parts.map { "--field \($0)=N" }.joined(separator: " ")
        if values["worker"] != nil, layout.wholeWorkerName == "worker" {
            throw ValidationError(
                "The layout \(layout.name) has no field worker, but \(together): give \(byPart), or --worker with the "
                    + "whole number."
            )
        }
        guard let worker else { return }
        if let part = parts.first(where: { values[$0] != nil }) {
            let advice = parts.count > 1 ? "--worker with the whole number, or \(byPart)" : "one of them"
            throw ValidationError("The worker is given as --worker and as --field \(part): give \(advice).")
        }
        guard parts.count > 1 else { return }
        guard worker <= layout.maximumWorker else {
            throw ValidationError(
                "The worker \(worker) does not fit in the \(layout.workerBits) bits of \(together): give --worker with the "
                    + "whole number, 0 to \(layout.maximumWorker), or \(byPart)."
            )
        }
        if parts.contains("worker") {
            StandardError.write(
                line:
                    "firn: --worker \(worker) is the whole number, of \(together); for the part give --field worker=N."
            )
        }
    }

    private func namedValues() throws -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        for text in field {
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw ValidationError("--field '\(text.excerpt)' is no field: give it as in --field datacenter=3.")
            }
            let value: UInt64
            do {
                value = try FieldNumber.parse(String(halves[1]))
            } catch {
                throw ValidationError("--field '\(text.excerpt)' has a wrong value: \(error.message)")
            }
            guard values.updateValue(value, forKey: String(halves[0])) == nil else {
                throw ValidationError("The field '\(halves[0].description.excerpt)' is given twice: give each once.")
            }
        }
        return values
    }

    private func composeWithoutTime(_ layout: Layout) throws -> FirnID {
        guard time == nil, worker == nil, sequence == nil, field.isEmpty else {
            throw ValidationError(
                "The layout \(layout.name) has no time, worker and sequence: give --shard, --type and --local."
            )
        }
        return try layout.makeID(shard: shard ?? 0, type: type ?? 0, local: local ?? 0)
    }
}

/// The value of a field on the command line.
private enum FieldNumber {
    /// - Throws: `ValidationError` unless it is a number of 64 bits in decimal digits.
    static func parse(_ text: String) throws(ValidationError) -> UInt64 {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw ValidationError("give a number in decimal digits.")
        }
        guard digits.count == text.count else { throw ValidationError("it is negative, give 0 or more.") }
        guard let value = UInt64(text) else {
            throw ValidationError("it is larger than 64 bits hold, give \(UInt64.max) at most.")
        }
        return value
    }
}

extension Layout {
    /// The lowest sequence number that the system gives to an ID; 0 without a sequence.
    fileprivate var lowestSequence: UInt64 {
        // The reserved ranges ascend and do not touch.
        guard let range = reservedSequences.first(where: { $0.contains(firstSequence) }) else { return firstSequence }
        return range.upperBound + 1
    }

    /// The tick that contains an instant, for any instant that the layout's time can express.
    ///
    /// - Throws: `ValidationError` when it is before the epoch or past the layout's end.
    fileprivate func tick(at instant: UTCTime) throws -> UInt64 {
        guard instant >= epoch else {
            throw ValidationError(
                "The time \(instant) is before the epoch of the layout \(name): give \(epoch) or later."
            )
        }
        guard let lastInstant, instant <= lastInstant else {
            throw ValidationError(
                "The time \(instant) is past the last of the layout \(name): give "
                    + "\(lastInstant?.description ?? "an earlier one") or earlier."
            )
        }
        // The highest tick that does not begin after the instant. A binary search stays exact past the year 2262, where
        // nanoseconds since 1970 no longer fit in 64 bits.
        var (low, high) = (UInt64(0), maximumTick)
        while low < high {
            let middle = low + (high - low) / 2 + 1
            if self.time(ofTick: middle) <= instant { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
