import FirnLayout
import FirnTestSupport
import Foundation
import Testing

@Suite struct UTCTimeTests {
    /// Seconds and nanoseconds, and the text. The dates past 9999 and before 0 are from the calendar's 400-year period.
    static let examples: [(seconds: Int64, nanosecond: Int64, text: String)] = [
        (0, 0, "1970-01-01T00:00:00.000Z"),
        (1_509_971_918, 940_000_000, "2017-11-06T12:38:38.940Z"),
        (1_509_971_918, 940_001_000, "2017-11-06T12:38:38.940001Z"),
        (1_509_971_918, 1, "2017-11-06T12:38:38.000000001Z"),
        (951_782_400, 0, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399, 0, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"),
        (-1, 999_000_000, "1969-12-31T23:59:59.999Z"),
        (-62_167_219_200, 0, "0000-01-01T00:00:00.000Z"),
        (253_402_300_799, 999_000_000, "9999-12-31T23:59:59.999Z"),
    ]

    @Test(arguments: examples)
    func examplesAreWrittenAndRead(seconds: Int64, nanosecond: Int64, text: String) throws {
        let time = UTCTime(unixSeconds: seconds, nanosecond: nanosecond)
        #expect(time.description == text)
        #expect(time.date == String(text.prefix(10)))
        #expect(try UTCTime(parsing: text) == time)
    }

    @Test func timesBeyondTheCalendarsTextAreWrittenStill() {
        #expect(UTCTime(unixSeconds: 253_402_300_800).description == "+10000-01-01T00:00:00.000Z")
        #expect(UTCTime(unixSeconds: -62_167_219_201).description == "-0001-12-31T23:59:59.000Z")
        #expect(UTCTime(unixSeconds: .max).date == "+292277026596-12-04")
        #expect("\(UTCTime(unixSeconds: .max))" == "+292277026596-12-04T15:30:07.000Z")
        #expect(UTCTime(unixSeconds: .min).description == "-292277022657-01-27T08:29:52.000Z")
        #expect(UTCTime(unixMilliseconds: .max).date == "+584556019-04-03")
    }

    @Test(arguments: seeds)
    func datesAreFoundations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let formatter = ISO8601DateFormatter()
        for _ in 0..<10 {
            let seconds = Int64(generator.next() % 253_402_300_800)
            let text = UTCTime(unixSeconds: seconds).description
            let date = try #require(formatter.date(from: text.replacingOccurrences(of: ".000Z", with: "Z")))
            #expect(Int64(date.timeIntervalSince1970) == seconds)
            #expect(try UTCTime(parsing: text).unixSeconds == seconds)
        }
    }

    @Test func everyDayOfAnEraFollowsTheDayBefore() throws {
        let firstDay: Int64 = -719_528  // 0000-01-01
        var last = UTCTime(unixSeconds: (firstDay - 1) * 86_400).date
        for day in firstDay..<(firstDay + 146_097 + 366) {
            let time = UTCTime(unixSeconds: day * 86_400)
            // Compared without the macro, which takes ten times as long as all else here.
            guard try UTCTime(parsing: time.description) == time, last < time.date || last.hasPrefix("-") else {
                Issue.record("\(time) after \(last)")
                break
            }
            last = time.date
        }
    }

    @Test func offsetsCasesAndFractionsAreRead() throws {
        let time = UTCTime(unixSeconds: 1_509_971_918, nanosecond: 940_000_000)
        for text in [
            "2017-11-06T12:38:38.94Z", "2017-11-06t12:38:38.940000000z", "2017-11-06 12:38:38.94Z",
            "2017-11-06T13:38:38.94+01:00", "2017-11-05T23:08:38.94-13:30", "2017-11-07T12:37:38.94+23:59",
        ] {
            #expect(try UTCTime(parsing: text) == time, "\(text)")
        }
        #expect(try UTCTime(parsing: "2017-11-06T12:38:38.123456789Z").nanosecond == 123_456_789)
        #expect(try UTCTime(parsing: "2017-11-06T12:38:38-00:00").nanosecond == 0)
    }

    static let refusals: [(text: String, reason: String)] = [
        ("", "is not in RFC 3339's form: give it as in 2025-01-01T00:00:00Z"),
        ("2025-01-01", "is not in RFC 3339's form"),
        ("20250101T000000Z", "is not in RFC 3339's form"),
        ("+12025-01-01T00:00:00Z", "is not in RFC 3339's form"),
        ("12025-01-01T00:00:00Z", "is not in RFC 3339's form"),
        ("2025-1-01T00:00:00Z", "is not in RFC 3339's form"),
        ("2025-01-01T00:00Z", "has no time as hh:mm:ss"),
        ("2025-01-01T00:00:00", "does not end in Z or an offset"),
        ("2025-01-01T00:00:00Zx", "does not end in Z or an offset"),
        ("2025-01-01T00:00:00+1:00", "does not end in Z or an offset"),
        ("2025-01-01T00:00:00+24:00", "does not end in Z or an offset"),
        ("2025-01-01T00:00:00+00:60", "does not end in Z or an offset"),
        ("2025-01-01T00:00:00.Z", "has a fraction of 0 digits"),
        ("2025-01-01T00:00:00.0000000000Z", "has a fraction of 10 digits"),
        ("2025-00-01T00:00:00Z", "has month 0"),
        ("2025-13-01T00:00:00Z", "has month 13"),
        ("2025-02-29T00:00:00Z", "has day 29"),
        ("1900-02-29T00:00:00Z", "has day 29"),
        ("2025-04-31T00:00:00Z", "has day 31"),
        ("2025-01-00T00:00:00Z", "has day 0"),
        ("2025-01-01T24:00:00Z", "has no time of day from 00:00:00 to 23:59:59"),
        ("2025-01-01T00:60:00Z", "has no time of day"),
        ("2016-12-31T23:59:60Z", "has no time of day"),
    ]

    @Test(arguments: refusals)
    func otherTextsAreRefusedWithTheReason(text: String, reason: String) throws {
        let error = try #require(throws: LayoutError.self) { try UTCTime(parsing: text) }
        #expect(error.code == .invalidTime)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test(arguments: [Int64.min, .min + 1, -1_000_000_001, -1_000_000_000, -1, 0, 1, 999_999_999, .max - 1, .max])
    func nanosecondsComeBack(_ nanoseconds: Int64) {
        #expect(UTCTime(unixNanoseconds: nanoseconds).unixNanoseconds == nanoseconds)
    }

    @Test func countsThatDoNotFitAreTheNearestThatDo() {
        #expect(UTCTime(unixSeconds: .max).unixNanoseconds == .max)
        #expect(UTCTime(unixSeconds: .min).unixNanoseconds == .min)
        #expect(UTCTime(unixSeconds: .max).unixMilliseconds == .max)
        #expect(UTCTime(unixSeconds: -1).unixMilliseconds == 0)
        #expect(UTCTime(unixMilliseconds: .max).unixMilliseconds == .max)
    }

    @Test func aNanosecondOutsideItsSecondTraps() async {
        await #expect(processExitsWith: .failure) { _ = UTCTime(unixSeconds: 0, nanosecond: 1_000_000_000) }
        await #expect(processExitsWith: .failure) { _ = UTCTime(unixSeconds: 0, nanosecond: -1) }
    }
}

extension UTCTimeTests {
    /// RFC 9110's example, the days around a leap day, and what `date -u` says of two more.
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"), (4_102_444_800, "Fri, 01 Jan 2100 00:00:00 GMT"),
    ])
    func hasHTTPsForm(_ seconds: Int, _ text: String) {
        #expect(UTCTime(unixSeconds: Int64(seconds)).httpDate == text)
    }
}
