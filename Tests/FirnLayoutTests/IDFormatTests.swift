import FirnLayout
import FirnTestSupport
import Testing

@Suite struct IDFormatTests {
    /// The texts of 0, 2^63 and 2^64 - 1 in every format, computed apart from this code: base58-flickr by PyPI base58
    /// 2.1.1 with bwmarrin's alphabet, base62 by PyPI pybase62 1.0.0, base62-lower-first by Go 1.19's `big.Int.Text(62)`,
    /// base36 by Go 1.19's `big.Int.Text(36)`, base32-z and base32-sortable by the algorithm in Python.
    static let examples: [(format: IDFormat, zero: String, half: String, highest: String)] = [
        (.decimal, "0", "9223372036854775808", "18446744073709551615"),
        (.hex, "0", "8000000000000000", "ffffffffffffffff"),
        (.base32, "0", "8000000000000", "FZZZZZZZZZZZZ"),
        (.base58, "1", "NQm6nKp8qFD", "jpXCZedGfVQ"),
        (.base58Flickr, "1", "npL6MjP8Qfd", "JPwcyDCgEup"),
        (.base32Z, "y", "eyyyyyyyyyyyy", "x999999999999"),
        (.base62, "0", "AzL8n0Y58m8", "LygHa16AHYF"),
        (.base62LowerFirst, "0", "aZl8N0y58M8", "lYGhA16ahyf"),
        (.base36, "0", "1y2p0ij32e8e8", "3w5e11264sgsf"),
        (.base32Sortable, "2", "c222222222222", "jzzzzzzzzzzzz"),
        (.decimalFixed, "00000000000000000000", "09223372036854775808", "18446744073709551615"),
        (.hexFixed, "0000000000000000", "8000000000000000", "ffffffffffffffff"),
        (.base32Fixed, "0000000000000", "8000000000000", "FZZZZZZZZZZZZ"),
        (.base58Fixed, "11111111111", "NQm6nKp8qFD", "jpXCZedGfVQ"),
        (.base62Fixed, "00000000000", "AzL8n0Y58m8", "LygHa16AHYF"),
        (.base36Fixed, "0000000000000", "1y2p0ij32e8e8", "3w5e11264sgsf"),
        (.base32SortableFixed, "2222222222222", "c222222222222", "jzzzzzzzzzzzz"),
    ]

    /// Texts that others wrote: github.com/bwmarrin/snowflake bc74ab2 (run with Go 1.19), PyPI pybase62 1.0.0 and
    /// resource-id 1.6.0, Go 1.19's `math/big` and `strconv`, the example in atproto.com/specs/tid.
    static let foreign: [(format: IDFormat, text: String, id: UInt64)] = [
        (.base58Flickr, "5Wj8yQ8QrH2", 2_126_632_240_690_500_159), (.base58Flickr, "Z", 57),
        (.base58Flickr, "21", 58), (.base58Flickr, "z", 33), (.base58Flickr, "npL6MjP8Qfc", 9_223_372_036_854_775_807),
        (.base32Z, "b5y4oafiryrt9", 2_126_632_240_690_500_159), (.base32Z, "9", 31), (.base32Z, "by", 32),
        (.base32Z, "8999999999999", 9_223_372_036_854_775_807),
        (.base62, "2X5ztAnfVjL", 2_126_632_240_690_500_159), (.base62, "V", 31), (.base62, "z", 61),
        (.base62LowerFirst, "2x5ZTaNFvJl", 2_126_632_240_690_500_159), (.base62LowerFirst, "v", 31),
        (.base62LowerFirst, "Z", 61),
        (.base36, "g5no7o9lta9r", 2_126_632_240_690_500_159), (.base36, "1p", 61), (.base36, "1P", 61),
        (.base32Sortable, "3jzfcijpj2z2a", 1_728_652_679_052_295_174), (.base32Sortable, "z", 31),
    ]

    @Test(arguments: foreign)
    func textsOfOtherPackagesAreRead(format: IDFormat, text: String, id: UInt64) throws {
        #expect(try FirnID(parsing: text, format: format).rawValue == id)
        #expect(FirnID(rawValue: id).formatted(format) == (format == .base36 ? text.lowercased() : text))
    }

    @Test func aTIDHas13Digits() throws {
        let tid = try FirnID(parsing: "3jzfcijpj2z2a", format: .base32SortableFixed)
        #expect(tid.rawValue >> 10 == 1_688_137_381_887_007, "microseconds since 1970")
        #expect(tid.formatted(.base32SortableFixed) == "3jzfcijpj2z2a")
    }

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

    @Test func negativeDecimalsAreTwosComplement() throws {
        for (text, value) in [
            ("-1", UInt64.max), ("-8000000000000000000", 10_446_744_073_709_551_616),
            ("-9223372036854775808", 1 << 63), ("-0042", .max - 41), ("-0", 0),
        ] {
            #expect(try FirnID(parsing: text).rawValue == value, "\(text)")
        }
    }

    @Test(arguments: seeds)
    func aSignedColumnShowsTheSameID(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let number = generator.number(upTo: .max)
            #expect(try FirnID(parsing: "\(Int64(bitPattern: number))").rawValue == number)
        }
    }

    @Test func fixedWidthIsForDigitsThatAscend() {
        for format in IDFormat.allCases {
            let digits = Array(format.digits.utf8)
            #expect(Set(digits).count == digits.count)
            #expect(!format.isFixedWidth || digits == digits.sorted(), "\(format)")
        }
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
        (.decimal, "-", "has no digits"),
        (.decimal, "--1", #""-" as character 2"#),
        (.decimal, "-9223372036854775809", "give -9223372036854775808 to 18446744073709551615"),
        (.decimal, "-99999999999999999999999", "lower than 64 bits hold"),
        (.decimalFixed, "-0000000000000000001", #""-" as character 1"#),
        (.hex, "-1", #""-" as character 1"#),
        (.base58Flickr, "JPwcyDCgEuq", "the largest in base58-flickr is JPwcyDCgEup"),
        (.base58Flickr, "1l", #""l" as character 2, which is no digit of base58-flickr: its digits are 123456789abc"#),
        (.base32Z, "l", #""l" as character 1"#),
        (.base32Z, "YY", #""Y" as character 1"#),
        (.base32Sortable, "22221", #""1" as character 5"#),
        (.base62, "LygHa16AHYG", "the largest in base62 is LygHa16AHYF"),
        (.base62, "12_3", #""_" as character 3"#),
        (.base36, "3w5e11264sgsg", "the largest in base36 is 3w5e11264sgsf"),
        (.base32SortableFixed, "3jzfcijpj2z2", "has 12 digits and base32-sortable-fixed has 13"),
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
