internal import ArgumentParser

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Show who holds which worker, and take a worker from its holder.",
        subcommands: [WorkersListCommand.self, WorkersReleaseCommand.self],
        defaultSubcommand: WorkersListCommand.self
    )
}
