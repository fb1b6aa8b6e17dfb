import FirnEngine
import FirnLayout
import FirnServer
import Foundation
import Synchronization
import Testing

@testable import FirnAdmin

/// What each path answers.
@Suite struct AdminPagesTests {
    @Test func everyPathIsAnsweredAndNoOther() throws {
        let pages = Readings.pages()
        #expect(AdminPages.paths == ["/", "/guess/{id}", "/livez", "/readyz", "/metrics", "/status"])
        for path in AdminPages.paths where !path.contains("{") {
            #expect(try #require(pages.answer(path)).body.last == UInt8(ascii: "\n"))
        }
        for path in ["", "/metrics/", "/x", "status"] { #expect(pages.answer(path) == nil) }
    }

    /// By the daemon's clock, which is at 2026 in these readings.
    @Test func anIDOfAnotherSystemIsGuessed() throws {
        let tick = try #require(Layout.discord.tick(atUnixNanoseconds: Readings.start - 10_000_000_000))
        let id = try Layout.discord.makeID(time: tick, worker: 5, sequence: 0)
        let answer = try #require(Readings.pages().answer("/guess/\(id)"))
        #expect(answer.status == 200 && answer.contentType == "application/json")
        #expect(answer.text.hasPrefix(#"{"id":"\#(id)","layout":"discord","#))
        #expect(answer.text.contains(#""plausible":true,"reason":"10 seconds ago","candidates":[{"#))
        #expect(!answer.text.contains("hints"))
        let none = try #require(Readings.pages().answer("/guess/18446744073709551615"))
        #expect(none.status == 200)
        #expect(none.text.hasSuffix(#"."]}"# + "\n") && none.text.contains(#","hints":["No known layout gives "#))
        let wrong = try #require(Readings.pages().answer("/guess/x"))
        #expect(wrong.status == 400 && wrong.text.contains("character 1"))
    }

    @Test func readinessFollowsWhatCallsAreTold() throws {
        let ready = try #require(Readings.pages().answer("/readyz"))
        #expect(ready.status == 200 && ready.text == "ready\n")
        let not = try #require(
            Readings.pages(Readings.plain(obstacle: "the window of worker 17 ended")).answer("/readyz")
        )
        #expect(not.status == 503 && not.text == "not ready: the window of worker 17 ended\n")
        #expect(not.contentType == "text/plain; charset=utf-8")
    }

    /// The window is there, and begins where the clock has not come yet.
    @Test func aClockBehindTheWorkerIsNotReady() {
        var reading = Readings.plain()
        reading.windows.places[0].holding?.firstTick = reading.now.tick + 1_000
        #expect(reading.unreadiness == nil, "so long a call waits")
        reading.windows.places[0].holding?.firstTick = reading.now.tick + 60_000
        #expect(
            reading.unreadiness
                == "worker 17 was used up to 2026-01-01T00:01:00.000Z, and this host's clock says 2026-01-01T00:00:00.000Z; "
                + "it is waited for: set the clock, if it is that which is wrong"
        )
    }

    @Test func livenessIsOfTheThreadsAndNotOfTheStore() throws {
        let beats = Atomic<UInt64>(0)
        let boot = Atomic<Int64>(0)
        let pages = AdminPages(
            shards: 1,
            startedBootNanoseconds: 0,
            libraries: MetricsRegistry(),
            askThreads: { [(thread: "reactor 0", count: beats.load(ordering: .relaxed))] },
            read: {
                var reading = Readings.plain(obstacle: "the store is away")
                reading.now.bootNanoseconds = boot.load(ordering: .relaxed)
                return reading
            }
        )
        for _ in 0..<3 {
            let answer = try #require(pages.answer("/livez"))
            #expect(answer.status == 200 && answer.text == "alive\n")
            beats.wrappingAdd(1, ordering: .relaxed)
            boot.wrappingAdd(60_000_000_000, ordering: .relaxed)
        }
        #expect(pages.answer("/livez")?.status == 200)
        boot.wrappingAdd(30_000_000_000, ordering: .relaxed)
        let dead = try #require(pages.answer("/livez"))
        #expect(dead.status == 503 && dead.text == "not alive: reactor 0 has not come by for 30 s\n")
    }

    @Test func statusSaysHowTheDaemonStands() throws {
        let answer = try #require(Readings.pages().answer("/status"))
        #expect(answer.contentType == "application/json")
        let status = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(status["version"] as? String == "9.8.7")
        #expect(status["uptime_seconds"] as? Double == 60)
        #expect(status["ready"] as? Bool == true && status["reason"] is NSNull)
        #expect(status["time"] as? String == "2026-01-01T00:00:00.000Z")
        let layout = try #require(status["layout"] as? [String: Any])
        let fields = try #require(layout["fields"] as? [[String: Any]])
        #expect(fields.map { $0["kind"] as? String } == ["unused", "time", "worker", "sequence"])
        #expect(fields.map { $0["name"] as? String } == ["unused", "time", "worker", "sequence"])
        #expect(fields.allSatisfy { $0["constant"] is NSNull })
        #expect(fields.map { $0["width"] as? Int } == [1, 41, 10, 12])
        #expect(fields.map { $0["shift"] as? Int } == [63, 22, 12, 0])
        #expect(layout["epoch_unix_ms"] as? Int == 1_288_834_974_657)
        let workers = try #require(status["workers"] as? [[String: Any]])
        #expect(workers[0]["worker"] as? Int == 17 && workers[0]["generation"] as? String == "3")
        #expect(workers[0]["window_left_seconds"] as? Double == 2.5 && workers[0]["serving"] as? Bool == true)
        #expect(workers[1]["worker"] is NSNull && workers[1]["serving"] as? Bool == false)
        #expect(workers[1]["reason"] as? String == "all workers are held")
        #expect((status["shards"] as? [Any])?.count == 2)
        #expect((status["store"] as? [String: Any])?["name"] as? String == "sqlite:/a \"b\"\\c")
        #expect((status["clock"] as? [String: Any])?["offset_seconds"] as? Double == -1.5)
    }

    @Test func metricsTellTheBuildTheFreeWorkersAndTheFullestSequences() throws {
        var reading = Readings.plain()
        let unknown = try #require(Readings.pages(reading).answer("/metrics")).text
        #expect(unknown.contains("\nfirn_layout_workers 1024\n"))
        #expect(unknown.contains("# TYPE firn_layout_workers_free gauge\n"))
        #expect(!unknown.contains("\nfirn_layout_workers_free "), "a number that is not known is not told")
        reading.build = [("version", "9.8.7"), ("traits", "Etcd,TLS")]
        reading.freeWorkers = 1000
        reading.sequences = [SequenceUsage(name: "orders", share: 0.75), SequenceUsage(name: "a.b", share: 0)]
        let text = try #require(Readings.pages(reading).answer("/metrics")).text
        #expect(text.contains("\nfirn_build_info{version=\"9.8.7\",traits=\"Etcd,TLS\"} 1\n"))
        #expect(text.contains("\nfirn_layout_workers_free 1000\n"))
        #expect(text.contains("\nfirn_sequence_used_ratio{sequence=\"orders\"} 0.75\n"))
        #expect(text.contains("\nfirn_sequence_used_ratio{sequence=\"a.b\"} 0\n"))
    }

    @Test func statusNamesThePartsOfTheWorkerAndConstants() throws {
        var reading = Readings.plain()
        reading.layout = try Layout(parsing: "version:2=2,time:41ms@0,dc:5,node:5,sequence:11")
        let answer = try #require(Readings.pages(reading).answer("/status"))
        let status = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        let fields = try #require((status["layout"] as? [String: Any])?["fields"] as? [[String: Any]])
        #expect(fields.map { $0["name"] as? String } == ["version", "time", "dc", "node", "sequence"])
        #expect(fields.map { $0["kind"] as? String } == ["constant", "time", "worker", "worker", "sequence"])
        #expect(fields.map { $0["constant"] as? String } == ["2", nil, nil, nil, nil])
    }

    @Test func thePageAsksForNothingFromOutside() throws {
        let answer = try #require(Readings.pages().answer("/"))
        #expect(answer.contentType == "text/html; charset=utf-8")
        #expect(answer.text.hasPrefix("<!doctype html>"))
        #expect(answer.text.contains("default-src 'none'"))
        let addresses = answer.text.matches(of: /(src|href)\s*=\s*"([^"]*)"/).map { String($0.output.2) }
        #expect(!addresses.isEmpty)
        for address in addresses {
            #expect(AdminPages.paths.contains(address) || address.hasPrefix("data:"), "\(address)")
        }
        #expect(!answer.text.contains("@import") && !answer.text.contains("url("))
        #expect(!answer.text.contains("innerHTML"), "the daemon's texts are never markup")
    }
}
