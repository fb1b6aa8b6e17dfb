/// A value to be written as JSON on one line. IDs are strings in it, for a JavaScript number is exact only up to 2^53.
enum JSON {
    case string(String)
    case number(UInt64)
    case boolean(Bool)
    case null
    case array([JSON])
    /// Members in the order in which they are written.
    case object([(name: String, value: JSON)])

    /// A field's value: a number where every value of the field is exact in JavaScript, else a string.
    static func field(_ value: UInt64, width: Int) -> JSON {
        width <= 53 ? .number(value) : .string("\(value)")
    }

    /// The value as RFC 8259 has it, without spaces.
    var text: String {
        switch self {
        case .string(let string): Self.quoted(string)
        case .number(let number): "\(number)"
        case .boolean(let boolean): "\(boolean)"
        case .null: "null"
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
