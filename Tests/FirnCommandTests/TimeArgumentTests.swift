import FirnLayout
import Testing

@testable import firn

/// Times as arguments.
struct TimeArgumentTests {
    /// A Wednesday.
    private static let now = UTCTime(unixSeconds: 1_735_734_645, nanosecond: 250_000_000)

    @Test(arguments: [
        ("2025-01-01", "2025-01-01T00:00:00.000Z"),
        ("20250131", "2025-01-31T00:00:00.000Z"),
        ("2025-02", "2025-02-01T00:00:00.000Z"),
        ("2025-001", "2025-01-01T00:00:00.000Z"),
        ("2024-366", "2024-12-31T00:00:00.000Z"),
        ("2025060", "2025-03-01T00:00:00.000Z"),
        ("0000-03-01", "0000-03-01T00:00:00.000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("2025-01-01T01", "2025-01-01T01:00:00.000Z"),
        ("2025-01-01T01:02", "2025-01-01T01:02:00.000Z"),
        ("2025-01-01t01:02:03", "2025-01-01T01:02:03.000Z"),
        ("2025-01-01 01:02:03.5", "2025-01-01T01:02:03.500Z"),
        ("2025-01-01T01:02:03,123456789Z", "2025-01-01T01:02:03.123456789Z"),
        ("20250101T000000Z", "2025-01-01T00:00:00.000Z"),
        ("20250101T0102", "2025-01-01T01:02:00.000Z"),
        ("2025001T010203,25z", "2025-01-01T01:02:03.250Z"),
        ("20250101 23+01", "2025-01-01T22:00:00.000Z"),
        ("2025-01-01T00:00+01:00", "2024-12-31T23:00:00.000Z"),
        ("2025-01-01T00:00-0130", "2025-01-01T01:30:00.000Z"),
        ("2025-01-01 00:00:00 +05:30", "2024-12-31T18:30:00.000Z"),
        ("2025-01-01 00:00:00 UTC", "2025-01-01T00:00:00.000Z"),
        ("2025-01-01T00:00:00-00:00", "2025-01-01T00:00:00.000Z"),
        ("@1735689600", "2025-01-01T00:00:00.000Z"),
        ("@1735689600.000001", "2025-01-01T00:00:00.000001Z"),
        ("@0,5", "1970-01-01T00:00:00.500Z"),
        ("@-1", "1969-12-31T23:59:59.000Z"),
        ("@-1.25", "1969-12-31T23:59:58.750Z"),
        ("now", "2025-01-01T12:30:45.250Z"),
        ("today", "2025-01-01T00:00:00.000Z"),
        ("yesterday", "2024-12-31T00:00:00.000Z"),
        ("tomorrow", "2025-01-02T00:00:00.000Z"),
        ("now-90min", "2025-01-01T11:00:45.250Z"),
        ("-1h", "2025-01-01T11:30:45.250Z"),
        ("+45s", "2025-01-01T12:31:30.250Z"),
        ("today-7d", "2024-12-25T00:00:00.000Z"),
        ("yesterday+2w", "2025-01-14T00:00:00.000Z"),
        (" -1h ", "2025-01-01T11:30:45.250Z"),
    ])
    func reads(text: String, expected: String) throws {
        #expect(try UTCTime(argument: text, now: Self.now).description == expected)
    }

    @Test(arguments: [
        ("", "at its end: there is none"),
        ("2025", "at its end: a hyphen"),
        ("2025-", "at its end: the month"),
        ("2025-13-01", #"at character 6, "13-01": the month is 01 to 12"#),
        ("2025-1-1", #"at character 6, "1-1": the month"#),
        ("20251301", #"at character 5, "1301": the month"#),
        ("2025-02-29", #"at character 9, "29": the day is 01 to 28"#),
        ("2025-366", #"character 6, "366": the day of the year"#),
        ("2025-W01-1", #"character 6, "W01-1": weeks"#),
        ("1735689600", #"character 1, "1735689600": a date"#),
        ("25-01-01", "four digits"),
        ("2025-01T00:00", #"character 8, "T00:00": a day"#),
        ("2025-01-01Z", #"character 11, "Z": T and a time"#),
        ("2025-01-01T", "at its end: the hour"),
        ("2025-01-01T24:00", #"character 12, "24:00": the hour is 00 to 23"#),
        ("2025-01-01T23:60", #"character 15, "60": the minute"#),
        ("2025-01-01T23:59:60Z", #"character 18, "60Z": the second"#),
        ("2025-01-01T23:5", #"character 15, "5": the minute"#),
        ("2025-01-01T00:00.5", #"character 17, ".5": Z or a zone"#),
        ("2025-01-01T00:00:00.Z", #"character 21, "Z": one to nine"#),
        ("@1.1234567890", #"character 13, "0": a fraction"#),
        ("2025-01-01T00:00:00 CET", #"character 21, "CET": Z or a zone"#),
        ("2025-01-01T00:00+1", #"character 18, "1": a zone's hours"#),
        ("2025-01-01T00:00+01:60", #"character 21, "60": a zone's minutes"#),
        ("2025-01-01T00:00Z+1", #"character 18, "+1": nothing"#),
        ("@", "at its end: Unix seconds"),
        ("@soon", #"character 2, "soon": Unix seconds"#),
        ("@9007199254740992", "2^53"),
        ("soon", #"character 1, "soon": a date"#),
        ("now-", "at its end: a number"),
        ("now-1", "at its end: s, min"),
        ("now-1m", #"character 6, "m": s, min, h, d or w"#),
        ("now 1h", #"character 4, " 1h": an offset"#),
        ("-1hour", #"character 4, "our": nothing more"#),
        ("now-1000000000s", #"character 5, "1000000000s": a number"#),
        ("２０２５-01-01", "character 1"),
    ])
    func saysWhereItCannotRead(text: String, hint: String) {
        #expect {
            try UTCTime(argument: text, now: Self.now)
        } throws: { error in
            let refusal = error as? Refusal
            return refusal?.exitCode == .usage && refusal?.message.contains(hint) == true
        }
    }

    /// The strict form of the library and the command's agree on what both read.
    @Test(arguments: [Int64(0), 951_782_400, 1_709_164_800, 4_102_444_799, 253_402_300_799])
    func agreesWithRFC3339(seconds: Int64) throws {
        let time = UTCTime(unixSeconds: seconds, nanosecond: 120_000_000)
        #expect(try UTCTime(argument: "\(time)") == time && UTCTime(parsing: "\(time)") == time)
    }

    @Test(
        arguments: [
            ("@1577836800000", "If it is in milliseconds, give @1577836800.000."),
            (" @157783680012", "If it is in milliseconds, give @157783680.012."),
            ("@1577836800123456", "If it is in microseconds, give @1577836800.123456."),
            ("@1577836800123456789", "If it is in nanoseconds, give @1577836800.123456789."),
            ("@1577836800", nil), ("@99999999999", nil), ("@15778368001234", nil), ("1577836800000", nil), ("@", nil),
            ("@1577836800.0000", nil), ("@-577836800000", nil),
        ] as [(String, String?)]
    )
    func smallerUnitsThanSecondsAreSaid(text: String, advice: String?) {
        let note = UTCTime.note(onArgument: text)
        #expect((note == nil) == (advice == nil) && note?.hasSuffix(advice ?? "") != false, "\(note ?? "none")")
    }

    @Test func nanosecondsAreRefusedWithTheSameAdvice() {
        let error = #expect(throws: Refusal.self) { try UTCTime(argument: "@1577836800123456789") }
        #expect(error?.message.hasSuffix(" If it is in nanoseconds, give @1577836800.123456789.") == true)
    }
}
