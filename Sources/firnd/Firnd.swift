internal import ArgumentParser
internal import FirnPlaces
internal import FirnServer
internal import FirnStore
internal import Glibc

/// The daemon's main: reads the configuration, runs, and turns every failure into a sentence and an exit code.
@main
struct Firnd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firnd",
        abstract: "Hands out unique 64-bit IDs over Unix and TCP sockets.",
        discussion: """
            Every option is also read from the environment (--log-level from FIRN_LOG_LEVEL) and from the file given by \
            --config (log-level = info); the command line wins over the environment, the environment over the file.

            Exit codes: 0 stopped as asked, 64 a wrong command line, 70 a bug, 71 the system refused, 74 the store cannot \
            be used, 75 another daemon is in the way, 78 the configuration or the store's content is wrong.
            """,
        version: FirnVersion.text
    )

    @OptionGroup var options: Options

    static func main() {
        do {
            let layered = try LayeredArguments(
                commandLine: Array(CommandLine.arguments.dropFirst()),
                environment: variable
            )
            do {
                let command = try Firnd.parse(layered.arguments)
                try command.start()
            } catch let error where !isOurs(error) {
                if exitCode(for: error) != .success, !layered.sources.isEmpty {
                    complain("settings were also read from \(layered.sources.joined(separator: ", "))")
                }
                exit(withError: error)
            }
        } catch {
            complain("\(error)")
            Glibc.exit(exitCode(of: error))
        }
    }

    private func start() throws {
        let configuration = try Configuration(options, environment: Self.variable)
        if options.check {
            print(Announcement.checked(configuration))
            return
        }
        let daemon = try Daemon(configuration)
        try daemon.run()
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func isOurs(_ error: any Error) -> Bool {
        error is ConfigurationError || error is ListenError || error is StoreError || error is ClockError
    }

    private static func exitCode(of error: any Error) -> Int32 {
        switch error {
        case let error as ListenError: error.exitCode
        case let error as StoreError: error.exitCode
        case is ConfigurationError, is ClockError: EX_CONFIG
        default: EX_SOFTWARE
        }
    }

    private static func complain(_ message: String) {
        var line = "firnd: \(message)\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The version that `--version` and Describe tell.
enum FirnVersion {
    static let text = "0.1.0"
}
