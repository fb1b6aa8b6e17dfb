import FirnLayout
import Testing

@testable import firn

/// Counts of IDs as pictures.
struct HistogramTests {
    private func id(_ time: String, worker: UInt64 = 0, sequence: UInt64 = 0) throws -> FirnID {
        let milliseconds = try UTCTime(argument: time).unixMilliseconds
        let tick = milliseconds - Layout.snowflake.epochUnixMilliseconds
        return try Layout.snowflake.makeID(time: tick, worker: worker, sequence: sequence)
    }

    private func picture(
        _ kind: HistogramKind,
        columns: Int = 80,
        layout: Layout = .snowflake,
        _ ids: [FirnID]
    ) throws -> String {
        var histograms = try IDHistograms(kind, layout: layout)
        for id in ids { histograms.add(id) }
        return histograms.lines(columns: columns).joined(separator: "\n")
    }

    @Test func drawsTime() throws {
        var ids = try (0..<1200).map { try id("2025-01-01T00:00:0\($0 % 2)Z", sequence: UInt64($0)) }
        ids += try [id("2025-01-01T00:00:03.999Z"), FirnID(rawValue: .max)]
        let expected = """
            1,201 IDs of the layout snowflake, and 1 that cannot be of it

            time in UTC, 500 ms per row
            2025-01-01T00:00:00.000Z  600  █████████████████████████████████████████████████
            2025-01-01T00:00:00.500Z    0
            2025-01-01T00:00:01.000Z  600  █████████████████████████████████████████████████
            2025-01-01T00:00:01.500Z    0
            2025-01-01T00:00:02.000Z    0
            2025-01-01T00:00:02.500Z    0
            2025-01-01T00:00:03.000Z    0
            2025-01-01T00:00:03.500Z    1  ▏
            """
        let drawn = try picture(.time, ids)
        #expect(drawn == expected, "\n\(drawn)")
    }

    @Test func drawsWorkers() throws {
        let ids = try (1...22).flatMap { worker in
            try (0..<worker).map { try id("2025-01-01", worker: UInt64(worker), sequence: UInt64($0)) }
        }
        let rows = (3...22).reversed().map { worker -> String in
            let eighths = Int((Double(worker) / 22 * 30 * 8).rounded())
            let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
            let bar = String(repeating: "█", count: eighths / 8) + rest
            return (worker < 10 ? "     \(worker)   \(worker)  " : "    \(worker)  \(worker)  ") + bar
        }
        let expected =
            (["253 IDs of the layout snowflake", "", "worker, the 20 busiest of 22"] + rows + ["2 more   3"])
            .joined(separator: "\n")
        let drawn = try picture(.worker, columns: 42, ids)
        #expect(drawn == expected, "\n\(drawn)")
    }

    @Test func saysThatPartsOfAWorkerAreTogether() throws {
        let layout = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,datacenter:5,node:5,sequence:12")
        let drawn = try picture(.worker, columns: 40, layout: layout, [FirnID(rawValue: 33 << 12)])
        #expect(drawn.contains("\n\nworker (datacenter and node together)\n33  1  █"), "\n\(drawn)")
    }

    @Test func drawsSequences() throws {
        let ids = try (0..<4096).map { try id("2025-01-01", sequence: UInt64($0 % 1000)) }
        let expected = """
            4,096 IDs of the layout snowflake

            sequence
                0–255  1,120  ████████████████████
              256–511  1,024  ██████████████████▎
              512–767  1,024  ██████████████████▎
             768–1023    928  ████████████████▋
            1024–1279      0
            1280–1535      0
            1536–1791      0
            1792–2047      0
            2048–2303      0
            2304–2559      0
            2560–2815      0
            2816–3071      0
            3072–3327      0
            3328–3583      0
            3584–3839      0
            3840–4095      0
            """
        let drawn = try picture(.sequence, columns: 38, ids)
        #expect(drawn == expected, "\n\(drawn)")
    }

    @Test func drawsAllThatTheLayoutHas() throws {
        let layout = try Layout(parsing: "time:41s@2025-01-01T00:00:00Z,sequence:2")
        let expected = """
            1 ID of the layout time:41s@2025-01-01T00:00:00Z,sequence:2

            time in UTC, 1 s per row
            2025-01-01T00:00:01Z  1  ███████████████

            sequence
            0  0
            1  0
            2  1  ██████████████████████████████████
            3  0
            """
        let drawn = try picture(.all, columns: 40, layout: layout, [FirnID(rawValue: 6)])
        #expect(drawn == expected, "\n\(drawn)")
        #expect(try picture(.all, []) == "0 IDs of the layout snowflake")
        for kind in HistogramKind.allCases {
            #expect(throws: (any Error).self) { try IDHistograms(kind, layout: .pinterest) }
        }
        #expect(throws: (any Error).self) { try IDHistograms(.worker, layout: layout) }
    }

    @Test(arguments: [
        (["2025-01-01T00:00:00Z", "2025-01-01T00:00:23Z"], "1 s", "2025-01-01T00:00:00Z", "2025-01-01T00:00:23Z"),
        (["2025-01-01T00:00:59Z", "2025-01-01T00:01:23Z"], "5 s", "2025-01-01T00:00:55Z", "2025-01-01T00:01:20Z"),
        (["2025-01-01T00:59:00Z", "2025-01-01T03:01:23Z"], "10 min", "2025-01-01T00:50Z", "2025-01-01T03:00Z"),
        (["2025-01-01T23:59:00Z", "2025-01-05"], "6 h", "2025-01-01T18:00Z", "2025-01-05T00:00Z"),
        (["2025-01-01T23:59:00Z", "2025-01-22"], "1 day", "2025-01-01", "2025-01-22"),
        (["2025-01-01T23:59:00Z", "2025-05-04T23:59:59Z"], "1 week", "2024-12-30", "2025-04-28"),
        (["2025-01-31T23:59:00Z", "2026-12-31"], "1 month", "2025-01", "2026-12"),
        (["2021-02-28", "2026-12-31"], "3 months", "2021-01", "2026-10"),
        (["2021-02-28", "2027-12-31"], "1 year", "2021", "2027"),
        (["2011-02-28", "2079-12-31"], "5 years", "2010", "2075"),
    ])
    func choosesRoundSteps(times: [String], step: String, first: String, last: String) throws {
        var histogram = TimeHistogram(tickNanoseconds: 1)
        for time in times { histogram.add(try UTCTime(argument: time)) }
        let chart = try #require(histogram.chart)
        #expect(chart.step.name == step && chart.rows.first?.label == first && chart.rows.last?.label == last)
        #expect(chart.rows.count <= TimeHistogram.maximumRows && chart.rows.reduce(0) { $0 + $1.count } == 2)
    }

    /// Growing steps lose no instant, and each bucket of a step is within one of the next.
    @Test func stepsAreNested() throws {
        var generator = SystemRandomNumberGenerator()
        for (finer, coarser) in zip(TimeStep.nested, TimeStep.nested.dropFirst()) {
            for _ in 0..<20 {
                let isShort = !finer.canHold(UTCTime(unixSeconds: .max))
                let seconds = Int64.random(in: 0...(1 << (isShort ? 39 : 60)), using: &generator)
                let time = UTCTime(unixSeconds: seconds, nanosecond: .random(in: 0..<1_000_000_000, using: &generator))
                let bucket = finer.bucket(of: time)
                let start = finer.start(of: bucket)
                #expect(start <= time && finer.bucket(of: start) == bucket, "\(finer.name) \(time)")
                #expect(coarser.bucket(of: start) == coarser.bucket(of: time), "\(finer.name) \(time)")
            }
        }
    }

    @Test func memoryIsBounded() throws {
        var histogram = TimeHistogram(tickNanoseconds: 1)
        // A second apart, then centuries.
        for second in 0..<20_000 { histogram.add(UTCTime(unixSeconds: 1_735_689_600 + Int64(second))) }
        #expect(try #require(histogram.chart).step.name == "30 min")
        for power in 31..<63 { histogram.add(UTCTime(unixSeconds: 1 << Int64(power), nanosecond: 999_999_999)) }
        histogram.add(UTCTime(unixSeconds: .max))
        let chart = try #require(histogram.chart)
        #expect(chart.rows.count <= TimeHistogram.maximumRows)
        #expect(chart.rows.reduce(0) { $0 + $1.count } == 20_033)

        var workers = WorkerHistogram(maximumWorkers: 3)
        for worker in [1, 2, 3, 4, 5, 3, 3, 2] as [UInt64] { workers.add(worker) }
        #expect(
            workers.rows == [
                .init(label: "3", count: 3), .init(label: "2", count: 2), .init(label: "1", count: 1),
                .init(label: "of other workers", count: 2, hasBar: false),
            ]
        )
    }

    @Test func theWidestFieldsHaveSixteenRanges() {
        for width in 0...63 {
            let maximum = width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
            var histogram = RangeHistogram(maximum: maximum)
            histogram.add(0)
            histogram.add(maximum)
            #expect(histogram.rows.count == (width < 4 ? 1 << width : 16))
            #expect(histogram.rows.reduce(0) { $0 + $1.count } == 2)
            #expect(histogram.rows.last?.label.hasSuffix("\(maximum)") == true)
        }
    }
}
