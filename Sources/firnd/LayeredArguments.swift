internal import FirnPlaces
internal import Glibc

/// Brings the settings of a file and of the environment into the form of a command line, so that one parser reads them
/// all: a flag wins over the environment, the environment over the file.
///
/// `--listen` is `FIRN_LISTEN` in the environment (values of a repeatable option separated by blanks) and `listen = …`
/// in the file (repeated lines).
struct LayeredArguments {
    /// The command line, with the settings it lacks in front of it.
    var arguments: [String]
    /// Where settings came from besides the command line; for messages.
    var sources: [String]

    /// The options that can come from all three, without their dashes.
    enum Setting {
        case value, list, flag
    }

    static let settings: [String: Setting] = [
        "listen": .list, "http": .list, "admin": .list, "socket-mode": .value, "socket-owner": .value,
        "socket-group": .value,
        "allow-uid": .list, "allow-gid": .list, "insecure-tcp": .flag,
        "layout": .value, "store": .value, "state-dir": .value, "worker": .value, "pod-ip": .value, "workers": .value,
        "shards": .value,
        "window": .value, "clock-tolerance": .value,
        "etcd-prefix": .value, "etcd-ca": .value, "etcd-cert": .value, "etcd-key": .value, "etcd-server-name": .value,
        "etcd-user": .value, "etcd-password-file": .value, "etcd-timeout": .value,
        "sequences-explicit": .flag, "sequence-block": .value, "max-sequence-block": .value, "max-sequences": .value,
        "max-batch": .value, "max-connections": .value, "max-connections-per-uid": .value, "max-waiting-calls": .value,
        "max-http-connections": .value, "http-idle-timeout": .value,
        "max-unsent-bytes": .value, "max-frames-per-turn": .value, "send-timeout": .value, "frame-timeout": .value,
        "unix-idle-timeout": .value, "tcp-idle-timeout": .value, "drain-timeout": .value, "drain-delay": .value,
        "log-level": .value, "log-format": .value,
    ]

    init(commandLine: [String], environment: (String) -> String?) throws(ConfigurationError) {
        var layered: [String] = []
        sources = []
        for (name, setting) in Self.settings.sorted(by: { $0.key < $1.key }) {
            let variable = "FIRN_" + name.uppercased().split(separator: "-").joined(separator: "_")
            guard let text = environment(variable), !text.isEmpty, !Self.mentions(name, in: commandLine) else {
                continue
            }
            let values = setting == .list ? text.split(separator: " ").map(String.init) : [text]
            for value in values { layered += try Self.arguments(name, setting, value, source: variable) }
            sources.append(variable)
        }
        if let path = Self.value(of: "config", in: commandLine) ?? environment("FIRN_CONFIG") {
            let file = try Self.fileArguments(path: path, overriddenBy: commandLine + layered)
            layered = file + layered
            if !file.isEmpty { sources.append(path) }
        }
        arguments = layered + commandLine
    }

    private static func fileArguments(
        path: String,
        overriddenBy higher: [String]
    ) throws(ConfigurationError) -> [String] {
        var arguments: [String] = []
        var seen: Set<String> = []
        for (index, line) in try TextFile.read(path: path).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = line.trimmingBlanks()
            let place = "\(path), line \(index + 1)"
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw ConfigurationError("\(place): '\(line)' is not of the form 'name = value'")
            }
            let name = String(line[..<equals].trimmingBlanks())
            let value = String(line[line.index(after: equals)...].trimmingBlanks())
            guard let setting = settings[name] else {
                throw ConfigurationError(
                    "\(place): '\(name)' is not a setting; the names are those of 'firnd --help' without the dashes"
                )
            }
            guard seen.insert(name).inserted || setting == .list else {
                throw ConfigurationError("\(place): '\(name)' is set a second time; keep one")
            }
            guard !value.isEmpty else { throw ConfigurationError("\(place): '\(name)' has no value") }
            guard !mentions(name, in: higher) else { continue }
            arguments += try Self.arguments(name, setting, value, source: place)
        }
        return arguments
    }

    private static func arguments(
        _ name: String,
        _ setting: Setting,
        _ value: String,
        source: String
    ) throws(ConfigurationError) -> [String] {
        guard setting == .flag else { return ["--\(name)=\(value)"] }
        switch value.lowercased() {
        case "true", "yes", "1", "on": return ["--\(name)"]
        case "false", "no", "0", "off": return []
        default: throw ConfigurationError("\(source): '\(name)' is '\(value)'; write true or false")
        }
    }

    private static func mentions(_ name: String, in arguments: [String]) -> Bool {
        arguments.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }
    }

    private static func value(of name: String, in arguments: [String]) -> String? {
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("--\(name)=") { return String(argument.dropFirst("--\(name)=".count)) }
            if argument == "--\(name)", index + 1 < arguments.count { return arguments[index + 1] }
        }
        return nil
    }
}

extension Substring {
    func trimmingBlanks() -> Substring {
        var text = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        return text
    }
}

extension String {
    func trimmingBlanks() -> Substring { self[...].trimmingBlanks() }
}
