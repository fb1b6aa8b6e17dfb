import FirnLayout
import Testing

/// The whole message of a layout's text that is refused, and where it says that the text is wrong.
@Suite struct LayoutMessageTests {
    /// A text, and the message after the field that it names.
    static let messages: [(text: String, message: String)] = [
        // Numbers of bits.
        (
            "time:99999999999999999999ms",
            #""time:99999999999999999999ms" has 99999999999999999999 bits, and an ID has 64 in all: give fewer (character 6)."#
        ),
        ("time:65ms", #""time:65ms" has 65 bits, and an ID has 64 in all: give fewer (character 6)."#),
        (
            "time:41ms,worker:100",
            #""worker:100" has 100 bits, and an ID has 64 in all: give fewer (character 18)."#
        ),
        (
            "time:41ms,worker:\(String(repeating: "1", count: 45))",
            #""worker:\#(String(repeating: "1", count: 45))" has \#(String(repeating: "1", count: 40))… bits, and an ID has 64 in "#
                + "all: give fewer (character 18)."
        ),
        // Constants and reserved numbers of many bits.
        (
            "a:64=18446744073709551616",
            #""a:64=18446744073709551616" has "18446744073709551616" as the constant, which does not fit in 64 bits: give "#
                + "0 to 18446744073709551615 (character 6)."
        ),
        (
            "time:41ms,a:1=2",
            #""a:1=2" has "2" as the constant, which does not fit in 1 bit: give 0 to 1 (character 15)."#
        ),
        // Ticks.
        (
            "time:41x0ms",
            #""time:41x0ms" has a tick of 0ms, which is not between 1ns and a day, 24h: give one such as 1ms or 10ms "#
                + "(character 9)."
        ),
        (
            "time:41x99999999999999999999ms",
            #""time:41x99999999999999999999ms" has a tick of 99999999999999999999ms, which is not between 1ns and a day, "#
                + "24h: give one such as 1ms or 10ms (character 9)."
        ),
        (
            "worker:1,time:41x25h",
            #""time:41x25h" has a tick of 25h, which is not between 1ns and a day, 24h: give one such as 1ms or 10ms "#
                + "(character 18)."
        ),
        // Epochs.
        (
            "time:41ms@99999999999999999999999",
            #""time:41ms@99999999999999999999999" has the epoch 99999999999999999999999, which as milliseconds since 1970 "#
                + "is past the year 9999: give one up to 253402300799999 (character 11)."
        ),
        (
            "snowflake@253402300800000",
            #""snowflake@253402300800000" has the epoch 253402300800000, which as milliseconds since 1970 is past the year "#
                + "9999: give one up to 253402300799999 (character 11)."
        ),
        (
            "time:41ms@1577836800",
            #""time:41ms@1577836800" has the epoch 1577836800, which is 1970-01-19T06:17:16.800Z in milliseconds and "#
                + "2020-01-01T00:00:00Z in seconds: give the one that is meant (character 11)."
        ),
        (
            "snowflake@2020",
            #""snowflake@2020" has the epoch 2020, which is 1970-01-01T00:00:02.020Z in milliseconds, "#
                + "1970-01-01T00:33:40Z in seconds and 2020-01-01T00:00:00Z as a year: give the one that is meant (character 11)."
        ),
        (
            "time:41ms@20250131/floored",
            #""time:41ms@20250131/floored" has the epoch 20250131, which is 1970-01-01T05:37:30.131Z in milliseconds, "#
                + "1970-08-23T09:02:11Z in seconds and 2025-01-31T00:00:00Z as a day: give the one that is meant (character 11)."
        ),
        (
            "time:41ms@1577836800ms",
            #""time:41ms@1577836800ms" has the epoch "1577836800ms", which is 1970-01-19T06:17:16.800Z in milliseconds and "#
                + "2020-01-01T00:00:00Z in seconds: give the one that is meant (character 11)."
        ),
        (
            "time:41ms@1735689600000ms",
            #""time:41ms@1735689600000ms" has the epoch "1735689600000ms": give 2025-01-01T00:00:00Z (character 11)."#
        ),
        (
            "time:41ms@1735689600s",
            #""time:41ms@1735689600s" has the epoch "1735689600s": give 2025-01-01T00:00:00Z (character 11)."#
        ),
        // Sequence numbers.
        (
            "time:41ms,sequence:6/reserved=1-9/reserved=5-20",
            #""sequence:6/reserved=1-9/reserved=5-20" reserves the numbers 5 to 9 twice: give each number once (character "#
                + "44)."
        ),
        (
            "time:41ms,sequence:6/reserved=4/reserved=4-5",
            #""sequence:6/reserved=4/reserved=4-5" reserves the number 4 twice: give each number once (character 42)."#
        ),
        (
            "time:41ms,sequence:6/reserved=1-4/first=5",
            #""sequence:6/reserved=1-4/first=5" reserves the numbers 1 to 4, and the first number 5 leaves out all below it: "#
                + "leave out that option (character 31)."
        ),
        (
            "time:41ms,sequence:64/first=3/reserved=0",
            #""sequence:64/first=3/reserved=0" reserves the number 0, and the first number 3 leaves out all below it: leave "#
                + "out that option (character 40)."
        ),
    ]

    @Test(arguments: messages)
    func aFieldsMessageIsThis(text: String, message: String) throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.message == "The layout's field " + message)
    }

    /// What concerns several fields.
    static let wholeMessages: [(text: String, message: String)] = [
        (
            "time:41ms,a:10,b:14,c:1",
            "The widths add up to 66 bits (time 41 + a 10 + b 14 + c 1) and an ID has 64: make them 2 narrower; with b they "
                + "are too many (character 16)."
        ),
        (
            "worker:9,time:0ms",
            "The layout has no time: give it a time field of 1 bit or more, such as time:41ms (character 10)."
        ),
        ("worker:9", "The layout has no time: give it a time field of 1 bit or more, such as time:41ms."),
        (
            "sequence:64/reserved=0/reserved=18446744073709551615,time:1ms",
            "The widths add up to 65 bits (sequence 64 + time 1) and an ID has 64: make them 1 narrower; with time they are "
                + "too many (character 54)."
        ),
        ("time:41ms,,worker:10", "The layout has an empty field: leave out a comma (character 11)."),
        (",time:41ms", "The layout has an empty field: leave out a comma (character 1)."),
        ("time:41ms,", "The layout has an empty field: leave out a comma (character 10)."),
        ("time:41ms,,", "The layout has an empty field: leave out a comma (character 11)."),
    ]

    @Test(arguments: wholeMessages)
    func aLayoutsMessageIsThis(text: String, message: String) throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.message == message)
    }

    /// Days as people write them, and the epoch to give.
    @Test(
        arguments: [
            ("2025-01-01", "2025-01-01T00:00:00Z"), ("2025-1-1", "2025-01-01T00:00:00Z"),
            ("2025/01/01", "2025-01-01T00:00:00Z"), ("2025/1/31", "2025-01-31T00:00:00Z"),
            ("01.01.2025", "2025-01-01T00:00:00Z"), ("1.12.2025", "2025-12-01T00:00:00Z"),
            ("31/01/2025", "2025-01-31T00:00:00Z"), ("1/31/2025", "2025-01-31T00:00:00Z"),
            ("1/1/2025", "2025-01-01T00:00:00Z"), ("1/2/2025", nil), ("2025-13-01", nil), ("2025-02-29", nil),
            ("1969-12-31", nil), ("2025.1", nil), ("25-01-01", nil), ("2025--01", nil), ("2025-1-1-1", nil),
            ("1735689600000000us", "2025-01-01T00:00:00Z"), ("1735689600000001us", nil), ("99999999999999s", nil),
            ("482136h", "2025-01-01T00:00:00Z"),
        ] as [(String, String?)]
    )
    func aDayIsShownAsATime(text: String, epoch: String?) throws {
        for start in ["snowflake@", "time:41ms@"] {
            let error = try #require(throws: LayoutError.self) { try Layout(parsing: start + text) }
            #expect(error.message.hasSuffix("(character 11)."), "\(error)")
            if let epoch {
                #expect(
                    error.message.contains(#"has the epoch "\#(text)": give \#(epoch) (character 11)."#),
                    "\(error)"
                )
                _ = try Layout(parsing: start + epoch)
            } else {
                #expect(!error.message.contains(": give 2") && !error.message.contains(": give 1"), "\(error)")
            }
        }
    }

    /// Numbers that are seconds or a year are refused, and every epoch that a layout has is in its text in another form.
    @Test(arguments: [0, 1, 2020, 99_999_999_999, 100_000_000_000, 100_000_000_001, 253_402_300_799_999] as [UInt64])
    func epochsComeBackFromTheText(milliseconds: UInt64) throws {
        let layout = try Layout(
            timeBits: 41,
            workerBits: 10,
            sequenceBits: 9,
            tickNanoseconds: 1_000_000,
            epochUnixMilliseconds: milliseconds
        )
        for text in [layout.name, layout.specification, layout.sharedText, layout.description] {
            let again = try Layout(parsing: text)
            #expect(again == layout && again.epochUnixMilliseconds == milliseconds, "\(text)")
        }
        let isDoubtful = (1...100_000_000_000).contains(milliseconds)
        let given = try? Layout(parsing: "time:41ms@\(milliseconds),worker:10,sequence:9")
        #expect(given == (isDoubtful ? nil : layout))
    }

    @Test func ticksAreToldInTheirUnit() throws {
        let error = try #require(throws: LayoutError.self) {
            try Layout(
                timeBits: 1,
                workerBits: 0,
                sequenceBits: 0,
                tickNanoseconds: 90_000_000_000_000,
                epochUnixMilliseconds: 0
            )
        }
        #expect(error.message == "The tick of 25h is not between 1ns and a day, 24h: give one such as 1ms or 10ms.")
        let range = try #require(throws: LayoutError.self) {
            try Layout(parsing: "time:40x10ms@0").idRange(fromUnixMilliseconds: 1, to: 9)
        }
        #expect(range.message.contains("has ticks of 10ms, give a range at least as long."), "\(range)")
    }
}
