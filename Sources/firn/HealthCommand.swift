internal import ArgumentParser
internal import FirnClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "See whether IDs can be had; exit 0 when so.",
        discussion: """
            It asks the daemon whether it has a worker whose window is open, or can be opened. It takes no ID, so a daemon \
            at rest stays at rest; only from a daemon of an older version, which does not tell, it takes one and drops it. \
            With --live it only checks that the daemon answers: for a probe that restarts the daemon, which would not \
            bring back a store that is away. When there are no IDs, the reason is on standard error.

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
            let description: FirnDaemonDescription
            do throws(FirnClientError) {
                description = try await client.daemonDescription()
            } catch {
                // A daemon that refuses a call is alive.
                guard live, error.code == .unauthenticated || error.code == .permissionDenied else { throw error }
                return try say("alive")
            }
            if !live {
                switch description.readiness {
                case .ready, .resting: break
                case .unready(let code, let message, let retryAfter):
                    throw FirnClientError(code: code, message: message, retryAfter: retryAfter)
                case nil: _ = try await client.nextID()
                }
            }
            try say(live ? "alive" : "ready")
        }
    }

    private func say(_ word: String) throws {
        var output = StandardOutput()
        try output.write(line: word)
        try output.flush()
    }
}
