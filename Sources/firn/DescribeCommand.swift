internal import ArgumentParser
internal import FirnClient
internal import FirnLayout

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show the daemon's version, layout and workers."
    )

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.withClient { client in
            let description = try await client.daemonDescription()
            var output = StandardOutput()
            switch format {
            case .text:
                for line in Self.lines(description) { try output.write(line: line) }
            case .json:
                try output.write(line: Self.json(description).text)
            }
            try output.flush()
        }
    }

    private static func lines(_ description: FirnDaemonDescription) -> [String] {
        let layout = description.layout
        var lines = ["version         \(description.version)", "layout          \(layout.name)"]
        if layout.specification != layout.name { lines.append("fields          \(layout.specification)") }
        if let lastDay = layout.lastDay { lines.append("last day        \(lastDay)") }
        let workers = description.workers.map(String.init).joined(separator: ", ")
        lines.append("workers         \(workers.isEmpty ? "none now" : workers)")
        lines.append("largest batch   \(description.maximumBatchSize)")
        switch description.readiness {
        case .ready: lines.append("readiness       ready")
        case .resting: lines.append("readiness       ready, at rest")
        case .unready(_, let message, _): lines.append("readiness       no IDs now: \(message)")
        case nil: break
        }
        return lines
    }

    private static func json(_ description: FirnDaemonDescription) -> JSON {
        .object([
            ("version", .string(description.version)),
            ("layout", .string(description.layout.name)),
            ("fields", .string(description.layout.specification)),
            ("workers", .array(description.workers.map { .number(UInt64($0)) })),
            ("maximumBatch", .number(UInt64(description.maximumBatchSize))),
            ("ready", Self.isReady(description).map(JSON.boolean) ?? .null),
            ("resting", description.readiness.map { .boolean($0 == .resting) } ?? .null),
        ])
    }

    private static func isReady(_ description: FirnDaemonDescription) -> Bool? {
        switch description.readiness {
        case .ready, .resting: true
        case .unready: false
        case nil: nil
        }
    }
}
