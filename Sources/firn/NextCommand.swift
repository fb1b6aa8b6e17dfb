internal import ArgumentParser
internal import FirnClient
internal import FirnLayout

struct NextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Take new IDs, one per line.",
        discussion: """
            Many IDs come in batches and are written as they come, so any number takes little memory. When the reader has \
            enough, as in firn next -n 1000000 | head -1, the command ends with exit code 0. IDs that were taken and not \
            written are a gap. The json format is one object per line, with the ID as a string: {"id":"541815603606036480"}
            """
    )

    /// A batch must arrive within the timeout, also at Sonyflake's 25,600 IDs per second. Larger batches gain nothing:
    /// a round trip to the daemon takes a hundredth of the time that it takes to write this many IDs.
    private static let maximumBatch = 8192

    @Option(name: [.customShort("n"), .long], help: "How many IDs to take, at least 1.")
    var count = 1

    @Option(help: IDOutputFormat.help)
    var format = IDOutputFormat.decimal

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard count > 0 else { throw ValidationError("\(count) IDs were asked for: ask for at least 1.") }
    }

    func run() async throws {
        try await daemon.withClient { client in
            var output = StandardOutput()
            guard count > 1 else {
                try output.write(line: format.line(for: try await client.nextID()))
                return try output.flush()
            }
            var remaining = count
            while remaining > 0 {
                let ids = try await client.nextIDs(count: min(remaining, Self.maximumBatch))
                for id in ids { try output.write(line: format.line(for: id)) }
                try output.flush()
                remaining -= ids.count
            }
        }
    }
}
