internal import ArgumentParser
internal import FirnLayout

struct ComposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compose",
        abstract: "Make an ID of its fields.",
        discussion: """
            Such an ID is not unique: the daemon may give it out too, or have done so. It is for tests, for cursors and \
            for bounds in a database. Fields that are left out are 0; the time is required where the layout has one. \
            The pinterest layout is composed of --shard, --type and --local.
            """
    )

    @Option(help: "The time in UTC, such as 2025-01-01T00:00:00Z or 2025-01-01, rounded down to its tick.")
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

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How to write the ID. firn decode --help shows the digits of each form.")
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
        guard shard == nil, type == nil, local == nil else {
            throw ValidationError(
                "The layout \(layout.name) has no shard, type and local: give --time, --worker and --sequence."
            )
        }
        guard let time else {
            throw ValidationError("The time is missing: give it as in --time 2025-01-01T00:00:00Z.")
        }
        return try layout.makeID(
            time: layout.tick(at: UTCTime(argument: time)),
            worker: worker ?? 0,
            sequence: sequence ?? 0
        )
    }

    private func composeWithoutTime(_ layout: Layout) throws -> FirnID {
        guard time == nil, worker == nil, sequence == nil else {
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
