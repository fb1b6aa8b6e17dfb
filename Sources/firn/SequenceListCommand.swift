internal import ArgumentParser
internal import FirnClient

struct SequenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sequences of the daemon's store.",
        discussion: """
            "next" is the lowest value that no daemon has reserved, "none" at the sequence's end. The json format is one \
            object per line, every number in it a string, for they have up to 64 bits; "next" is null at the end.
            """
    )

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.withClient { client in
            let sequences = try await client.sequences()
            var output = StandardOutput()
            for line in format.lines(for: sequences) { try output.write(line: line) }
            try output.flush()
        }
    }
}
