/// A sample of Prometheus' text format, version 0.0.4.
struct MetricSample: Equatable {
    let name: String
    let labels: [String: String]
    let value: Double

    /// The samples of a text. Comments, and lines that are no samples, are left out.
    static func samples(in text: some StringProtocol) -> [MetricSample] {
        text.split(separator: "\n").compactMap { MetricSample(line: $0) }
    }

    init(name: String, labels: [String: String] = [:], value: Double) {
        (self.name, self.labels, self.value) = (name, labels, value)
    }

    /// Reads `name{label="text",…} value`, where a time may follow.
    init?(line: some StringProtocol) {
        guard let first = line.first, first != "#" else { return nil }
        var rest = Substring(line)
        name = String(Self.take(from: &rest) { $0 != "{" && $0 != " " })
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                guard let (label, text) = Self.label(from: &rest) else { return nil }
                labels[label] = text
                if rest.first == "," { rest.removeFirst() }
            }
            rest.removeFirst()
        }
        self.labels = labels
        // Double reads Go's +Inf, -Inf and NaN.
        guard !name.isEmpty, let word = rest.split(separator: " ").first, let value = Double(word) else { return nil }
        self.value = value
    }

    private static func label(from rest: inout Substring) -> (name: String, text: String)? {
        let name = String(take(from: &rest) { $0 != "=" })
        guard rest.hasPrefix("=\"") else { return nil }
        rest.removeFirst(2)
        var text = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return (name, text)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                text.append(escaped == "n" ? "\n" : escaped)
            default: text.append(character)
            }
        }
        return nil
    }

    private static func take(from rest: inout Substring, while isPart: (Character) -> Bool) -> Substring {
        let part = rest.prefix(while: isPart)
        rest.removeFirst(part.count)
        return part
    }
}
