import FirnLayout
import FirnTestSupport
import Testing

@Suite struct IDFormatTests {
    /// The texts of 0, 2^63 and 2^64 - 1 in every format, computed apart from this code.
    static let examples: [(format: IDFormat, zero: String, half: String, highest: String)] = [
        (.decimal, "0", "9223372036854775808", "18446744073709551615"),
        (.hex, "0", "8000000000000000", "ffffffffffffffff"),
        (.base32, "0", "8000000000000", "FZZZZZZZZZZZZ"),
        (.base58, "1", "NQm6nKp8qFD", "jpXCZedGfVQ"),
        (.decimalFixed, "00000000000000000000", "09223372036854775808", "18446744073709551615"),
        (.hexFixed, "0000000000000000", "8000000000000000", "ffffffffffffffff"),
        (.base32Fixed, "0000000000000", "8000000000000", "FZZZZZZZZZZZZ"),
        (.base58Fixed, "11111111111", "NQm6nKp8qFD", "jpXCZedGfVQ"),
    ]

    @Test(arguments: examples)
    func examplesAreWrittenAndRead(format: IDFormat, zero: String, half: String, highest: String) throws {
        for (text, value) in [(zero, 0), (half, UInt64(1) << 63), (highest, UInt64.max)] {
            #expect(FirnID(rawValue: value).formatted(format) == text)
            #expect(try FirnID(parsing: text, format: format).rawValue == value)
        }
        #expect(format.maximumWidth == highest.count)
    }

    @Test func everyFormatHasANameAndAnExample() {
        #expect(Set(Self.examples.map(\.format)) == Set(IDFormat.allCases))
        for format in IDFormat.allCases {
            #expect(IDFormat(name: format.name) == format)
            #expect(format.isFixedWidth == format.name.hasSuffix("-fixed"))
        }
        #expect(IDFormat(name: "hex-fixed") == .hexFixed)
        #expect(IDFormat(name: "base64") == nil)
    }

    @Test(arguments: IDFormat.allCases, seeds)
    func everyIDComesBackFromItsText(format: IDFormat, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let id = FirnID(rawValue: generator.number(upTo: .max))
            let text = id.formatted(format)
            #expect(try FirnID(parsing: text, format: format) == id)
            #expect(format.isFixedWidth ? text.utf8.count == format.maximumWidth : text.count <= format.maximumWidth)
        }
    }

    @Test(arguments: IDFormat.allCases.filter(\.isFixedWidth), seeds)
    func fixedWidthTextsSortByteByByteAsTheNumbersDo(format: IDFormat, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let ids = (0..<40).map { _ in FirnID(rawValue: generator.number(upTo: .max)) }.sorted()
        let neighbours = ids.map { FirnID(rawValue: $0.rawValue ^ 1) }
        for (lower, higher) in Array(zip(ids, ids.dropFirst())) + Array(zip(ids, neighbours)) where lower < higher {
            #expect(
                lower.formatted(format).utf8.lexicographicallyPrecedes(higher.formatted(format).utf8),
                "\(lower) before \(higher)"
            )
        }
    }

    @Test func crockfordsLookalikesAndCasesAreRead() throws {
        #expect(try FirnID(parsing: "iIlLoO1", format: .base32) == FirnID(parsing: "1111001", format: .base32))
        #expect(try FirnID(parsing: "fzzzzzzzzzzzz", format: .base32).rawValue == .max)
    }

    @Test func hexTakesAPrefixAndBothCases() throws {
        for text in ["0xdeadBEEF", "0XDEADbeef", "deadbeef", "00000000000000000000deadbeef"] {
            #expect(try FirnID(parsing: text, format: .hex).rawValue == 0xdead_beef)
        }
        #expect(try FirnID(parsing: "0x00000000deadbeef", format: .hexFixed).rawValue == 0xdead_beef)
    }

    /// Format, text, and what the message has to say.
    static let refusals: [(IDFormat, String, String)] = [
        (.decimal, "", "has no digits"),
        (.hex, "0x", "has no digits"),
        (.decimal, "18446744073709551616", "larger than 64 bits hold: the largest in decimal is 18446744073709551615"),
        (.decimal, "99999999999999999999999999", "larger than 64 bits"),
        (.hex, "10000000000000000", "the largest in hex is ffffffffffffffff"),
        (.base32, "G000000000000", "the largest in base32 is FZZZZZZZZZZZZ"),
        (.base58, "jpXCZedGfVR", "the largest in base58 is jpXCZedGfVQ"),
        (.decimal, "12a4", #""a" as character 3, which is no digit of decimal: its digits are 0123456789"#),
        (.decimal, "-1", #""-" as character 1"#),
        (.decimal, "1 ", #"" " as character 2"#),
        (.decimal, "１", #""１" as character 1"#),
        (.decimal, "1\u{301}", "as character 2"),
        (.hex, "0x0x1", #""x" as character 4"#),
        (.base32, "1U", #""U" as character 2"#),
        (.base32, "1-1", #""-" as character 2"#),
        (.base58, "10", #""0" as character 2"#),
        (.base58, "l", #""l" as character 1"#),
        (.hexFixed, "ff", "has 2 digits and hex-fixed has 16"),
        (.base58Fixed, "111111111111", "has 12 digits and base58-fixed has 11"),
    ]

    @Test(arguments: refusals)
    func otherTextsAreRefusedWithTheReason(format: IDFormat, text: String, reason: String) throws {
        let error = try #require(throws: LayoutError.self) { try FirnID(parsing: text, format: format) }
        #expect(error.code == .invalidID)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test func aHostileTextNeitherFloodsNorBreaksTheMessage() throws {
        let text = "\u{1b}[31m\n" + String(repeating: "x", count: 100_000)
        let error = try #require(throws: LayoutError.self) { try FirnID(parsing: text) }
        #expect(error.message.utf8.count < 400)
        #expect(!error.message.unicodeScalars.contains { $0.value < 32 })
    }
}
