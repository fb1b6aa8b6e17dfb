internal import ArgumentParser

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Check the daemons' store, repair one that was restored or copied, and adopt another system's IDs.",
        subcommands: [StoreCheckCommand.self, StoreRepairCommand.self, StoreAdoptCommand.self]
    )
}
