import FirnClient
import FirnLayout
import Foundation
import Testing

@testable import firn

/// What `firn bench` writes, of calls that the test has made up.
struct BenchReportTests {
    /// 1,000 calls for ten IDs each in 2.5 seconds, and nine that failed.
    private func report(rate: Int? = nil, busy: Double = 0.25, maximum: Double = 1e6) throws -> BenchReport {
        var tally = BenchTally()
        for (count, time) in [(500, 100), (400, 200), (90, 300), (9, 400), (1, 500)] as [(Int, Int64)] {
            for _ in 0..<count { tally.answered(ids: 10, after: time, at: 2_000_000_000) }
        }
        tally.failed("timedOut", message: "No answer came.", exitCode: 75, count: 2)
        tally.failed("unavailable", message: "no window.", exitCode: 75, count: 7)
        return BenchReport(
            plan: BenchPlan(
                address: try FirnAddress(parsing: "tcp:10.0.0.1:7300"),
                tls: FirnTLSConfiguration(),
                token: nil,
                timeout: .seconds(1),
                connections: 3,
                inFlight: 2,
                batch: 10,
                rate: rate,
                duration: .seconds(2),
                threads: 4
            ),
            tally: tally,
            seconds: 2.5,
            busy: busy,
            maximumIDsPerSecond: maximum,
            layout: "snowflake"
        )
    }

    @Test func theTextHasRatesTimesAndFailures() throws {
        let lines = try report().lines(columns: 60)
        let expected = """
            tcp:10.0.0.1:7300: 2.5 s, 3 connections, 2 in flight on each, 10 IDs per call

            IDs per second     4,000
            calls per second     400
            IDs               10,000
            calls              1,000
            failed                 9
              unavailable  7: no window.
              timedOut  2: No answer came.

            time from when a call was sent
            p50    100 ns
            p90    200 ns
            p99    300 ns
            p99.9  400 ns
            max    500 ns

            """
        #expect(lines.prefix(17).joined(separator: "\n") == expected, "\n\(lines.joined(separator: "\n"))")
        let chart = lines.dropFirst(17)
        #expect(chart.first?.contains("< 120 ns  500  ███") == true && chart.last?.contains("< 560 ns    1  ") == true)
        let rated = try report(rate: 500).lines(columns: 60)
        #expect(rated[0].hasSuffix(": 2.5 s, 3 connections, 500 calls per second, 10 IDs per call"))
        #expect(rated.contains("time from when a call was due"))
    }

    @Test func eachFieldOfTheJSONHasItsOwnFigure() throws {
        let expected =
            #"{"address":"tcp:10.0.0.1:7300","seconds":2.5,"connections":3,"inFlight":2,"rate":500,"batch":10,"ids":10000,"#
            + #""calls":1000,"failed":9,"failures":{"unavailable":7,"timedOut":2},"idsPerSecond":4000.0,"callsPerSecond":400.0,"#
            + #""latencyNanoseconds":{"p50":100,"p90":200,"p99":300,"p99.9":400,"max":500},"maximumIDsPerSecond":1000000.0,"#
            + #""generatorThreads":4,"generatorBusy":0.25}"#
        #expect(try report(rate: 500).json.text == expected)
        #expect(try report().json.text.contains(#""rate":null"#))
    }

    @Test func aFigureThatIsNotTheDaemonsOwnHasANote() throws {
        #expect(try !report().lines(columns: 60).contains { $0.contains("limit") })
        let layout = try report(maximum: 4_200).lines(columns: 60).last
        #expect(layout?.hasPrefix("This is the limit of the layout snowflake") == true)
        #expect(try !report(maximum: 4_300).lines(columns: 60).contains { $0.contains("limit") })
        let generator = try report(busy: 0.93).lines(columns: 60).last
        #expect(generator?.hasPrefix("The generator was busy 93 % of the time") == true)
        #expect(try !report(busy: 0.89).lines(columns: 60).contains { $0.contains("busy") })
    }
}
