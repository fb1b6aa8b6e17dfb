internal import ArgumentParser

/// A duration in text form: `500ms`, `3s`, `5m`, `1h`; or `off`, where a timeout may be disabled.
package struct DurationText: ExpressibleByArgument {
    /// `nil`: off.
    package let value: Duration?

    package init(_ value: Duration?) {
        self.value = value
    }

    package init?(argument: String) {
        if argument == "off" {
            value = nil
            return
        }
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number > 0, let unit = Self.units[String(argument.dropFirst(digits.count))]
        else {
            return nil
        }
        // More than a century is a typing error, and arithmetic on it might overflow.
        guard number <= 100 * 365 * 86_400 * 1_000 / unit else { return nil }
        value = .milliseconds(number * unit)
    }

    /// Reads a text, as an option without a default does.
    ///
    /// - Throws: what is wrong with it.
    package init(parsing text: String) throws {
        if let read = DurationText(argument: text) {
            self = read
            return
        }
        let isNumber = !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber }
        throw ValidationError(
            isNumber
                ? "it has no unit; write \(text)s for seconds, or ms, m or h after the number"
                : "write a whole number with ms, s, m or h, such as 500ms, 30s or 5m"
        )
    }

    package var defaultValueDescription: String {
        guard let value else { return "off" }
        let (seconds, attoseconds) = value.components
        return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
    }

    /// Milliseconds in each unit.
    private static let units: [String: Int64] = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000]
}
