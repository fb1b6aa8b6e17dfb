/// A floating-point number in decimal, as spreadsheets and data frames write a column of IDs.
struct FloatingPointText {
    /// The digits of the whole number that the text shows, without leading zeros.
    private let shownDigits: Substring
    /// How many digits the whole number has.
    private let digitCount: Int
    private let hasFraction: Bool
    private let isNegative: Bool

    /// Reads `3.43688E+17`, `1.2e18` or `541815603606036480.0`, with a point or a comma; nil if it is not in this form or
    /// has neither a fraction nor an exponent.
    init?(_ text: String) {
        var reader = TextReader(text)
        isNegative = reader.peek("-")
        _ = reader.skip("-", "+")
        let whole = reader.digits()
        let hasComma = reader.peek(",")
        let hasPoint = reader.skip(".", ",")
        let fraction = hasPoint ? reader.digits() : ""
        let hasExponent = reader.skip("E", "e")
        let exponent = hasExponent ? Self.readExponent(&reader) : 0
        guard let exponent, reader.isAtEnd, hasPoint || hasExponent, !(whole + fraction).isEmpty else { return nil }
        // A group of three after a comma is thousands.
        guard hasExponent || !hasComma || fraction.count != 3 else { return nil }
        let digits = (whole + fraction).drop { $0 == "0" }
        digitCount = digits.isEmpty ? 0 : max(0, digits.count - fraction.count + exponent)
        hasFraction = digits.dropFirst(digitCount).contains { $0 != "0" }
        shownDigits = Substring(digits.prefix(digitCount))
    }

    private static func readExponent(_ reader: inout TextReader) -> Int? {
        let isNegative = reader.peek("-")
        _ = reader.skip("-", "+")
        // The largest double has an exponent of three digits.
        guard let magnitude = Int(reader.digits()), magnitude < 1000 else { return nil }
        return isNegative ? -magnitude : magnitude
    }
}

extension FloatingPointText: CustomStringConvertible {
    /// What the number has lost and what to do, as the rest of a sentence whose subject is the ID.
    var description: String {
        let advice = "Export the column as text or as whole numbers, and take the ID from there."
        guard !hasFraction else { return "is a floating-point number with a fraction, and an ID has none. \(advice)" }
        guard digitCount <= 20 else {
            return "is a floating-point number of \(digitCount) digits, and an ID has at most 20. \(advice)"
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
