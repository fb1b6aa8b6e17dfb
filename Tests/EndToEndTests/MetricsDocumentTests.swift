import FirnTestSupport
import Foundation
import Testing

/// `docs/METRICS.md` against a daemon, and its configuration against promtool.
@Suite struct MetricsDocumentTests {
    private static let document: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: root.appendingPathComponent("docs/METRICS.md"), encoding: .utf8)) ?? ""
    }()

    @Test func theDocumentAndTheTextNameTheSameMetricsAndTypes() throws {
        let rows = Self.document.matches(of: /\n\| `([a-z_]+)` \| (counter|gauge|histogram) \|([^|]*)\|/)
        let documented = Dictionary(uniqueKeysWithValues: rows.map { (String($0.output.1), String($0.output.2)) })
        #expect(documented.count > 20)
        let tls = try TLSFixture()
        let doors = [
            "--admin", "127.0.0.1:0", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--listen", "tls:127.0.0.1:0",
        ]
        try withDaemon(doors + tls.options()) { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
            let text = try HTTPPeer.ask("GET", "/metrics", port: try daemon.httpPort("admin")).body
            let types = text.matches(of: /# TYPE (\S+) (\S+)/).map { (String($0.output.1), String($0.output.2)) }
            #expect(Dictionary(uniqueKeysWithValues: types) == documented)
            // And of each its labels, as far as a sample shows them.
            for row in rows {
                let named = Set(row.output.3.matches(of: /`([a-z_]+)`/).map { String($0.output.1) })
                guard let sample = text.split(separator: "\n").first(where: { $0.hasPrefix("\(row.output.1){") }) else {
                    continue
                }
                let labels = sample.matches(of: /[{,]([a-z]+)="/).map { String($0.output.1) }
                #expect(labels.allSatisfy(named.contains), "\(row.output.1) has \(labels)")
            }
        }
    }

    /// The rules are tested by `scripts/check-monitoring`.
    @Test func promtoolAcceptsTheConfiguration() throws {
        let blocks = Self.document.components(separatedBy: "```yaml\n").dropFirst()
            .map { String($0.components(separatedBy: "```")[0]) }
        let scraping = try #require(blocks.first { $0.hasPrefix("scrape_configs:") })
        try withScratch { scratch in
            let config = try scratch.write("prometheus.yml", scraping)
            let check = try Program.run(["/usr/bin/promtool", "check", "config", config], in: scratch)
            #expect(check.code == 0, "\(check.output)")
        }
    }
}
