import FirnLayout
import FirnTestSupport
import Testing

/// What the message says of a text that is no ID of the format, beside what is wrong with it.
@Suite struct InvalidIDTests {
    private func message(_ text: String, _ format: IDFormat) throws -> String {
        try #require(throws: LayoutError.self) { try FirnID(parsing: text, format: format) }.message
    }

    /// Format, text, and parts of the message.
    static let hints: [(IDFormat, String, [String])] = [
        // Rows of bwmarrin/snowflake bc74ab2.
        (
            .decimal, "5Wj8yQ8QrH2",
            [
                #""W" as character 2"#, "base58 (", "base58-flickr (2126632240690500159)", "base62 (",
                "base62-lower-first (", "give the format",
            ]
        ),
        (.decimal, "b5y4oafiryrt9", ["base32-z (2126632240690500159)", "base32 (12896198630227010377)"]),
        (.decimal, "0xff", [#""x" as character 2"#, " It is an ID in hex (255): give the format"]),
        (.base58, "0XfF", [" It is an ID in hex (255): give the format"]),
        // A form with a fixed width, and one that lacks its zeros.
        (.decimal, "00000000075bcd15", ["ID in hex or hex-fixed (123456789), "]),
        (.decimal, "1111NQm6nKp", ["base58 or base58-fixed (", "base58-flickr ("]),
        (.base58, "00000000000000000005", ["ID in decimal or decimal-fixed (5), hex (5), "]),
        (.decimalFixed, "5", ["has 1 digit and decimal-fixed has 20", " It is an ID in decimal (5), hex (5), "]),
        (.base58Fixed, "5Wj8", [" It is an ID in base58 (", "base58-flickr ("]),
        (.hexFixed, "0xff", [" It is an ID in hex (255): give the format that it was written in."]),
        // Within other text.
        (
            .decimal, "id=541815603606036480",
            ["its digits are 0123456789. It holds the number 541815603606036480: give that alone."]
        ),
        (
            .decimal, "https://example.org/posts/541815603606036480?page=2",
            [" It holds the number 541815603606036480: give"]
        ),
        (
            .decimal, "https://example.org/a/b/c/d/e/f/g/h/i/j/k/l/m/posts/541815603606036480",
            [" It holds the number 5418"]
        ),
        (
            .decimal, "https://discord.com/channels/80351110224678912/175928847299117063/541815603606036480",
            [" It holds the numbers 80351110224678912, 175928847299117063 and 541815603606036480: give one of them."]
        ),
        (.decimal, "id=-541815603606036480", [" It holds the number -541815603606036480: give that alone."]),
        (.decimal, "order-541815603606036480", [" It holds the number 541815603606036480: give that alone."]),
        (.base58, "zzzzzzzzzzz", ["the largest in base58", "base58-flickr (", "base36 ("]),
        // Excel's, Go's %v and Python's repr of a double, and pandas' to_csv of a column with an empty cell.
        (.decimal, "3.43688E+17", ["shows 6 of its 18 digits: the other 12 are lost", "53 bits", "as text"]),
        (.decimal, "3,43688E+17", ["shows 6 of its 18 digits"]),
        (.decimal, "1.2345678901234568e18", ["shows 17 of its 19 digits: the other 2 are lost"]),
        (.decimal, "1.23456789012345678e+18", ["shows 18 of its 19 digits: the other one is lost"]),
        (.decimal, "-8.0E+18", ["shows 2 of its 19 digits"]),
        (.decimal, "541815603606036480.0", ["the last of its 18 digits are rounded"]),
        (.decimal, "5.41815603606036480e17", ["the last of its 18 digits are rounded"]),
        (.decimal, "9007199254740992.0", ["as the whole number 9007199254740992."]),
        (.decimal, "9007199254740993.0", ["the last of its 16 digits are rounded"]),
        (.decimal, "1E+400000000", ["is a floating-point number of more than 1000 digits, and an ID has at most 20"]),
        (.decimal, "1e99999999999999999999999", ["of more than 1000 digits"]),
        (.decimal, "1e-99999999999999999999999", ["with a fraction"]),
        (.decimal, "541815603606036480,0", ["are rounded", "If the comma separates two values, give one of them."]),
        (.decimal, "541815603606036480,000", ["are rounded", "If the comma separates two values, give one of them."]),
        (.decimal, "7,0", ["as the whole number 7. If the comma separates two values, give one of them."]),
        (.decimal, "0.0", ["as the whole number 0."]),
        (.decimal, "12.5", ["with a fraction"]),
        (.decimal, ".5", ["with a fraction"]),
        (.decimal, "1e30", ["of 31 digits, and an ID has at most 20"]),
        (.decimal, "1E17", ["shows 1 of its 18 digits", "hex (7703)"]),
        (.decimalFixed, "3.43688E+17", ["shows 6 of its 18 digits"]),
        // Separators and quotes.
        (.decimal, "541,815,603,606,036,480", [#"Remove "," and give 541815603606036480."#]),
        (.decimal, "541.815.603.606.036.480", [#"Remove "." and give 541815603606036480."#]),
        (.decimal, "541_815_603_606_036_480", [#"Remove "_" and give 541815603606036480."#]),
        (.decimal, "'541815603606036480'", [#"Remove "\'" and give 541815603606036480."#]),
        (.decimal, #""541_815","#, [#"Remove "\"" and "," and "_" and give 541815."#]),
        (.decimal, "-17.", [#"Remove "." and give -17."#]),
        (.decimal, "541815603606036480,", [#"Remove "," and give 541815603606036480."#]),
        (.decimal, "1_2345", [#"Remove "_" and give 12345."#]),
        (.hex, "0xff_ff", [#"Remove "_" and give 0xffff."#]),
        (.decimal, "-8’000’000’000’000’000’000", [#"Remove "’" and give -8000000000000000000."#]),
        (.decimal, "\u{2212}1\u{2009}000", ["and give -1000."]),
        (.decimal, "541\u{202f}815", ["and give 541815."]),
        (.decimal, "+1", [#"Remove "+" and give 1."#]),
        (.decimal, "1 ", [#"Remove " " and give 1."#]),
        (.decimal, "\u{2212}1", [#"Write the minus as "-" and give -1."#]),
        (.decimal, "[1]", [#"Remove "[" and "]" and give 1."#]),
        (.base58, "(NQm6nKp8qFD)", ["and give NQm6nKp8qFD."]),
        // Other kinds of ID.
        (.decimal, "01M8P3V2F5JKHWQDMKYGJ2EFR0", ["is a ULID, of 128 bits: its time is 2026-11-30T11:36:00.229Z"]),
        (.base32, "01M8P3V2F5JKHWQDMKYGJ2EFR0", ["is a ULID, of 128 bits", "IDs of 64 bits"]),
        (.decimal, "6b0d5fa06cc24948e05bf843", ["is an ObjectId, of 96 bits: its time is 2026-11-30T11:36:00.000Z"]),
        (.hex, "6b0d5fa06cc24948e05bf843", ["is an ObjectId, of 96 bits"]),
        (.decimal, "2a689b0b-38fa-44be-b08c-426d29c33eff", ["is a UUIDv4, of 128 bits: it has no time."]),
        // PyPI snowflake-utils 0.1.3 and short-unique-id 0.3.0.
        (.decimal, "7533131717344051089409", ["73 bits", "snowflake-utils 0.1.3", "2026-11-30T11:36:00.234082Z"]),
        (.decimal, "1171568080637373972481", ["70 bits", "short-unique-id 0.3.0", "2026-11-30T11:36:00.239Z"]),
        (.decimal, "18446744073709551616", ["the largest in decimal is 18446744073709551615", "it has 65 bits."]),
        (
            .decimal, "340282366920938463463374607431768211456",
            ["is larger than 64 bits hold: the largest in decimal is 18446744073709551615"]
        ),
    ]

    /// Texts of several values, and how many they are. Nothing is put together to one ID.
    @Test(
        arguments: [
            ("1,2", 2), ("a;b", 2), ("541815603606036480,7", 2), ("1541815603606036480,5,abc", 3), ("12,5", 2),
            ("12,E5", 2), ("3,43688E17", 2), ("33,43688E+17", 2), ("1234 567", 2), ("123 45", 2), ("1|2", 2),
            ("123\t456", 2), ("123;456", 2), ("[1,2, 3]", 3), (#""1" "2""#, 2), ("1,234;567", 3), ("1,234,56", 3),
            ("1234,567,890", 3), ("the ID 5", 3), ("1, 2", 2), ("id=5 worker=7", 2), (",1,,2,", 2),
            ("541815603606036480,2026-11-30T11:36:00.229Z,a name that is longer than IDs are", 3), ("5\ta,b c", 2),
        ]
    )
    func severalValuesAreCounted(text: String, count: Int) throws {
        let message = try message(text, .decimal)
        #expect(message.hasSuffix(" It holds \(count) values: give one."), "\(message)")
        #expect(!message.contains("emove"), "\(message)")
    }

    /// Two groups with a comma or a space are either.
    @Test(arguments: [("12,345", ",", "12345"), ("123 456", " ", "123456"), ("'-541 815'", " ", "-541815")])
    func twoGroupsMayBeANumber(text: String, separator: String, number: String) throws {
        let message = try message(text, .decimal)
        #expect(message.contains("It holds 2 values: give one, or if they are one number remove "), "\(message)")
        #expect(message.hasSuffix("\"\(separator)\" and give \(number)."), "\(message)")
    }

    @Test(arguments: ["1__2", "_12", "1,,234", "1_2,345", "12 ,", "1.234.56"])
    func whatIsNoNumberWithSeparatorsIsNotOne(text: String) throws {
        let message = try message(text, .decimal)
        #expect(!message.contains("and give 12345.") && !message.contains("give 1234"), "\(message)")
    }

    @Test(arguments: hints)
    func theMessageSaysWhatTheTextIs(format: IDFormat, text: String, parts: [String]) throws {
        let message = try message(text, format)
        for part in parts { #expect(message.contains(part), "\(part): \(message)") }
        #expect(message.hasSuffix("."))
    }

    @Test func anAdviceThatIsFollowedGivesAnID() throws {
        for text in ["541,815,603,606,036,480", "\"-8000000000000000000\"", "\u{2212}1", "1\u{a0}000"] {
            let message = try message(text, .decimal)
            let given = try #require(message.split(separator: " ").last?.dropLast())
            _ = try FirnID(parsing: String(given))
        }
    }

    /// Digits that differ in one way each from those of a format, and numbers that are no one ID.
    @Test(
        arguments: [
            (IDFormat.decimal, "abc!"), (.decimal, "№5"), (.hex, "xyz!"), (.base62, "ä"), (.decimal, "id=541815603606"),
            (.decimal, "id=" + (1...6).map { "54181560360603648\($0)" }.joined(separator: "/")),
            (.decimal, "id=99999999999999999999"),
            (.hex, "id=541815603606036480"),
        ]
    )
    func whatIsAnIDInNoFormatGetsNoHint(format: IDFormat, text: String) throws {
        let message = try message(text, format)
        #expect(message.hasSuffix("its digits are \(format.digits)."), "\(message)")
    }

    @Test func anErrorNamesTheOptionWhereItAsksForTheFormat() throws {
        let named = { (text: String, format: IDFormat) throws -> String in
            let error = try #require(throws: LayoutError.self) { try FirnID(parsing: text, format: format) }
            return error.naming("--format", forText: text, in: format).message
        }
        #expect(
            try named("0xff", .decimal).hasSuffix(": give the format that it was written in, as with --format hex.")
        )
        #expect(try named("5", .hexFixed).hasSuffix(", as with --format hex."))
        #expect(try named("ab!", .decimal).hasSuffix("its digits are 0123456789."))
        #expect(try named("1 2", .decimal).hasSuffix("It holds 2 values: give one."))
    }

    @Test(arguments: IDFormat.allCases.filter { !$0.isFixedWidth }, seeds)
    func aFormatIsAmongThoseThatReadItsTexts(format: IDFormat, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let text = FirnID(rawValue: generator.number(upTo: .max)).formatted(format)
            let formats = IDFormat.formats(reading: text)
            #expect(formats.contains(format))
            for other in IDFormat.allCases where !other.isFixedWidth {
                #expect(formats.contains(other) == ((try? FirnID(parsing: text, format: other)) != nil))
            }
        }
        #expect(IDFormat.formats(reading: "").isEmpty && IDFormat.formats(reading: "-1") == [.decimal])
        #expect(IDFormat.formats(reading: "0xf").contains(.hex))
    }

    @Test(
        arguments: [
            (.base58, "5Wj8yQ8QrH2", ["base58 (", "base58-flickr (2126632240690500159)"]),
            (.base58Flickr, "5Wj8yQ8QrH2", ["base58-flickr (2126632240690500159), which was taken", "base58 ("]),
            (.base58Fixed, "5Wj8yQ8QrH2", ["base58-flickr (2126632240690500159)"]),
            (.base62, "2x5ZTaNFvJl", ["base62-lower-first (2126632240690500159)"]),
            (.base32Z, "b5y4oafiryrt9", ["base32-z (2126632240690500159), which", "base32 ("]),
            (.base32, "b5y4oa", ["base32-z ("]), (.base32Sortable, "3jzfcijpj2z2a", ["base32 ("]),
            (.base32Sortable, "a3", ["base32 (323)", "base32-z (793)"]),
            (.base62, "12345", []), (.base58, "11", []), (.decimal, "12345", []), (.hex, "ff", []), (.base36, "zz", []),
            (.base58, "0", []),
        ] as [(IDFormat, String, [String])]
    )
    func aNoteTellsFormatsOfTheSameBase(format: IDFormat, text: String, parts: [String]) throws {
        let note = format.note(onReading: text)
        #expect((note == nil) == parts.isEmpty, "\(note ?? "none")")
        for part in parts { #expect(try #require(note).contains(part), "\(note ?? "none")") }
    }

    @Test(arguments: seeds)
    func anyTextGetsAShortMessage(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let scalars = "0123456789abcdefXYZz-+.,eE'\" _{}\u{0}\u{7f}é１\u{301}\u{2212}🙂".unicodeScalars
        let characters = scalars.map(Character.init)
        let highest = UInt64(characters.count - 1)
        for _ in 0..<8 {
            let length = generator.number(upTo: 70)
            let text = String((0..<length).map { _ in characters[Int(generator.number(upTo: highest))] })
            for format in IDFormat.allCases {
                do {
                    _ = try FirnID(parsing: text, format: format)
                } catch {
                    #expect(error.code == .invalidID && error.message.utf8.count < 2048)
                    #expect(!error.message.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }, "\(error)")
                }
            }
        }
    }
}
