internal import ArgumentParser
internal import FirnClient

struct PrefixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefix",
        abstract: "Take a prefix that no other instance of a service gets.",
        discussion: """
            firn prefix ServiceA writes ServiceA-1, then ServiceA-2, and so on. An instance takes one when it starts and \
            appends its own count: ServiceA-1-1, ServiceA-1-2, … An unknown service's sequence is made, unless firnd runs \
            with --sequences-explicit.
            """
    )

    @Argument(help: "The service's name: 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.")
    var service: String

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if let flaw = FirnSequence.flaw(ofName: service) { throw ValidationError(flaw) }
    }

    func run() async throws {
        try await daemon.withClient { client in
            let prefix = try await client.nextPrefix(service: service)
            var output = StandardOutput()
            try output.write(line: prefix)
            try output.flush()
        }
    }
}
