/// The text form of a record: a word with its kind and version, then `name=value` pairs, one space between them.
///
///     worker/1 generation=3 limit=5800000 host=web-1 pid=412
///
/// Meant to be read with `sqlite3` or `etcdctl`. In a value, everything but printable ASCII, and also `%` and `=`, is
/// escaped as `%` and two capital hexadecimal digits.
package struct RecordText {
    package private(set) var text: String

    package init(kind: String, version: Int) {
        text = "\(kind)/\(version)"
    }

    package mutating func append(_ name: String, _ value: String) {
        text += " "
        text += name
        text += "="
        if value.utf8.allSatisfy(Self.isPlain) {
            text += value
            return
        }
        for byte in value.utf8 {
            if Self.isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + hexadecimal(UInt64(byte), digits: 2, uppercase: true)
            }
        }
    }

    package mutating func append(_ name: String, _ value: UInt64) {
        append(name, String(value))
    }

    /// Sixteen hexadecimal digits: for numbers that are identifiers.
    package mutating func append(_ name: String, token: UInt64) {
        append(name, hexadecimal(token, digits: 16, uppercase: false))
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "=")
    }
}

/// The number, with at least this many digits.
package func hexadecimal(_ value: UInt64, digits: Int, uppercase: Bool) -> String {
    let text = String(value, radix: 16, uppercase: uppercase)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
