internal import FirnConfiguration
internal import FirnLayout
internal import Glibc

/// Converts the settings of a file and of the environment into command line arguments, so that one parser reads them
/// all. A flag takes precedence over the environment, the environment over the file.
///
/// `--listen` is `FIRN_LISTEN` in the environment (values of a repeatable option separated by blanks) and `listen = …`
/// in the file (repeated lines).
struct LayeredArguments {
    /// The command line, preceded by the settings that it does not contain.
    var arguments: [String]
    /// The sources of settings besides the command line; for messages.
    var sources: [String]
    /// The values of the settings that come from the file and the environment, by name. A flag that is on is `true`.
    var values: [String: [String]]
    /// Where each of these values is from, by name: `FIRN_WINDOW`, or the file and the line.
    private var places: [String: [(place: String, value: String)]] = [:]

    /// - Throws: ``ConfigurationError`` for an invalid setting in the file or the environment, and for a control
    ///   character in any of the three: it could hide the rest of the text in a message.
    init(commandLine: [String], environment: (String) -> String?) throws(ConfigurationError) {
        for word in commandLine { try word.refuseControls(in: "the argument") }
        var layered: [String] = []
        var decided = Set(Settings.kinds.keys.filter { Self.mentions($0, in: commandLine) })
        sources = []
        for (name, kind) in Settings.kinds.sorted(by: { $0.key < $1.key }) {
            let variable = Self.variable(name)
            // A blank value counts as not set, so the file's value applies.
            guard let text = environment(variable)?.trimmingBlanks(), !text.isEmpty, !decided.contains(name) else {
                continue
            }
            let values = kind == .list ? text.split { $0 == " " || $0 == "\t" }.map(String.init) : [String(text)]
            for value in values { layered += try Self.arguments(name, kind, value, source: variable) }
            places[name] = values.map { (variable, $0) }
            // Also for a flag that is false here, and so adds no argument: the file must not override it.
            decided.insert(name)
            sources.append(variable)
        }
        if let path = try Self.configPath(in: commandLine) ?? environment("FIRN_CONFIG") {
            let file = try SettingsFile(path: path)
            let arguments = try Self.fileArguments(file, overriddenBy: decided)
            layered = arguments + layered
            if !arguments.isEmpty { sources.append(path) }
            for line in file.lines where !decided.contains(line.name) {
                places[line.name, default: []].append((line.place, line.value))
            }
        }
        arguments = layered + commandLine
        values = [:]
        for argument in layered {
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0]), default: []].append(parts.count > 1 ? String(parts[1]) : "true")
        }
    }

    /// Says where the values are from that a message names with their options; nil when it names none of the file or the
    /// environment.
    func placed(_ message: String) -> String? {
        let named = message.matches(of: /--[a-z][a-z0-9-]*/).map { places[String($0.output.dropFirst(2))] ?? [] }
        // Others are named as advice.
        let meant = named.joined().filter { message.contains($0.value) }
        let candidates = meant.isEmpty ? named.first { !$0.isEmpty } ?? [] : meant
        var found: [String] = []
        for (place, _) in candidates where !found.contains(place) { found.append(place) }
        guard !found.isEmpty, !found.allSatisfy({ message.hasPrefix($0) }) else { return nil }
        return "\(found.joined(separator: "; ")): \(message)"
    }

    /// The environment variable of a setting: `FIRN_LOG_LEVEL` for `log-level`.
    static func variable(_ name: String) -> String {
        "FIRN_" + name.uppercased().split(separator: "-").joined(separator: "_")
    }

    private static func fileArguments(
        _ file: SettingsFile,
        overriddenBy decided: Set<String>
    ) throws(ConfigurationError) -> [String] {
        var arguments: [String] = []
        var seen: Set<String> = []
        for line in file.lines {
            guard let kind = Settings.kinds[line.name] else {
                let nearest = NearName.of(line.name, among: Settings.kinds.keys)
                throw ConfigurationError(
                    "\(line.place): '\(line.name)' is not a setting\(nearest.map { "; is '\($0)' meant?" } ?? ".") The names "
                        + "are those of 'firnd --help' without the dashes"
                )
            }
            guard seen.insert(line.name).inserted || kind == .list else {
                throw ConfigurationError("\(line.place): '\(line.name)' is set a second time; keep one")
            }
            guard !line.value.isEmpty else { throw ConfigurationError("\(line.place): '\(line.name)' has no value") }
            let words = try Self.arguments(line.name, kind, line.value, source: line.place)
            if !decided.contains(line.name) { arguments += words }
        }
        return arguments
    }

    private static func arguments(
        _ name: String,
        _ kind: Settings.Kind,
        _ value: String,
        source: String
    ) throws(ConfigurationError) -> [String] {
        guard kind == .flag else { return ["--\(name)=\(value)"] }
        switch value.lowercased() {
        case "true", "yes", "1", "on": return ["--\(name)"]
        case "false", "no", "0", "off": return []
        default:
            throw ConfigurationError(
                "\(source): '\(name)' is '\(value)'; write true or false (or yes or no, on or off, 1 or 0)"
            )
        }
    }

    private static func mentions(_ name: String, in arguments: [String]) -> Bool {
        arguments.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }
    }

    /// The file that the command line names. Two are an error: one would be silently ignored.
    private static func configPath(in arguments: [String]) throws(ConfigurationError) -> String? {
        var paths: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("--config=") { paths.append(String(argument.dropFirst("--config=".count))) }
            if argument == "--config", index + 1 < arguments.count { paths.append(arguments[index + 1]) }
        }
        guard paths.count < 2 else {
            throw ConfigurationError("--config is given \(paths.count) times; give one file")
        }
        return paths.first
    }
}
