internal import ArgumentParser
internal import FirnConfiguration
internal import Logging

/// Where the settings come from: the command line and the environment, and the file that one of them names. They can be
/// read again while the daemon runs; then only the file can differ.
struct SettingSources {
    let commandLine: [String]
    let environment: Environment

    func read() throws(ConfigurationError) -> LayeredArguments {
        try LayeredArguments(commandLine: commandLine, environment: { environment[$0] })
    }

    func configuration(_ options: Options) throws(ConfigurationError) -> Configuration {
        var configuration = try Configuration(options, environment: { environment[$0] })
        configuration.warnings += environment.warnings(known: Variables.known, unset: Variables.unset)
        return configuration
    }
}

/// The part of ``Reloading`` for the settings themselves. The log level is put to use; other settings that differ are
/// named.
final class ReloadableSettings {
    private let sources: SettingSources
    private let output: LogOutput
    /// The settings of the file and the environment that are in use.
    private var inUse: [String: [String]]

    private static let changeable = "log-level"

    init(_ sources: SettingSources, inUse: LayeredArguments, output: LogOutput) {
        self.sources = sources
        self.inUse = inUse.values
        self.output = output
    }

    /// - Throws: what a start with these settings would throw. Then nothing has changed.
    func reload() throws -> [Reloading.Change] {
        let layered = try sources.read()
        let level: Logger.Level
        do {
            level = try sources.configuration(Options.parse(layered.arguments)).logLevel
        } catch {
            // The parser's errors have their text in a function of their own.
            let message = (error as? ConfigurationError)?.description ?? Options.message(for: error)
            throw ConfigurationError(layered.placed(message) ?? message)
        }
        let changes = Self.changes(from: inUse, to: layered.values)
        output.level = level
        inUse[Self.changeable] = layered.values[Self.changeable]
        return changes
    }

    /// What differs between two sets of values, by name.
    static func changes(from old: [String: [String]], to new: [String: [String]]) -> [Reloading.Change] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            guard old[name] != new[name] else { return nil }
            return Reloading.Change(
                name: name,
                from: text(old[name]),
                to: text(new[name]),
                needsRestart: name != changeable
            )
        }
    }

    private static func text(_ values: [String]?) -> String {
        values.map { $0.joined(separator: " ") } ?? "its default"
    }
}
