extension FirnID {
    /// The ID as text in a format.
    public func formatted(_ format: IDFormat) -> String {
        format.alphabet.text(of: rawValue, padded: format.isFixedWidth)
    }

    /// Parses an ID that comes from outside: from a person, a log or another system.
    ///
    /// Leading zeros are accepted, except that a fixed-width format requires exactly its number of digits. Decimal
    /// accepts negative numbers down to -2^63 and reads them as two's complement, because a signed 64-bit column shows
    /// IDs from 2^63 on in that way: -8000000000000000000 is 10446744073709551616. Hex accepts a `0x` prefix. Hex and
    /// base 36 accept both cases. Crockford's base 32 accepts both cases, and reads I and L as 1 and O as 0, as he
    /// specifies. Other signs, spaces, hyphens, separators and digits outside ASCII are refused.
    ///
    /// - Parameters:
    ///   - text: The digits.
    ///   - format: The format of the text.
    /// - Throws: ``LayoutError`` with code `.invalidID` if the text is empty, contains another character (the message
    ///   says which and where), has the wrong width, or is 2^64 or more. The message also says what the text is where
    ///   that can be told: an ID of another format, with its value; a floating-point number, with the digits that it has
    ///   lost; an ID of more than 64 bits (``WiderID``); or an ID with separators or quotes.
    public init(parsing text: String, format: IDFormat = .decimal) throws(LayoutError) {
        let reading = Self.reading(of: text, format: format)
        guard case .number(let value) = reading else { throw InvalidID(text, format, reading).error }
        self.init(rawValue: value)
    }

    /// What a text is in a format.
    enum Reading {
        case number(UInt64)
        case empty
        case badDigit(at: String.Index)
        case tooLarge
        /// Negative, and below what 64 bits hold with a sign.
        case tooLow
        /// All are digits, but the format has another number of them.
        case wrongWidth(digitCount: Int)
    }

    static func reading(of text: String, format: IDFormat) -> Reading {
        var digits = text.utf8[...]
        var isNegative = false
        if format == .decimal, digits.first == UInt8(ascii: "-") {
            isNegative = true
            digits = digits.dropFirst()
        } else if format.acceptsHexPrefix, text.hasPrefix("0x") || text.hasPrefix("0X") {
            digits = digits.dropFirst(2)
        }
        guard !digits.isEmpty else { return .empty }
        let alphabet = format.alphabet
        switch alphabet.value(of: digits) {
        case .badDigit(let index): return .badDigit(at: index)
        case .tooLarge: return isNegative ? .tooLow : .tooLarge
        case .number(let number):
            guard !format.isFixedWidth || digits.count == alphabet.width else {
                return .wrongWidth(digitCount: digits.count)
            }
            guard isNegative else { return .number(number) }
            return number <= 1 << 63 ? .number(0 &- number) : .tooLow
        }
    }
}

extension FirnID: LosslessStringConvertible {
    /// The ID in decimal.
    public var description: String {
        String(rawValue)
    }

    /// Reads an ID as ``description`` writes it, without a sign; nil for anything else.
    ///
    /// A negative number is refused here, because -1 is what many programs write for "none".
    /// ``init(parsing:format:)`` accepts it.
    public init?(_ description: String) {
        guard description.utf8.first != UInt8(ascii: "-"),
            case .number(let value) = Self.reading(of: description, format: .decimal)
        else { return nil }
        self.init(rawValue: value)
    }
}

extension FirnID: Codable {
    /// Reads a decimal string without a sign. A number is refused: the program that wrote it may already have rounded
    /// it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        if let id = FirnID(text) {
            self = id
            return
        }
        let message: String
        do {
            _ = try FirnID(parsing: text)
            message = "The ID \(text.quoted) is negative: write it without a sign."
        } catch {
            message = error.message
        }
        throw DecodingError.dataCorruptedError(in: container, debugDescription: message)
    }

    /// Writes a decimal string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
