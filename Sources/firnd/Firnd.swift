internal import ArgumentParser
internal import FirnConfiguration
internal import FirnServer
internal import FirnStore
internal import Glibc

/// The daemon's main: reads the configuration, runs the daemon, and reports every failure as a sentence and an exit
/// code.
@main
enum Firnd {
    static func main() {
        openStandardDescriptors()
        DaemonSignals.ignoreWhatStopsNothing()
        do {
            let words = try ProgramArguments.read()
            let environment = Environment.ofProcess()
            try environment.refuseControls(in: Variables.read)
            let sources = SettingSources(commandLine: words, environment: environment)
            let layered = try sources.read()
            do {
                let options = try Options.parse(layered.arguments)
                let configuration = try sources.configuration(options)
                guard options.check else {
                    try Daemon(configuration, sources: sources, settings: layered).run()
                    return
                }
                let notes = try Rehearsal(configuration).run()
                print(Announcement.checked(configuration, notes: notes))
            } catch let error as ConfigurationError {
                throw ConfigurationError(layered.placed(error.description) ?? error.description)
            } catch let error as ListenError {
                guard let placed = layered.placed(error.description) else { throw error }
                complain(placed)
                Glibc.exit(error.exitCode)
            } catch let error where !isOurs(error) {
                if Options.exitCode(for: error) != .success, let placed = layered.placed(Options.message(for: error)) {
                    throw ConfigurationError(placed)
                }
                if Options.exitCode(for: error) != .success, !layered.sources.isEmpty {
                    complain("settings were also read from \(layered.sources.joined(separator: ", "))")
                }
                Options.exit(withError: error)
            }
        } catch {
            complain("\(error)")
            Glibc.exit(exitCode(of: error))
        }
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

    /// Opens /dev/null for closed descriptors among standard input, output and error. Otherwise the next opened file
    /// would get that number, and the log would be written into a store or sent to a peer.
    private static func openStandardDescriptors() {
        while true {
            let descriptor = open("/dev/null", O_RDWR)
            guard (0...STDERR_FILENO).contains(descriptor) else {
                if descriptor >= 0 { close(descriptor) }
                return
            }
        }
    }

    private static func complain(_ message: String) {
        var line = "firnd: \(message)\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
