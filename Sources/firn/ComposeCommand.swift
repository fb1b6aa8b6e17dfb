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

    @Option(help: "The worker.")
    var worker: UInt64?

    @Option(help: "The sequence number within the tick.")
    var sequence: UInt64?

    @Option(help: "The shard (pinterest).")
    var shard: UInt64?

    @Option(help: "The type of object (pinterest).")
    var type: UInt64?

    @Option(help: "The local number (pinterest).")
    var local: UInt64?

    @Option(
        help: ArgumentHelp("A field of the layout, as in --field datacenter=3; repeatable.", valueName: "name=value")
    )
    var field: [String] = []

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How to write the ID.")
    var format = IDOutputFormat.decimal

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
            throw ValidationError("The time is missing: give it as in --time 2025-01-01T00:00:00Z.")
        }
        let tick = try layout.tick(at: UTCTime(argument: time))
        guard !field.isEmpty || !others.isEmpty else {
            return try layout.makeID(time: tick, worker: worker ?? 0, sequence: sequence ?? 0)
        }
        var values = try namedValues()
        let options: [(name: String, value: UInt64?)] = [("time", tick), ("sequence", sequence)] + others
        for (name, value) in options {
            guard let value else { continue }
            guard values.updateValue(value, forKey: name) == nil else {
                throw ValidationError("The \(name) is given as --field and as --\(name): give one of them.")
            }
        }
        return try layout.makeID(of: values, worker: worker)
    }

    private func namedValues() throws -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        for text in field {
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let value = UInt64(halves[1]), halves[1].utf8.first != UInt8(ascii: "+") else {
                throw ValidationError("--field '\(text.excerpt)' is no field: give it as in --field datacenter=3.")
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

extension Layout {
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
