extension FirnID {
    /// The ID as text in a format.
    public func formatted(_ format: IDFormat) -> String {
        format.alphabet.text(of: rawValue, padded: format.isFixedWidth)
    }

    /// Parses an ID.
    ///
    /// Leading zeros are accepted, except that a fixed-width format requires exactly its number of digits. Hex accepts
    /// a `0x` prefix and both cases. Base32 accepts both cases, and reads I and L as 1 and O as 0, as Crockford
    /// specifies. Signs, spaces, hyphens and digits outside ASCII are refused.
    ///
    /// - Parameters:
    ///   - text: The digits.
    ///   - format: The format of the text.
    /// - Throws: ``LayoutError`` with code `.invalidID` if the text is empty, contains another character (the message
    ///   says which and where), has the wrong width, or is 2^64 or more.
    public init(parsing text: String, format: IDFormat = .decimal) throws(LayoutError) {
        var digits = text.utf8[...]
        if format.acceptsHexPrefix, text.hasPrefix("0x") || text.hasPrefix("0X") {
            digits = digits.dropFirst(2)
        }
        guard !digits.isEmpty else {
            throw LayoutError(.invalidID, "The ID \(text.quoted) has no digits: give it as \(format).")
        }
        let value: UInt64
        switch format.alphabet.value(of: digits) {
        case .number(let number):
            value = number
        case .tooLarge:
            throw LayoutError(
                .invalidID,
                "The ID \(text.quoted) is larger than 64 bits hold: the largest in \(format) is "
                    + "\(FirnID(rawValue: .max).formatted(format))."
            )
        case .badDigit(let index):
            throw Self.badCharacter(in: text, at: index, format: format)
        }
        let width = format.alphabet.width
        guard !format.isFixedWidth || digits.count == width else {
            throw LayoutError(
                .invalidID,
                "The ID \(text.quoted) has \(digits.count) digits and \(format) has \(width): "
                    + "give all of them, or read it as another format."
            )
        }
        self.init(rawValue: value)
    }

    private static func badCharacter(in text: String, at index: String.Index, format: IDFormat) -> LayoutError {
        let character = String(text.unicodeScalars[index])
        let place = text.utf8.distance(from: text.startIndex, to: index) + 1
        return LayoutError(
            .invalidID,
            "The ID \(text.quoted) has \(character.quoted) as character \(place), which is no digit of \(format): "
                + "its digits are \(format.alphabet.description)."
        )
    }
}

extension FirnID: LosslessStringConvertible {
    /// The ID in decimal.
    public var description: String {
        String(rawValue)
    }

    /// Reads an ID in decimal; nil where ``init(parsing:format:)`` would throw.
    public init?(_ description: String) {
        guard let id = try? FirnID(parsing: description) else { return nil }
        self = id
    }
}

extension FirnID: Codable {
    /// Reads a decimal string. A number is refused: the program that wrote it may already have rounded it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    /// Writes a decimal string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
