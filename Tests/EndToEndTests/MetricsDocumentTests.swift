import FirnTestSupport
import Foundation
import Testing

/// `docs/METRICS.md` against a daemon, and its rules against promtool.
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

    @Test func promtoolAcceptsTheRules() throws {
        let blocks = Self.document.components(separatedBy: "```yaml\n").dropFirst()
            .map { String($0.components(separatedBy: "```")[0]) }
        let rules = try #require(blocks.first { $0.hasPrefix("groups:") })
        let scraping = try #require(blocks.first { $0.hasPrefix("scrape_configs:") })
        try withScratch { scratch in
            let rulesFile = try scratch.write("rules.yml", rules)
            let check = try Program.run(["/usr/bin/promtool", "check", "rules", rulesFile], in: scratch)
            #expect(check.code == 0, "\(check.output)")
            #expect(check.output.contains("13 rules found"))
            let config = try scratch.write("prometheus.yml", "rule_files: [\(rulesFile)]\n\(scraping)")
            let whole = try Program.run(["/usr/bin/promtool", "check", "config", config], in: scratch)
            #expect(whole.code == 0, "\(whole.output)")
            // Every metric that they ask for is one that the document has.
            for series in rules.matches(of: /firn_[a-z_]+/).map({ String($0.output) }) {
                let name = series.hasSuffix("_bucket") ? String(series.dropLast("_bucket".count)) : series
                #expect(Self.document.contains("\n| `\(name)` |"), "\(name)")
            }
        }
    }
}
