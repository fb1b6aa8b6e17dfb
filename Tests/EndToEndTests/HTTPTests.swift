import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// The real daemon over HTTP.
@Suite struct HTTPTests {
    private static let http = ["--http", "127.0.0.1:0", "--store", "memory"]

    @Test func curlGetsAnID() throws {
        try withDaemon(Self.http + ["--worker", "17"]) { daemon in
            let url = "http://127.0.0.1:\(try daemon.httpPort())"
            let curl = try Tool.run("/usr/bin/curl", "--silent", "--show-error", "--fail-with-body", url + "/")
            let id = try #require(curl.output.firstMatch(of: /^\{"id":"([0-9]+)"\}$/)).1
            #expect(try Layout.snowflake.decode(FirnID(parsing: String(id))).worker == 17)
            let post = try Tool.run("/usr/bin/curl", "--silent", "-X", "POST", url + "/sequences/orders?count=2")
            #expect(post.output == #"{"tickets":["1","2"]}"#)
            let wrong = try Tool.run("/usr/bin/curl", "--silent", "--fail-with-body", url + "/ids?count=0")
            #expect(
                wrong.status == 22 && wrong.output == #"{"error":"a batch of 0 IDs was asked for; ask for 1 to 65536"}"#
            )
        }
    }

    @Test func sharesItsWorkerWithTheFramedProtocol() throws {
        try withDaemon(Self.http) { daemon in
            let framed = try Peer.unix(daemon.socketPath)
            let http = try HTTPPeer(port: daemon.httpPort())
            var ids: Set<String> = []
            for _ in 0..<50 {
                ids.formUnion(try #require(http.ask("GET", "/ids?count=100").json["ids"] as? [String]))
                for run in try framed.nextBatch(100) { ids.formUnion(run.map { "\($0)" }) }
            }
            #expect(ids.count == 10_000)
            #expect(Set(ids.map { Layout.snowflake.decode(FirnID($0)!).worker! }).count == 1)
        }
    }

    @Test func costsNoThreadAndNoDescriptorWhereItIsOff() throws {
        func threadsAndDescriptors(_ arguments: [String]) throws -> (threads: [String], descriptors: Int) {
            try withDaemon(arguments + ["--store", "memory", "--shards", "3"]) { daemon in
                let tasks = "/proc/\(daemon.pid)/task"
                let names = try FileManager.default.contentsOfDirectory(atPath: tasks).map {
                    try String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8)
                }
                return (names, daemon.openDescriptors)
            }
        }
        let without = try threadsAndDescriptors([])
        let with = try threadsAndDescriptors(["--http", "127.0.0.1:0"])
        #expect(!without.threads.contains { $0.hasPrefix("NIO") })
        #expect(with.threads.filter { $0.hasPrefix("NIO") }.count == 3)
        #expect(with.threads.count == without.threads.count + 3)
        #expect(with.descriptors > without.descriptors)
    }

    @Test(arguments: ["--http", "--admin"])
    func otherHostsAreNotServedUnlessThatIsWanted(_ option: String) throws {
        try withScratch { scratch in
            let arguments = ["--store", "memory", "--listen", "unix:\(scratch.file("a.sock"))", option, "0.0.0.0:0"]
            let refused = try runToEnd(in: scratch, arguments)
            #expect(refused.ending == .exited(78))
            #expect(refused.error.contains("--insecure-tcp"))
            try withDaemon(in: scratch, [option, "0.0.0.0:0", "--insecure-tcp"]) { daemon in
                #expect(!daemon.lines(with: " \(option.dropFirst(2))=0.0.0.0:").isEmpty)
            }
        }
    }

    @Test func comesFromTheEnvironmentAndIsSaidByCheck() throws {
        try withScratch { scratch in
            let checked = try runToEnd(
                in: scratch,
                ["--check", "--admin", "127.0.0.1:9090"],
                environment: ["FIRN_HTTP": "127.0.0.1:3000 [::1]:3000"]
            )
            #expect(checked.ending == .exited(0))
            let words = checked.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(words.contains(["http", "127.0.0.1:3000", "[::1]:3000"]), "\(checked.output)")
            for (value, part) in [("3000", "--http"), ("127.0.0.1:70000", "0 to 65535"), ("a:1 a:1", "twice")] {
                let wrong = try runToEnd(in: scratch, ["--check"], environment: ["FIRN_HTTP": value])
                #expect(wrong.ending == .exited(78) && wrong.error.contains(part), "\(wrong.error)")
            }
        }
    }

    @Test func saysOnTheAdminAddressWhetherItCanServe() throws {
        try withDaemon(["--admin", "127.0.0.1:0", "--store", "memory"]) { daemon in
            let port = try daemon.httpPort("admin")
            #expect(try HTTPPeer.ask("GET", "/livez", port: port).status == 200)
            #expect(try HTTPPeer.ask("GET", "/readyz", port: port).status == 200)
            // IDs are given out elsewhere.
            #expect(try HTTPPeer.ask("GET", "/ids", port: port).status == 404)
        }
    }

    @Test func aSocketOfTheServiceManagerIsServed() throws {
        try withScratch { scratch in
            let port = 20_000 + UInt16(getpid() % 20_000)
            let (frames, http) = (scratch.file("firn.sock"), "127.0.0.1:\(port)")
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--store", "memory"],
                launcher: ["/usr/bin/systemd-socket-activate", "-l", frames, "-l", http, "--fdname=firn:http"]
            )
            try withExtendedLifetime(daemon) {
                var answer: HTTPPeer.Answer?
                try eventually("systemd-socket-activate listens (package systemd); it says: \(daemon.log)") {
                    answer = try? HTTPPeer.ask("GET", "/", port: port)
                    return answer != nil
                }
                #expect(answer?.status == 200)
                #expect(try Peer.unix(frames).nextID().rawValue > 0)
                try daemon.waitUntilItSays(" http=\(http) ")
            }
        }
    }

    @Test func drainsBothProtocols() throws {
        let layout = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4"]
        // One thread, which comes to what was sent in its order; and a drain that nobody waits for to its end.
        try withDaemon(Self.http + layout + ["--shards", "1", "--drain-timeout", "60s"]) { daemon in
            let port = try daemon.httpPort()
            let (busy, idle) = (try HTTPPeer(port: port), try HTTPPeer(port: port))
            for peer in [busy, idle] { #expect(try peer.ask("GET", "/").status == 200) }
            // Two seconds' IDs.
            try busy.send(HTTPPeer.request("GET", "/ids?count=32000"))
            for _ in 0..<2 { #expect(try idle.ask("GET", "/").status == 200) }
            daemon.signal(SIGTERM)
            let answer = try busy.answer()
            #expect((answer.json["ids"] as? [String])?.count == 32_000)
            #expect(answer.fields["connection"] == "close")
            #expect(try idle.isClosed())
            let ending = try daemon.waitForExit(within: .seconds(30))
            #expect(ending == .exited(0))
        }
    }
}

/// A program that runs to its end.
enum Tool {
    static func run(_ path: String, _ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
