/// A floating-point number in decimal, as spreadsheets and data frames write a column of IDs.
struct FloatingPointText {
    /// The digits of the whole number that the text shows, without leading zeros.
    private let shownDigits: Substring
    /// How many digits the whole number has.
    private let digitCount: Int
    private let hasFraction: Bool
    private let isNegative: Bool
    /// Whether it may as well be two values with a comma between them.
    private let mayBeTwoValues: Bool

    /// Reads `3.43688E+17`, `1.2e18` or `541815603606036480.0`; nil if it is not in this form or has neither a fraction
    /// nor an exponent.
    ///
    /// A comma in place of the point is taken for one only as spreadsheets write it, in `3,43688E+17` and before zeros
    /// alone: in other texts it separates the columns of a table.
    init?(_ text: String) {
        var reader = TextReader(text)
        isNegative = reader.peek("-")
        _ = reader.skip("-", "+")
        let whole = reader.digits()
        let hasComma = reader.peek(",")
        let hasPoint = reader.skip(".", ",")
        let fraction = hasPoint ? reader.digits() : ""
        let hasExponent = reader.skip("E", "e")
        let hasSign = reader.peek("+") || reader.peek("-")
        let exponent = hasExponent ? Self.readExponent(&reader) : 0
        guard let exponent, reader.isAtEnd, hasExponent || !fraction.isEmpty, !(whole + fraction).isEmpty else {
            return nil
        }
        mayBeTwoValues = hasComma && !hasExponent
        if hasComma {
            let isScientific = hasExponent && hasSign && whole.count == 1 && !fraction.isEmpty
            let isThousands = whole.count <= 3 && fraction.count == 3
            let isWhole = !hasExponent && !whole.isEmpty && !isThousands && fraction.allSatisfy { $0 == "0" }
            guard isScientific || isWhole else { return nil }
        }
        let digits = (whole + fraction).drop { $0 == "0" }
        digitCount = digits.isEmpty ? 0 : max(0, digits.count - fraction.count + exponent)
        hasFraction = digits.dropFirst(digitCount).contains { $0 != "0" }
        shownDigits = Substring(digits.prefix(digitCount))
    }

    private static func readExponent(_ reader: inout TextReader) -> Int? {
        let isNegative = reader.peek("-")
        _ = reader.skip("-", "+")
        let digits = reader.digits()
        guard !digits.isEmpty else { return nil }
        let magnitude = min(Int(digits) ?? .max, maximumExponent)
        return isNegative ? -magnitude : magnitude
    }

    /// More than a double has. A higher one is read as this.
    private static let maximumExponent = 1000
}

extension FloatingPointText: CustomStringConvertible {
    /// What the number has lost and what to do, as the rest of a sentence whose subject is the ID.
    var description: String {
        reason + (mayBeTwoValues ? " If the comma separates two values, give one of them." : "")
    }

    private var reason: String {
        let advice = "Export the column as text or as whole numbers, and take the ID from there."
        guard !hasFraction else { return "is a floating-point number with a fraction, and an ID has none. \(advice)" }
        guard digitCount <= 20 else {
            let count = digitCount > Self.maximumExponent ? "more than \(Self.maximumExponent)" : "\(digitCount)"
            return "is a floating-point number of \(count) digits, and an ID has at most 20. \(advice)"
        }
        let lost = digitCount - shownDigits.count
        guard lost == 0 else {
            return "is a floating-point number that shows \(shownDigits.count) of its \(digitCount) digits: the other "
                + "\(lost == 1 ? "one is" : "\(lost) are") lost (a double has 53 bits, 15 to 17 digits). \(advice)"
        }
        // Up to 2^53 a double holds every whole number.
        let number = UInt64(shownDigits.isEmpty ? "0" : shownDigits)
        if let number, number <= 1 << 53 {
            return "is a floating-point number: give it as the whole number \(isNegative ? "-" : "")\(number)."
        }
        return "is a floating-point number, in which the last of its \(digitCount) digits are rounded (a double has "
            + "53 bits, 15 to 17 digits). \(advice)"
    }
}
