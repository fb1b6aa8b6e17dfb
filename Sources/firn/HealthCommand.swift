internal import ArgumentParser
internal import FirnClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "See whether IDs can be had; exit 0 when so.",
        discussion: """
            It takes an ID and drops it, which leaves a gap of one: the only proof that the whole way of an ID is there. \
            With --live it only asks the daemon to describe itself, which it does whether it has a worker or not: for a \
            probe that starts the daemon anew, which would not bring back a store that is away. Otherwise it says why on \
            standard error.

            EXIT CODES:
              0    ready; with --live: alive
              64   an argument is wrong
              69   no daemon answers at the address: it is not there, or it stops and takes no connection any more
              70   the daemon will not make IDs, however long one waits: its layout's time has ended, for instance
              75   the daemon cannot make IDs now (no worker, store away), or did not answer within --timeout
            """
    )

    @Flag(help: "Ask only whether the daemon answers, not whether it can make IDs.")
    var live = false

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.withClient { client in
            if live {
                _ = try await client.daemonDescription()
            } else {
                _ = try await client.nextID()
            }
            var output = StandardOutput()
            try output.write(line: live ? "alive" : "ready")
            try output.flush()
        }
    }
}
