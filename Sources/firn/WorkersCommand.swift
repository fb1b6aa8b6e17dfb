internal import ArgumentParser

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Show who holds which worker, take one from its holder, and reserve some for other systems.",
        subcommands: [
            WorkersListCommand.self, WorkersReleaseCommand.self, WorkersReserveCommand.self,
            WorkersUnreserveCommand.self,
        ],
        defaultSubcommand: WorkersListCommand.self
    )
}
