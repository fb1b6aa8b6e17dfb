/// The digits of a positional number system, and how 64-bit numbers are written in it.
struct DigitAlphabet: Sendable {
    enum Reading: Equatable {
        case number(UInt64)
        case tooLarge
        case badDigit(at: String.Index)
    }

    /// ASCII, from zero up.
    let digits: [UInt8]
    /// Whether the digits ascend in ASCII, so that texts of one width sort as their numbers do.
    let ascends: Bool
    /// The number of digits of the largest 64-bit number.
    let width: Int

    /// For each byte its value as a digit, or `noDigit`.
    private let values: [UInt8]
    private static let noDigit: UInt8 = .max

    static let decimal = DigitAlphabet("0123456789")
    static let hex = DigitAlphabet("0123456789abcdef", ignoringCase: true)
    static let crockford = DigitAlphabet(
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        ignoringCase: true,
        aliases: ["I": "1", "L": "1", "O": "0"]
    )
    static let bitcoin = DigitAlphabet("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
    static let flickr = DigitAlphabet("123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ")
    static let zBase32 = DigitAlphabet("ybndrfg8ejkmcpqxot1uwisza345h769")
    static let base32Sortable = DigitAlphabet("234567abcdefghijklmnopqrstuvwxyz")
    /// Of no format for IDs: XIDs have it. Source: RFC 4648, section 7.
    static let extendedHex = DigitAlphabet("0123456789abcdefghijklmnopqrstuv")
    static let base36 = DigitAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", ignoringCase: true)
    static let base62 = DigitAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    static let base62LowerFirst = DigitAlphabet("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

    private init(_ text: String, ignoringCase: Bool = false, aliases: [String: String] = [:]) {
        digits = Array(text.utf8)
        ascends = zip(digits, digits.dropFirst()).allSatisfy(<)
        var values = [UInt8](repeating: Self.noDigit, count: 256)
        func read(_ spelling: String, as value: Int) {
            let spellings = ignoringCase ? [spelling.lowercased(), spelling.uppercased()] : [spelling]
            for byte in spellings.flatMap(\.utf8) { values[Int(byte)] = UInt8(value) }
        }
        for (value, digit) in text.enumerated() {
            read(String(digit), as: value)
            for (alias, meant) in aliases where meant == String(digit) { read(alias, as: value) }
        }
        self.values = values
        var width = 0
        var rest = UInt64.max
        while rest > 0 {
            rest /= UInt64(digits.count)
            width += 1
        }
        self.width = width
    }

    /// The number in this system: with as few digits as possible, or padded with zero digits to `width`.
    func text(of number: UInt64, padded: Bool) -> String {
        precondition(ascends || !padded, "the digits do not ascend, so texts of one width would not sort")
        let radix = UInt64(digits.count)
        var text = [UInt8](repeating: digits[0], count: width)
        var start = width
        var rest = number
        repeat {
            start -= 1
            text[start] = digits[Int(rest % radix)]
            rest /= radix
        } while rest > 0
        return String(decoding: padded ? text[...] : text[start...], as: UTF8.self)
    }

    /// The value of one digit; nil if it is none.
    func value(of digit: UInt8) -> Int? {
        let value = values[Int(digit)]
        return value == Self.noDigit ? nil : Int(value)
    }

    /// Reads all of `text`, which must not be empty. A bad digit is reported before a number that is too large.
    func value(of text: Substring.UTF8View) -> Reading {
        let radix = UInt64(digits.count)
        var number: UInt64 = 0
        var isTooLarge = false
        for index in text.indices {
            let value = values[Int(text[index])]
            guard value != Self.noDigit else { return .badDigit(at: index) }
            let (product, overflowed) = number.multipliedReportingOverflow(by: radix)
            let (sum, carried) = product.addingReportingOverflow(UInt64(value))
            isTooLarge = isTooLarge || overflowed || carried
            number = sum
        }
        return isTooLarge ? .tooLarge : .number(number)
    }
}

extension DigitAlphabet: CustomStringConvertible {
    var description: String { String(decoding: digits, as: UTF8.self) }
}
