/// Reads an ASCII text from its start, part by part.
struct TextReader {
    private var rest: Substring.UTF8View

    init(_ text: some StringProtocol) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The number of characters that have not been read.
    var count: Int { rest.count }

    /// The part that has not been read.
    var remainder: String { String(Substring(rest)) }

    func peek(_ character: Unicode.Scalar) -> Bool {
        rest.first == UInt8(ascii: character)
    }

    /// Reads one character if it is one of these.
    mutating func skip(_ characters: Unicode.Scalar...) -> Bool {
        guard characters.contains(where: peek) else { return false }
        rest.removeFirst()
        return true
    }

    /// Reads as many decimal digits as there are, possibly none.
    mutating func digits() -> Substring {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return Substring(digits)
    }

    /// Reads as many of a to z as there are, possibly none.
    mutating func lowerCaseLetters() -> Substring {
        let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        rest = rest[letters.endIndex...]
        return Substring(letters)
    }

    /// Reads up to a character, which stays, or to the end.
    mutating func text(before character: Unicode.Scalar) -> String {
        let text = rest.prefix { $0 != UInt8(ascii: character) }
        rest = rest[text.endIndex...]
        return String(Substring(text))
    }

    /// Reads exactly `count` decimal digits; reads nothing if there are more or fewer.
    mutating func number(ofDigits count: Int) -> Int64? {
        let before = rest
        let digits = digits()
        guard digits.count == count, let number = Int64(digits) else {
            rest = before
            return nil
        }
        return number
    }
}
