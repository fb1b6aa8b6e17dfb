internal import ArgumentParser
internal import FirnClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "See whether IDs can be had; exit 0 when so.",
        discussion: """
            It takes an ID and drops it, which leaves a gap of one: the only proof that the whole way of an ID is there. \
            Otherwise it says why on standard error, and exits with 69 when no daemon answers, 75 when the daemon cannot \
            make IDs now, 70 when it will not.
            """
    )

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.withClient { client in
            _ = try await client.nextID()
            var output = StandardOutput()
            try output.write(line: "ready")
            try output.flush()
        }
    }
}
