internal import ArgumentParser
internal import FirnConfiguration
internal import NIOCore

/// The command: gets unique 64-bit IDs and tickets from a daemon, and decodes IDs without one.
@main
struct Firn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firn",
        abstract: "Take unique 64-bit IDs from a Firn daemon, and read what is in them.",
        discussion: """
            EXAMPLES:
              firn next                                  one ID
              firn next -n 3 --format base32-fixed       three that sort as text
              firn decode 541815603606036480             its fields, time and bits
              firn decode --histogram < ids.txt          when, by which workers: one ID per line
              firn compose --time 2025-01-01T00:00:00Z --worker 7
              firn range 2025-01-01 2025-02-01           the IDs of a month, for a WHERE clause
              firn describe                              the daemon's layout and workers
              firn ticket orders                         the next value of a named sequence
              firn prefix ServiceA                       ServiceA-1, for one of its instances
              firn sequence list                         the sequences there are
              firn lease --exec 'python3 loop.py'        a program with a worker of its own
              firn health                                exit 0 when IDs can be had
              firn bench --duration 5s                   how many IDs per second, and how fast
              firn top                                   what daemons do now, once per second
              firn workers                               who holds which worker, from the store itself
              firn store check                           whether the store's records are right

            THE DAEMON'S ADDRESS is --address, else $FIRN_ADDRESS, else the first of /run/firn/firn.sock, \
            $XDG_RUNTIME_DIR/firn/firn.sock and /tmp/firn-<uid>/firn.sock that this user may connect to, as firnd listens \
            by default; the last one only in a directory that is this user's alone. decode, compose and range need no daemon; workers and store open the store itself (--store, else $FIRN_STORE, else \
            where firnd keeps it by default).

            A TOKEN is shown to the daemon if there is one: the first of the file --token-file, else $FIRN_TOKEN, else \
            the first of the file $FIRN_TOKEN_FILE. A line of the file is TOKEN or NAME TOKEN. A daemon asks for a token on \
            TCP if it has a --token-file.

            EXIT CODES:
              0    done
              64   an argument is wrong, or a variable of the environment
              65   the store has records that are wrong; or standard input has lines that are no IDs, or no IDs at all; or \
            no known layout can be guessed
              69   no daemon answers at the address
              70   the daemon refused, and will again: its layout's time has ended, for instance
              74   the output could not be written, the input not be read, or the store not be used
              75   the daemon refused or was late, or the store is in use, and it may be done if asked again; or a program \
            was ended because its lease was lost
              78   the store is of another kind, or not to be understood
            """,
        version: FirnVersion.text,
        subcommands: [
            NextCommand.self, TicketCommand.self, PrefixCommand.self, SequenceCommand.self, DecodeCommand.self,
            ComposeCommand.self, RangeCommand.self, DescribeCommand.self, LeaseCommand.self, HealthCommand.self,
            BenchCommand.self, TopCommand.self, WorkersCommand.self, StoreCommand.self,
        ]
    )

    static func main() async {
        // One thread for one connection: the command is short-lived, and starts faster with fewer threads.
        NIOSingletons.groupLoopCountSuggestion = 1
        do {
            let words = try ProgramArguments.read()
            let environment = Environment.ofProcess()
            for (index, word) in words.enumerated() where !Self.isScript(words, index) {
                try word.refuseControls(in: "the argument")
            }
            try environment.refuseControls(in: Self.variables)
            // The environment may also contain the daemon's settings, which are not checked here.
            // A control character in FIRN_TOKEN is refused without its text.
            let warnings = environment.warnings(
                known: Self.variables.union(["FIRN_TOKEN"]),
                ignoring: LeaseVariables.names,
                isOfMany: true
            )
            for warning in warnings { StandardError.write(line: "firn: \(warning)") }
            await run(NegativeArguments.kept(words))
        } catch {
            StandardError.write(line: "firn: \(error)")
            exit(withError: error is ConfigurationError ? ExitCode.usage : ExitCode.software)
        }
    }

    /// Does what the library's `main(_:)` does. But what a subcommand finds wrong with its arguments while it runs comes with
    /// that subcommand's usage, and not with the whole command's.
    private static func run(_ words: [String]) async {
        let subcommand: any ParsableCommand
        do {
            subcommand = try await asyncParseAsRoot(words)
        } catch {
            exit(withError: error)
        }
        do {
            if var subcommand = subcommand as? any AsyncParsableCommand {
                try await subcommand.run()
            } else {
                var subcommand = subcommand
                try subcommand.run()
            }
        } catch {
            let type = type(of: subcommand)
            guard let error = error as? ValidationError, let path = path(to: type) else { exit(withError: error) }
            let usage = usageString(for: type)
            let help = "  See '\(path.joined(separator: " ")) --help' for more information."
            StandardError.write(line: "Error: \(error.message)\nUsage: \(usage)\n\(help)")
            exit(withError: ExitCode.usage)
        }
    }

    /// The words that begin a subcommand; nil for a command of the library, such as help.
    private static func path(
        to subcommand: any ParsableCommand.Type,
        from command: any ParsableCommand.Type = Firn.self
    ) -> [String]? {
        let name = command.configuration.commandName ?? ""
        guard command != subcommand else { return [name] }
        return command.configuration.subcommands.lazy.compactMap { path(to: subcommand, from: $0) }.first
            .map { [name] + $0 }
    }

    /// Whether an argument is a script, which may have several lines.
    private static func isScript(_ words: [String], _ index: Int) -> Bool {
        words[index].hasPrefix("--exec=") || (index > 0 && words[index - 1] == "--exec")
    }

    /// The environment variables that replace options.
    private static let variables: Set = ["FIRN_ADDRESS", "FIRN_STORE", "FIRN_TOKEN_FILE"]
}
