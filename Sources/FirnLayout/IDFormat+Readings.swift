extension IDFormat {
    /// The formats without a fixed width in which a text is an ID, in the order of `allCases`. The IDs differ from one
    /// format to the next: read the text in each.
    ///
    /// A text with a character that is a digit of no format is an ID in none of them, but for the sign of a decimal number
    /// and the prefix of a hexadecimal one.
    public static func formats(reading text: String) -> [IDFormat] {
        allCases.filter { format in
            guard !format.isFixedWidth, case .number = FirnID.reading(of: text, format: format) else { return false }
            return true
        }
    }

    /// A sentence for a person if a text that is an ID in this format is another one in formats of the same base, which
    /// have other digits or another order of them, such as ``base58`` and ``base58Flickr``; nil if it is not.
    ///
    /// The sentence has the ID in each. Show it once, for the first ID of many.
    public func note(onReading text: String) -> String? {
        let ofSameBase = easilyConfused
        guard !ofSameBase.isEmpty, let id = try? FirnID(parsing: text, format: self) else { return nil }
        let others = ofSameBase.filter {
            guard case .number(let value) = FirnID.reading(of: text, format: $0) else { return false }
            return value != id.rawValue
        }
        guard !others.isEmpty else { return nil }
        return "The text \(text.quoted) is an ID in \(self) (\(id)), which was taken, and in "
            + "\(Self.values(of: text, in: others)): see which of them has a right time."
    }

    /// The formats that have as many digits as this one, but others or in another order.
    package var easilyConfused: [IDFormat] {
        Self.allCases.filter {
            !$0.isFixedWidth && $0.alphabet.digits.count == alphabet.digits.count && $0.digits != digits
        }
    }

    /// The ID that a text is in each of some formats that read it: `hex (2748), base36 (13368)`.
    ///
    /// - Parameter namingFixedWidths: Whether a text with a zero in front also gets the format of fixed width that has as
    ///   many digits: `hex or hex-fixed (2748)`.
    static func values(of text: String, in formats: [IDFormat], namingFixedWidths: Bool = false) -> String {
        formats.compactMap { format in
            guard let id = try? FirnID(parsing: text, format: format) else { return nil }
            let fixed = namingFixedWidths ? format.fixedWidth(padding: text) : nil
            return "\(format)\(fixed.map { " or \($0)" } ?? "") (\(id))"
        }.joined(separator: ", ")
    }

    /// The format of these digits with a fixed width, if it gives a text its zeros in front; nil if it does not.
    private func fixedWidth(padding text: String) -> IDFormat? {
        guard text.first == digits.first else { return nil }
        return Self.allCases.first { format in
            guard format.isFixedWidth, format.digits == digits,
                case .number = FirnID.reading(of: text, format: format)
            else { return false }
            return true
        }
    }
}
