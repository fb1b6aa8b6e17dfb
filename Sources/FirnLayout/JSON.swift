/// A value that is written as JSON (RFC 8259) on one line without spaces. IDs are strings, because a JavaScript number
/// is exact only up to 2^53.
package enum JSON: Sendable {
    case string(String)
    case number(UInt64)
    /// Written as `null` if it is not finite, because JSON cannot express it.
    case decimal(Double)
    case boolean(Bool)
    case null
    case array([JSON])
    /// Members in the order in which they are written.
    case object([(name: String, value: JSON)])

    /// A field's value: a number if every value of the field is exact in JavaScript, otherwise a string.
    package static func field(_ value: UInt64, width: Int) -> JSON {
        width <= 53 ? .number(value) : .string("\(value)")
    }

    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Appends the value to `text`.
    package func write(to text: inout String) {
        switch self {
        case .string(let string): Self.quote(string, to: &text)
        case .number(let number): text += String(number)
        case .decimal(let number): text += number.isFinite ? "\(number)" : "null"
        case .boolean(let boolean): text += boolean ? "true" : "false"
        case .null: text += "null"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.quote(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// `string` in quotes, with special characters escaped.
    package static func quoted(_ string: String) -> String {
        var text = ""
        quote(string, to: &text)
        return text
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        if string.utf8.allSatisfy(isPlain) {
            text += string
        } else {
            for scalar in string.unicodeScalars { escape(scalar, to: &text) }
        }
        text += "\""
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func escape(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        // DEL is valid in a JSON string, but a terminal may act on it.
        case "\u{0}"..."\u{1F}", "\u{7F}":
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
}
