internal import ArgumentParser

struct SequenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequence",
        abstract: "Make named sequences, and list them.",
        subcommands: [SequenceCreateCommand.self, SequenceListCommand.self]
    )
}
