import FirnLayout
import Testing

@testable import firn

/// What `firn top` makes of metrics, without daemons.
struct TopViewTests {
    /// The metrics of a daemon with two shards.
    private func counters(
        ids: Int,
        refused: Int = 0,
        slow: Int = 0,
        started: Double = 1_000,
        ready: Int = 1,
        resting: Int = 0,
        window: Double = 2.5
    ) throws -> DaemonCounters {
        let text = """
            # HELP firn_info Always 1.
            # TYPE firn_info gauge
            firn_info{version="1.2.3",layout="snowflake",store="sqlite:/a\\\\b\\"{c},d\\"\\n"} 1
            firn_ready \(ready)
            firn_calls_total{shard="0",method="NextID",code="OK"} \(ids)
            firn_calls_total{shard="0",method="NextID",code="UNAVAILABLE"} \(refused)
            firn_calls_total{shard="http-0",method="NextID",code="OK"} 5
            firn_ids_total{shard="0"} \(ids)
            firn_ids_total{shard="http-0"} 5
            firn_tick_waits_total{shard="0"} \(slow)
            firn_call_duration_seconds_bucket{shard="0",le="1e-05"} \(ids - slow)
            firn_call_duration_seconds_bucket{shard="0",le="0.002"} \(ids)
            firn_call_duration_seconds_bucket{shard="0",le="+Inf"} \(ids)
            firn_connections{shard="0"} 7
            firn_workers 1
            firn_worker_window_seconds{worker="4"} \(window)
            firn_worker_window_seconds{worker="5"} \(window + 1)
            firn_worker_resting{worker="4"} \(resting)
            process_start_time_seconds \(started)
            """
        return try #require(DaemonCounters(MetricSample.samples(in: text)))
    }

    @Test func readsPrometheusText() {
        #expect(
            MetricSample(line: #"a_total{x="1",y="p\"q\\r\ns}, {"} 12.5 1700000000"#)
                == MetricSample(name: "a_total", labels: ["x": "1", "y": "p\"q\\r\ns}, {"], value: 12.5)
        )
        #expect(MetricSample(line: "a 3")?.value == 3 && MetricSample(line: "a{} +Inf")?.value == .infinity)
        for line in ["", "# TYPE a gauge", "a", "a{x=1} 2", "a{x=\"1} 2", "a{x=\"1\\", "a{", "{x=\"1\"} 2", "a x"] {
            #expect(MetricSample(line: line) == nil, "\(line)")
        }
        #expect(MetricSample.samples(in: "# no metrics\n<html>\n").isEmpty)
        #expect(DaemonCounters(MetricSample.samples(in: "process_start_time_seconds 5\n")) == nil)
    }

    @Test func showsRatesPerDaemonAndShard() throws {
        var view = TopView(addresses: ["10.0.0.1:9464", "unix:/run/b.sock"], showsShards: true)
        view.read(try counters(ids: 100), from: 0, at: 0)
        view.failed("No daemon listens there.", from: 1)
        let first = view.lines(columns: 200)
        #expect(first[1].contains("ready") && !first[1].contains("100"), "\(first)")

        view.read(try counters(ids: 4_100, refused: 10, slow: 100), from: 0, at: 2_000_000_000)
        let lines = view.lines(columns: 200)
        let expected = """
            daemon            IDs/s  calls/s  failed/s  waits/s    p50   p99  connections  window  state
            10.0.0.1:9464     2,000    2,005       5.0       50  10 µs  2 ms            7   2.5 s  ready
              0               2,000    2,005       5.0       50  10 µs  2 ms            7
              http-0              0        0         0        0      -     -            -
            unix:/run/b.sock      -        -         -        -      -     -            -       -  away: No daemon listens there.
            all               2,000    2,005       5.0       50
            """
        #expect(lines.joined(separator: "\n") == expected, "\n\(lines.joined(separator: "\n"))")
        #expect(view.hasAnswer)
    }

    /// Each has its own counters, its own time and its own row; "all" is their sum.
    @Test func severalDaemonsAreKeptApart() throws {
        var view = TopView(addresses: ["a:1", "b:2"], showsShards: false)
        view.read(try counters(ids: 1_000), from: 0, at: 0)
        view.read(try counters(ids: 90_000, started: 5_000), from: 1, at: 500_000_000)
        view.read(try counters(ids: 1_600, refused: 30, slow: 90), from: 0, at: 1_000_000_000)
        view.read(try counters(ids: 90_100, started: 5_000, window: 9), from: 1, at: 2_500_000_000)
        // Only what came since the last reading counts.
        view.read(try counters(ids: 1_700, refused: 30, slow: 90), from: 0, at: 2_000_000_000)
        let expected = """
            daemon  IDs/s  calls/s  failed/s  waits/s    p50    p99  connections  window  state
            a:1       100      100         0        0  10 µs  10 µs            7   2.5 s  ready
            b:2        50       50         0        0  10 µs  10 µs            7   9.0 s  ready
            all       150      150         0        0
            """
        let lines = view.lines(columns: 200).joined(separator: "\n")
        #expect(lines == expected, "\n\(lines)")
    }

    /// A shard has connections of the framed protocol, or of gRPC.
    @Test func theConnectionsOfAllShardsAreCounted() throws {
        let text = """
            firn_info{version="1",layout="snowflake"} 1
            firn_connections{shard="0"} 7
            firn_grpc_connections{shard="grpc-0"} 4
            firn_ids_total{shard="http-0"} 9
            """
        let counters = try #require(DaemonCounters(MetricSample.samples(in: text)))
        #expect(counters.total.connections == 11)
        #expect(counters.shards.map(\.counters.connections) == [7, 4, nil])
    }

    @Test func noLineIsWiderThanTheTerminal() throws {
        var view = TopView(addresses: ["127.0.0.1:9464"], showsShards: false)
        view.failed("No daemon listens at tcp:127.0.0.1:9464: start firnd, or give its address.", from: 0)
        for columns in [1, 20, 80, 100] {
            #expect(view.lines(columns: columns).allSatisfy { $0.count <= columns })
        }
        #expect(!view.hasAnswer)
        let narrow = view.lines(columns: 60)
        #expect(narrow[1].hasSuffix("  away") && narrow[0].hasSuffix("  state"), "\(narrow)")
        #expect(
            Array(narrow.dropFirst(2)) == [
                "127.0.0.1:9464 is away: No daemon listens at",
                "  tcp:127.0.0.1:9464: start firnd, or give its address.",
            ]
        )
    }

    /// What a narrow terminal has no room for are the columns that are least needed, and never the state.
    @Test func aNarrowTableHasTheState() throws {
        var view = TopView(addresses: ["10.0.0.1:9464", "10.0.0.2:9464"], showsShards: true)
        view.read(try counters(ids: 0), from: 0, at: 0)
        view.read(try counters(ids: 4_000, refused: 10, slow: 100), from: 0, at: 2_000_000_000)
        view.failed("connection refused", from: 1)
        let expected = """
            daemon         IDs/s  calls/s  failed/s  waits/s    p50   p99  window  state
            10.0.0.1:9464  2,000    2,005       5.0       50  10 µs  2 ms   2.5 s  ready
              0            2,000    2,005       5.0       50  10 µs  2 ms
              http-0           0        0         0        0      -     -
            10.0.0.2:9464      -        -         -        -      -     -       -  away
            all            2,000    2,005       5.0       50
            10.0.0.2:9464 is away: connection refused
            """
        let lines = view.lines(columns: 80).joined(separator: "\n")
        #expect(lines == expected, "\n\(lines)")
    }

    @Test func aRestartOrAnAbsenceGivesNoRates() throws {
        var view = TopView(addresses: ["a:1"], showsShards: false)
        view.read(try counters(ids: 1000), from: 0, at: 0)
        // Another process: its counters began anew, and have overtaken those of before.
        view.read(try counters(ids: 5000, started: 2_000), from: 0, at: 1_000_000_000)
        #expect(view.states == [.counted(try counters(ids: 5000, started: 2_000))])
        view.failed("away", from: 0)
        view.read(try counters(ids: 9000, started: 2_000), from: 0, at: 9_000_000_000)
        guard case .counted = view.states[0] else {
            Issue.record("the rate of an absence is shown")
            return
        }
        view.read(try counters(ids: 9500, started: 2_000.2), from: 0, at: 10_000_000_000)
        guard case .read(let reading) = view.states[0] else {
            Issue.record("no rate after two readings")
            return
        }
        #expect(reading.total.ids == 500)
    }

    @Test func saysWhetherTheDaemonIsReady() throws {
        var view = TopView(addresses: ["a:1"], showsShards: false)
        view.read(try counters(ids: 1, ready: 0, window: 0), from: 0, at: 0)
        #expect(view.lines(columns: 200)[1].hasSuffix("0.0 s  no IDs"))
        view.read(try counters(ids: 1, resting: 1), from: 0, at: 1_000_000_000)
        #expect(view.lines(columns: 200)[1].hasSuffix("at rest"))
    }

    @Test func writesJSON() throws {
        var view = TopView(addresses: ["a:1", "b:2"], showsShards: true)
        view.read(try counters(ids: 0), from: 0, at: 0)
        view.read(try counters(ids: 300, refused: 6, slow: 2), from: 0, at: 1_000_000_000)
        view.failed("gone", from: 1)
        let time = UTCTime(unixMilliseconds: 0)
        let lines = view.json(time: time).map(\.text)
        #expect(lines[0].contains(#""address":"a:1","version":"1.2.3","layout":"snowflake","ready":true"#))
        #expect(lines[0].contains(#""workers":1,"windowSeconds":2.5,"idsPerSecond":300.0"#))
        #expect(lines[0].contains(#""callsPerSecond":306.0,"failedPerSecond":6.0,"waitsPerSecond":2.0,"p50Seconds""#))
        #expect(lines[0].contains(#""p50Seconds":1e-05,"p99Seconds":1e-05,"connections":7,"shards":[{"shard":"0""#))
        #expect(lines[1] == #"{"time":"\#(time)","address":"b:2","away":"gone"}"#)
    }

    @Test func aBlockTakesThePlaceOfTheOneBefore() {
        #expect(TopScreen.drawing(["a", "b"], over: 0, rows: 10) == "\u{1B}[?25la\u{1B}[K\nb\u{1B}[K\u{1B}[J")
        #expect(TopScreen.drawing(["c"], over: 2, rows: 10) == "\u{1B}[?25l\r\u{1B}[2Ac\u{1B}[K\u{1B}[J")
        #expect(TopScreen.drawing(["a", "b", "c", "d"], over: 0, rows: 4).contains("b\u{1B}[K\n… and 2 more"))
    }

    @Test func readsAnAnswerOverHTTP() throws {
        let answer = try HTTPAnswer(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".utf8))
        #expect(answer.status == 200 && answer.body == "abc")
        for (text, reason) in [
            ("", "without an answer"), ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc", "not whole"),
            ("SSH-2.0-x\r\n\r\n", "no HTTP"), ("HTTP/1.1 200 OK\r\nconte", "no HTTP"),
            ("\u{0}\u{0}\r\n\r\n", "no HTTP"),
        ] {
            let error = #expect(throws: HTTPAnswer.Malformed.self) { try HTTPAnswer(Array(text.utf8)) }
            #expect(error?.message.contains(reason) == true, "\(text)")
        }
        #expect(
            HTTPAnswer.request(path: "/m", host: "h:1", token: "t")
                == "GET /m HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n"
        )
    }
}
