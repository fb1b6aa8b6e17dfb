internal import ArgumentParser
internal import FirnClient
internal import FirnLayout

struct TicketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket",
        abstract: "Take the next values of a named sequence, one per line.",
        discussion: """
            An unknown sequence is made and gives 1, 2, 3, …, unless firnd runs with --sequences-explicit. One daemon's \
            tickets rise; those of several daemons of one store interleave, unless each runs with --sequence-block 1. A \
            pinterest sequence gives the IDs that its values are the local part of. Tickets that were taken and not \
            written are a gap.
            """
    )

    @Argument(help: "The sequence's name: 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.")
    var name: String

    @Option(
        name: [.customShort("n"), .long],
        help: "How many tickets to take: 1 to \(FirnClient.maximumTickets), all or none."
    )
    var count = 1

    @Option(help: IDOutputFormat.help)
    var format = IDOutputFormat.decimal

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if let flaw = FirnSequence.flaw(ofName: name) { throw ValidationError(flaw) }
        guard (1...FirnClient.maximumTickets).contains(count) else {
            throw ValidationError(
                "\(count) tickets were asked for: ask for 1 to \(FirnClient.maximumTickets), which come all or none."
            )
        }
    }

    func run() async throws {
        try await daemon.withClient { client in
            var output = StandardOutput()
            for ticket in try await client.nextTickets(sequence: name, count: count) {
                try output.write(line: format.line(for: ticket))
            }
            try output.flush()
        }
    }
}
