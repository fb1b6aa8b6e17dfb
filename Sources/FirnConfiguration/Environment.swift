internal import FirnLayout

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    @preconcurrency internal import Musl
#else
    @preconcurrency internal import Glibc
#endif

/// The environment variables of this process.
package struct Environment {
    private let variables: [String: String]

    package init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// The process's own environment. Read it before another thread could change it.
    package static func ofProcess() -> Environment {
        var variables: [String: String] = [:]
        // Null if the environment was cleared.
        let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        var index = 0
        while let entry = entries?[index] {
            let text = String(cString: entry)
            index += 1
            guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(text[..<equals])
            // If a name occurs twice, getenv(3) returns the first.
            if variables[name] == nil { variables[name] = String(text[text.utf8.index(after: equals)...]) }
        }
        return Environment(variables)
    }

    /// The value of a variable, without blanks and tabs at its ends, as in a file of settings; nil if it is not set, or
    /// nothing else is in it: an empty value is the usual way to unset what an image sets.
    package subscript(name: String) -> String? {
        variables[name].map { $0.trimmingBlanks() }.flatMap { $0.isEmpty ? nil : String($0) }
    }

    /// - Throws: for a control character in one of these variables.
    package func refuseControls(in names: some Sequence<String>) throws(ConfigurationError) {
        for name in names.sorted() { try variables[name]?.refuseControls(in: name) }
    }

    /// A warning for each variable that looks like a setting of Firn but is not one.
    ///
    /// - Parameters:
    ///   - known: the variables that this program or its companion reads.
    ///   - ignored: variables that others set and read, which no misspelled one is meant to be.
    ///   - isOfMany: whether the environment may also contain settings of other programs. Then only names similar to a
    ///     known one cause a warning.
    ///   - unset: settings that cannot come from the environment, by the names that they would have there, and what to
    ///     do instead.
    package func warnings(
        known: Set<String>,
        ignoring ignored: Set<String> = [],
        isOfMany: Bool = false,
        unset: [String: String] = [:]
    ) -> [String] {
        variables.sorted { $0.key < $1.key }.compactMap { name, value in
            let upper = name.uppercased()
            guard upper.hasPrefix("FIRN_") || upper.hasPrefix("FIRND_"), !known.contains(name), !ignored.contains(name),
                !value.isEmpty, !Self.isOfService(name, value)
            else { return nil }
            if let advice = unset[name] { return "the environment variable \(name) has no effect: \(advice)" }
            // What they have in common does not make two names alike: FIRN_WORKER is not FIRN_TOKEN.
            let own = upper.drop { $0 != "_" }.dropFirst()
            let nearest = NearName.of(String(own), among: known.map { String($0.dropFirst("FIRN_".count)) })
                .map { "FIRN_" + $0 }
            if isOfMany, nearest == nil { return nil }
            return "the environment variable \(name.escapingControls) has no effect, as there is no such setting"
                + (nearest.map { "; is \($0) meant?" } ?? "")
        }
    }

    /// Whether it is one of the variables that Kubernetes and Docker set in each pod for a Service called `firn…`:
    /// `FIRN_SERVICE_HOST`, `FIRN_SERVICE_PORT`, `FIRN_SERVICE_PORT_<name>`, `FIRN_PORT` (a URL), and
    /// `FIRN_PORT_<number>_<protocol>`, alone and with `_PROTO`, `_PORT`, `_ADDR`. No setting has such a name.
    static func isOfService(_ name: String, _ value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
            return true
        }
        if name.hasSuffix("_PORT"), ["tcp://", "udp://", "sctp://"].contains(where: value.hasPrefix) { return true }
        var words = name.split(separator: "_")
        if let last = words.last, ["PROTO", "PORT", "ADDR"].contains(last) { words.removeLast() }
        guard words.count >= 4, ["TCP", "UDP", "SCTP"].contains(words[words.count - 1]),
            UInt16(words[words.count - 2]) != nil
        else { return false }
        return words[words.count - 3] == "PORT"
    }
}
