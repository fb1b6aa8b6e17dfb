/// Parses a ``RecordText``, field by field in their order.
///
/// Strict: it accepts exactly what would be written. Anything else throws `.corrupt`, or `.newerFormat` for an unknown
/// version, with the key and the text, of which only the beginning if it is long.
package struct RecordReader {
    private let key: String
    private let text: String
    private var fields: ArraySlice<Substring>

    package init(key: String, text: String, kind: String, version: Int) throws(StoreError) {
        self.key = key
        self.text = text
        // By bytes, which is several times as fast as by characters.
        let words = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Substring.init)
        fields = words.dropFirst()
        let first = words.first.map(String.init) ?? ""
        guard first != "\(kind)/\(version)" else { return }
        if first.hasPrefix("\(kind)/"), let written = Int(first.dropFirst(kind.utf8.count + 1)), written > version {
            throw StoreError(
                code: .newerFormat,
                message: "the record \(key) has format \(first), and this Firn knows \(kind)/\(version) and older: "
                    + "run the newer Firn that wrote it; record: \(Self.beginning(of: text))"
            )
        }
        throw broken("it should begin with \(kind)/\(version)")
    }

    package mutating func string(_ name: String) throws(StoreError) -> String {
        guard let value = try optionalString(name) else { throw broken("\(name)= is missing or out of order") }
        return value
    }

    /// nil where the next field has another name.
    package mutating func optionalString(_ name: String) throws(StoreError) -> String? {
        guard let field = fields.first, Self.isField(field, name) else { return nil }
        fields.removeFirst()
        guard let value = Self.unescaped(field.utf8.dropFirst(name.utf8.count + 1)) else {
            throw broken("\(field) is not escaped as it should be")
        }
        return value
    }

    package mutating func number(_ name: String) throws(StoreError) -> UInt64 {
        let value = try string(name)
        guard let number = UInt64(value), String(number) == value else {
            throw broken("\(name)=\(value) is not a number from 0 to 2^64 - 1")
        }
        return number
    }

    /// nil where the next field has another name.
    package mutating func optionalNumber(_ name: String) throws(StoreError) -> UInt64? {
        guard let field = fields.first, Self.isField(field, name) else { return nil }
        return try number(name)
    }

    private static func isField(_ field: Substring, _ name: String) -> Bool {
        field.utf8.starts(with: name.utf8) && field.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: "=")
    }

    package mutating func token(_ name: String) throws(StoreError) -> UInt64 {
        guard let token = try optionalToken(name) else { throw broken("\(name)= is missing or out of order") }
        return token
    }

    /// nil where the next field has another name.
    package mutating func optionalToken(_ name: String) throws(StoreError) -> UInt64? {
        guard let value = try optionalString(name) else { return nil }
        guard let number = UInt64(value, radix: 16), hexadecimal(number, digits: 16, uppercase: false) == value else {
            throw broken("\(name)=\(value) is not 16 lower-case hexadecimal digits")
        }
        return number
    }

    package func end() throws(StoreError) {
        if let field = fields.first { throw broken("\"\(field)\" is not expected there") }
    }

    package func broken(_ what: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message: "the record \(key) cannot be read: \(Self.beginning(of: what)). Put it right, or remove it once "
                + "nobody uses it and its limit has passed; record: \(Self.beginning(of: text))"
        )
    }

    /// Longer than any record that Firn writes, with all names at their longest.
    static let maximumShownBytes = 2000

    /// A text for a message: whatever somebody wrote into the store, the message stays readable.
    package static func beginning(of text: String) -> String {
        let bytes = text.utf8
        guard bytes.count > maximumShownBytes else { return text }
        return String(decoding: bytes.prefix(maximumShownBytes), as: UTF8.self) + "… (\(bytes.count) bytes)"
    }

    private static func unescaped(_ bytes: Substring.UTF8View.SubSequence) -> String? {
        if bytes.allSatisfy(RecordText.isPlain) { return String(Substring(bytes)) }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
                guard let high = hexadecimalDigit(high), let low = hexadecimalDigit(low) else { return nil }
                let escaped = high << 4 | low
                guard !RecordText.isPlain(escaped) else { return nil }
                result.append(escaped)
            } else {
                guard RecordText.isPlain(byte) else { return nil }
                result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
