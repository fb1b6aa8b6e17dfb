/// Invisible characters that are never intended in a setting. A value that contains one came from a file with other
/// line ends, from a broken template, or from bytes that are not UTF-8.
extension StringProtocol {
    /// The first one; nil if there is none.
    package var firstControl: Unicode.Scalar? { unicodeScalars.first { $0.isControl } }

    /// The text with each of them escaped, as `\r` or `\u{85}`.
    package var escapingControls: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            text += scalar.isControl ? scalar.escapedControl : String(scalar)
        }
    }

    /// - Parameter place: the name of the text for the message, such as `FIRN_STORE`.
    package func refuseControls(in place: String) throws(ConfigurationError) {
        guard let control = firstControl else { return }
        throw ConfigurationError(
            "\(place): '\(escapingControls)' has the character \(control.escapedControl), \(control.reason); remove it"
        )
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool {
        switch value {
        // The control characters of ASCII and Latin-1, the line and paragraph separators, the byte order mark, and the
        // replacement character for bytes that are not UTF-8.
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFD: true
        default: false
        }
    }

    fileprivate var escapedControl: String {
        switch self {
        case "\0": "\\0"
        case "\t": "\\t"
        case "\n": "\\n"
        case "\r": "\\r"
        default: "\\u{\(String(value, radix: 16, uppercase: true))}"
        }
    }

    fileprivate var reason: String {
        value == 0xFFFD ? "which stands for bytes that are no UTF-8" : "which no setting has"
    }
}
