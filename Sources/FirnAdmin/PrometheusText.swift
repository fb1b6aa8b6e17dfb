/// Writes Prometheus' text format, version 0.0.4.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>. A family is its HELP and TYPE lines followed
/// by its samples; samples of two families are not interleaved. The last line ends with a line feed.
package struct PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The type of a family.
    package enum Kind: String, Sendable {
        /// Never decreases, except at a restart.
        case counter
        case gauge
        case histogram
    }

    package private(set) var text = ""
    private var name = ""

    package init() {}

    /// Begins a family. Its name must not have been used before.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        precondition(Self.isName(name), "a metric's name is letters, digits, underscores and colons")
        self.name = name
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Writes a sample of the current family.
    package mutating func sample(_ labels: [(String, String)] = [], _ value: UInt64) {
        line("", labels, "\(value)")
    }

    /// Writes a sample of the current family.
    package mutating func sample(_ labels: [(String, String)] = [], _ value: Double) {
        line("", labels, Self.text(of: value))
    }

    /// Writes the samples of one histogram of the current family.
    ///
    /// - Parameters:
    ///   - bounds: the upper bounds of the buckets in ascending order, without the last bucket, which is unbounded.
    ///   - counts: the count of each bucket alone, not cumulative; one more than there are bounds.
    package mutating func histogram(
        _ labels: [(String, String)],
        bounds: [Double],
        counts: [UInt64],
        sum: Double
    ) {
        precondition(counts.count == bounds.count + 1, "a count for each bound, and one for what is above")
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total &+= count
            let bound = index < bounds.count ? bounds[index] : .infinity
            line("_bucket", labels + [("le", Self.text(of: bound))], "\(total)")
        }
        line("_sum", labels, Self.text(of: sum))
        line("_count", labels, "\(total)")
    }

    private mutating func line(_ suffix: String, _ labels: [(String, String)], _ value: String) {
        text += name
        text += suffix
        if !labels.isEmpty {
            text += "{"
            for (index, (label, content)) in labels.enumerated() {
                if index > 0 { text += "," }
                text += "\(label)=\"\(Self.escaped(content, quotes: true))\""
            }
            text += "}"
        }
        text += " \(value)\n"
    }

    /// In Go's notation, which Prometheus compares bucket bounds in: whole numbers without `.0`.
    private static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// - Parameter quotes: true for a label's value, which is quoted, and false for a help text.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whether this is a valid name of a metric.
    package static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !isDigit(first) else { return false }
        return name.utf8.allSatisfy {
            isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":")
        }
    }

    /// A valid name made from any text: invalid characters become underscores.
    ///
    /// - Parameter forLabel: names of labels have no colons, and do not begin with two underscores.
    package static func name(from text: String, forLabel: Bool = false) -> String {
        var name = ""
        for byte in text.utf8 {
            let isGood = isDigit(byte) || isLetter(byte) || (!forLabel && byte == UInt8(ascii: ":"))
            name.unicodeScalars.append(isGood ? Unicode.Scalar(byte) : "_")
        }
        if name.utf8.first.map(isDigit) ?? true { name = "_" + name }
        while forLabel, name.hasPrefix("__") { name.removeFirst() }
        return name
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isLetter(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
    }
}
