/// Why a text is no ID of a format, and what it is instead as far as its characters tell.
struct InvalidID {
    let text: String
    let format: IDFormat
    private let reading: FirnID.Reading

    init(_ text: String, _ format: IDFormat, _ reading: FirnID.Reading) {
        self.text = text
        self.format = format
        self.reading = reading
    }

    /// A longer text is described by its first bad character and the number of its values: no ID has as many characters.
    private static let maximumLength = 64

    var error: LayoutError {
        LayoutError(.invalidID, "The ID \(text.quoted) \(description)")
    }

    private var description: String {
        guard text.utf8.count <= Self.maximumLength else { return flaw + (severalValues ?? numberWithin ?? "") }
        if let wider = WiderID(recognizing: text) {
            return wider.isNumber ? "\(flaw) \(wider.description)" : wider.description
        }
        if format.digits == IDFormat.decimal.digits, let float = FloatingPointText(text) {
            return float.description + (otherFormats ?? "")
        }
        return flaw + (cleaned ?? severalValues ?? otherFormats ?? numberWithin ?? "")
    }

    /// What is wrong with the digits.
    private var flaw: String {
        switch reading {
        case .number, .empty:
            "has no digits: give it as \(format)."
        case .badDigit(let index):
            "has \(String(text.unicodeScalars[index]).quoted) as character "
                + "\(text.utf8.distance(from: text.startIndex, to: index) + 1), which is no digit of \(format): "
                + "its digits are \(format.digits)."
        case .tooLarge:
            "is larger than 64 bits hold: the largest in \(format) is \(FirnID(rawValue: .max).formatted(format))."
        case .tooLow:
            "is lower than 64 bits hold with a sign: give \(Int64.min) to \(UInt64.max)."
        case .wrongWidth(let count):
            "has \(count) \(count == 1 ? "digit" : "digits") and \(format) has \(format.maximumWidth): "
                + "give all of them, or read it as another format."
        }
    }

    /// The other formats in which the text is an ID.
    private var otherFormats: String? {
        let formats = Self.otherFormats(of: text, than: format)
        guard !formats.isEmpty else { return nil }
        return
            " It is an ID in \(IDFormat.values(of: text, in: formats, namingFixedWidths: true)): \(Self.formatAdvice)."
    }

    static let formatAdvice = "give the format that it was written in"

    /// That of the same digits without a fixed width comes first, and behind `0x` there is hexadecimal alone.
    static func otherFormats(of text: String, than format: IDFormat) -> [IDFormat] {
        let formats = IDFormat.formats(reading: text)
        if formats.contains(.hex), text.hasPrefix("0x") || text.hasPrefix("0X") { return [.hex] }
        return formats.filter { $0.digits == format.digits } + formats.filter { $0.digits != format.digits }
    }

    /// The IDs among other characters, such as in `id=541815603606036480` and in an address.
    private var numberWithin: String? {
        guard format.digits == IDFormat.decimal.digits else { return nil }
        if case .tooLow = reading { return nil }
        let numbers = text.split { !("0"..."9").contains($0) }.filter { (15...20).contains($0.utf8.count) }
            .compactMap { run in
                let number = (FirnID.hasMinus(before: run.startIndex, in: text) ? "-" : "") + run
                return (try? FirnID(parsing: number)).map { _ in number }
            }
        guard let last = numbers.last, numbers.count <= Self.maximumNumbers else { return nil }
        return numbers.count == 1
            ? " It holds the number \(last): give that alone."
            : " It holds the numbers \(numbers.dropLast().joined(separator: ", ")) and \(last): give one of them."
    }

    private static let maximumNumbers = 5
}

extension FirnID {
    /// Whether the digits that begin at `start` have a minus before them, and no hyphen as in `order-541815603606036480`.
    package static func hasMinus(before start: String.Index, in text: String) -> Bool {
        let before = text[..<start]
        guard before.last == "-" else { return false }
        return before.dropLast().last.map { !$0.isLetter && !$0.isNumber } ?? true
    }
}

extension LayoutError {
    /// The same error with the option that gives the format of an ID, where the message asks for the format.
    package func naming(_ option: String, forText text: String, in format: IDFormat) -> LayoutError {
        guard message.hasSuffix("\(InvalidID.formatAdvice)."),
            let other = InvalidID.otherFormats(of: text, than: format).first
        else { return self }
        return LayoutError(code, "\(message.dropLast()), as with \(option) \(other).")
    }
}

extension WiderID {
    /// A sentence, or of an ID of a known kind the rest of one whose subject is the ID.
    fileprivate var description: String {
        if isNumber { return "As a decimal number it has \(bitWidth) bits." + (maker.isEmpty ? "" : " \(maker).") }
        let article = kind.hasPrefix("O") || kind.hasPrefix("X") ? "an" : "a"
        let known = time.map { "its time is \($0)" } ?? "it has no time"
        return "is \(article) \(kind), of \(bitWidth) bits: \(known). A layout describes IDs of 64 bits, so its other "
            + "fields cannot be decoded here."
    }
}
