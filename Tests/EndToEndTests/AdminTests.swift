import EtcdTestSupport
import FirnServer
import FirnTestSupport
import FirnWindows
import FirnWire
import Foundation
import Synchronization
import Testing

/// What a real daemon tells of itself at `--admin`.
@Suite struct AdminTests {
    private func get(_ port: UInt16, _ path: String) throws -> HTTPPeer.Answer {
        try HTTPPeer.ask("GET", path, port: port)
    }

    /// The sum of a metric's samples that have these labels.
    private func value(_ name: String, _ labels: String = "", in text: String) -> Double {
        text.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
            .filter { labels.isEmpty || $0.contains(labels) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    @Test func everyCallIsInTheMetricsAndPromtoolAcceptsThem() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--admin", "127.0.0.1:0", "--http", "127.0.0.1:0", "--shards", "2"]) {
                daemon in
                let port = try daemon.httpPort("admin")
                let peers = try (0..<4).map { _ in try Peer.unix(daemon.socketPath) }
                for peer in peers {
                    for _ in 0..<25 { _ = try peer.nextID() }
                    _ = try peer.nextBatch(300)
                    _ = try peer.call(.nextBatch(count: 0))
                    _ = try peer.nextTickets("invoices", 3)
                }
                for _ in 0..<5 { #expect(try get(try daemon.httpPort(), "/").status == 200) }

                let text = try get(port, "/metrics")
                #expect(text.status == 200)
                #expect(text.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
                let metrics = text.body
                #expect(value("firn_calls_total", "method=\"NextID\",code=\"OK\"", in: metrics) == 105)
                #expect(value("firn_calls_total", "method=\"NextBatch\",code=\"OK\"", in: metrics) == 4)
                #expect(value("firn_calls_total", "code=\"INVALID_ARGUMENT\"", in: metrics) == 4)
                #expect(value("firn_calls_total", "method=\"NextTickets\",code=\"OK\"", in: metrics) == 4)
                #expect(value("firn_ids_total", in: metrics) == 105 + 4 * 300)
                #expect(value("firn_ids_total", "shard=\"http-", in: metrics) == 5)
                #expect(value("firn_sequence_values_total", in: metrics) == 12)
                #expect(value("firn_connections", in: metrics) == 4)
                #expect(value("firn_connections_accepted_total", "socket=\"unix\"", in: metrics) == 4)
                #expect(value("firn_workers", in: metrics) == 1 && value("firn_ready", in: metrics) == 1)
                #expect(value("firn_worker_window_seconds", in: metrics) > 0)
                #expect(value("firn_store_operations_total", "operation=\"write\",outcome=\"ok\"", in: metrics) > 1)
                #expect(value("process_resident_memory_bytes", in: metrics) > 1e6)
                try eventually("each call's time is counted") {
                    value("firn_call_duration_seconds_count", in: try get(port, "/metrics").body) == 117
                }

                let file = try scratch.write("metrics.txt", metrics)
                let check = try Program.run(
                    ["/bin/sh", "-c", "exec promtool check metrics < \(file)"],
                    in: scratch
                )
                #expect(check.code == 0 && check.output.isEmpty, "\(check.output)")
                #expect(try get(port, "/livez").body == "alive\n")
                #expect(try get(port, "/readyz").body == "ready\n")
                #expect(try get(port, "/ids").status == 404)
            }
        }
    }

    @Test func prometheusScrapesAndAnswersQueries() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--admin", "127.0.0.1:0"]) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                for _ in 0..<7 { _ = try peer.nextBatch(100) }
                let config = try scratch.write(
                    "prometheus.yml",
                    """
                    global: { scrape_interval: 250ms, scrape_timeout: 250ms }
                    scrape_configs:
                      - job_name: firn
                        static_configs: [ { targets: ["127.0.0.1:\(try daemon.httpPort("admin"))"] } ]

                    """
                )
                let port = try freePorts(1)[0]
                let prometheus = try Program(
                    [
                        "/usr/bin/prometheus", "--config.file=\(config)", "--log.level=warn",
                        "--storage.tsdb.path=\(scratch.file("tsdb"))", "--web.listen-address=127.0.0.1:\(port)",
                    ],
                    in: scratch,
                    name: "prometheus"
                )
                try withExtendedLifetime(prometheus) {
                    let query = { (text: String) throws -> String? in
                        let words = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
                        guard let answer = try? get(port, "/api/v1/query?query=\(words)"), answer.status == 200,
                            let all = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any],
                            let data = all["data"] as? [String: Any], let result = data["result"] as? [[String: Any]]
                        else { return nil }
                        return (result.first?["value"] as? [Any])?.last as? String
                    }
                    try eventually("Prometheus has it; \(prometheus.output)", every: .milliseconds(100)) {
                        try query("sum(firn_ids_total)") == "700"
                    }
                    #expect(try query("up") == "1")
                    for _ in 0..<3 { _ = try peer.nextBatch(100) }
                    try eventually("and goes on", every: .milliseconds(100)) {
                        try query("sum by (job) (firn_calls_total{method=\"NextBatch\",code=\"OK\"})") == "10"
                    }
                    // The histogram is one to Prometheus.
                    let median = try query("histogram_quantile(0.5, sum by (le) (firn_call_duration_seconds_bucket))")
                    #expect(try #require(median.flatMap { Double($0) }) > 0)
                }
            }
        }
    }

    @Test func scrapesInParallelAreAllWholeAndRise() throws {
        try withDaemon(["--admin", "127.0.0.1:0"]) { daemon in
            let port = try daemon.httpPort("admin")
            let stops = Atomic(false)
            let failures = Mutex<[String]>([])
            let scrapers = (0..<8).map { _ in
                NativeThread(name: "scraper") {
                    var last = 0.0
                    for _ in 0..<25 {
                        do {
                            let answer = try get(port, "/metrics")
                            let ids = value("firn_ids_total", in: answer.body)
                            if answer.status != 200 || !answer.body.hasSuffix("\n") || ids < last {
                                failures.withLock { $0.append("\(answer.status), \(ids) after \(last)") }
                            }
                            last = ids
                        } catch {
                            failures.withLock { $0.append("\(error)") }
                        }
                    }
                }
            }
            let taker = NativeThread(name: "taker") {
                guard let peer = try? Peer.unix(daemon.socketPath) else { return }
                while !stops.load(ordering: .relaxed) { _ = try? peer.nextBatch(50) }
            }
            scrapers.forEach { $0.join() }
            stops.store(true, ordering: .relaxed)
            taker.join()
            #expect(failures.withLock { $0 }.isEmpty)
            #expect(value("firn_ids_total", in: try get(port, "/metrics").body) > 0)
        }
    }

    @Test(arguments: SharedStore.allCases) func readinessFollowsTheStoreAndLivenessDoesNot(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let daemon = try fleet.start(0, ["--admin", "127.0.0.1:0", "--window", "1s", "--worker", "9"])
            try eventually("it serves") { daemon.serves && (try? daemon.httpPort("admin")) != nil }
            let port = try daemon.httpPort("admin")
            #expect(try get(port, "/readyz").status == 200)
            let outage = try fleet.takeAwayTheStore()
            try eventually("it is not ready", every: .milliseconds(20)) {
                let live = try get(port, "/livez")
                guard live.status == 200 else { throw TestFailure("not alive: \(live.body)") }
                return try get(port, "/readyz").status == 503
            }
            let words = try get(port, "/readyz").body
            #expect(words.hasPrefix("not ready: the window of worker 9 ended at "), "\(words)")
            let metrics = try get(port, "/metrics").body
            #expect(value("firn_ready", in: metrics) == 0 && value("firn_workers", in: metrics) == 0)
            #expect(value("firn_worker_window_seconds", in: metrics) == 0)
            try eventually("the store's failures are counted") {
                value("firn_store_operations_total", "outcome=\"unavailable\"", in: try get(port, "/metrics").body) > 0
            }
            try outage.end()
            try eventually("it is ready again") { try get(port, "/readyz").status == 200 }
            #expect(try get(port, "/livez").status == 200)
        }
    }

    @Test func aDaemonWithoutAWorkerSaysWhy() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--worker", "9"]) { _ in
                let second = ["--worker", "9", "--admin", "127.0.0.1:0"]
                try withDaemon(in: scratch, name: "second", second) { daemon in
                    let answer = try get(try daemon.httpPort("admin"), "/readyz")
                    #expect(answer.status == 503)
                    #expect(answer.body.hasPrefix("not ready: the worker is held by "), "\(answer.body)")
                    #expect(try get(try daemon.httpPort("admin"), "/livez").status == 200)
                }
            }
        }
    }
}
