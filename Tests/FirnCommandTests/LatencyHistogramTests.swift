import FirnTestSupport
import Testing

@testable import firn

/// Times that are counted to three digits.
struct LatencyHistogramTests {
    @Test func aShareOfTheTimesIsRightToThreeDigits() throws {
        var random = SeededGenerator(seed: 7)
        for limit in [100, 5_000, 1_000_000, 90_000_000_000] as [Int64] {
            var histogram = LatencyHistogram()
            var times = (0..<20_000).map { _ in Int64.random(in: 0...limit, using: &random) }
            for time in times { histogram.add(time) }
            times.sort()
            for share in [0.5, 0.9, 0.99, 0.999, 1] {
                let exact = times[Int((Double(times.count) * share).rounded(.up)) - 1]
                let found = try #require(histogram.time(ofShare: share))
                #expect(found >= exact && Double(found) <= Double(exact) * 1.001, "\(share) of \(limit)")
            }
            #expect(histogram.highest == times.last)
        }
    }

    @Test func anExactTimeStaysExactBelowTwoMicroseconds() {
        var histogram = LatencyHistogram()
        histogram.add(2047)
        #expect(histogram.time(ofShare: 0.5) == 2047)
        histogram.add(2049)
        #expect(histogram.time(ofShare: 1) == 2049)
        #expect(LatencyHistogram().time(ofShare: 0.5) == nil)
    }

    @Test func whatIsTooLongOrNegativeIsCountedAtTheEdge() {
        var histogram = LatencyHistogram()
        histogram.add(.max)
        histogram.add(-5)
        #expect(histogram.count == 2 && histogram.highest == LatencyHistogram.maximum)
        #expect(histogram.time(ofShare: 0.5) == 0)
        #expect(histogram.time(ofShare: 1) == LatencyHistogram.maximum)
    }

    @Test func twoHistogramsAddUp() {
        var (one, other) = (LatencyHistogram(), LatencyHistogram())
        for time in [10, 20, 30] as [Int64] { one.add(time) }
        other.add(5_000_000)
        one.add(other)
        #expect(one.count == 4 && one.highest == 5_000_000)
        #expect(one.time(ofShare: 0.75) == 30)
        #expect(one.counts(between: [20, 25, 1_000_000]) == [1, 1, 1, 1])
    }

    @Test func thePictureHasEveryCallAndAtMostTwentyRows() throws {
        var random = SeededGenerator(seed: 3)
        for exponent in 1...11 {
            var histogram = LatencyHistogram()
            var power: Int64 = 1
            for _ in 0..<exponent {
                power *= 10
                for _ in 0..<50 { histogram.add(Int64.random(in: power / 10..<power, using: &random)) }
            }
            let rows = histogram.rows
            #expect(rows.count <= 20 && rows.reduce(0) { $0 + $1.count } == histogram.count)
            #expect(try #require(rows.first).count > 0 && rows.last!.count > 0)
        }
        #expect(LatencyHistogram().rows.isEmpty)
    }

    @Test func thePictureOfAFewTimes() {
        var histogram = LatencyHistogram()
        for time in [12_500, 13_000, 26_000] as [Int64] { histogram.add(time) }
        let lines = BarChart(rows: histogram.rows).lines(columns: 30)
        #expect(
            lines == [
                "< 15 µs  2  ██████████████████", "< 18 µs  0", "< 22 µs  0", "< 27 µs  1  █████████",
            ],
            "\(lines)"
        )
    }

    @Test(arguments: [
        (999, "999 ns"), (1_000, "1 µs"), (1_234, "1.23 µs"), (99_940, "99.9 µs"), (999_400, "999 µs"),
        (999_600, "1 ms"), (12_345_678, "12.3 ms"), (1_500_000_000, "1.5 s"), (61_000_000_000, "61 s"),
    ])
    func aTimeHasThreeDigitsAndAUnit(nanoseconds: Int64, text: String) {
        #expect(DurationLabel.text(nanoseconds: nanoseconds) == text)
    }
}
