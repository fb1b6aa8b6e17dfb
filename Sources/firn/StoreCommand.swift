internal import ArgumentParser

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Check the daemons' store, and repair one that was restored or copied.",
        subcommands: [StoreCheckCommand.self, StoreRepairCommand.self, StoreAdoptCommand.self]
    )
}
