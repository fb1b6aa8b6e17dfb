import EtcdTestSupport
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// `firn bench` with a real `firnd`.
@Suite(.timeLimit(Firnd.patience), .serialized) struct BenchCommandTests {
    private func report(_ command: Command) throws -> [String: Any] {
        try #require(command.exitCode == 0, "\(command)")
        return try #require(try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any])
    }

    /// The sum of the samples whose lines begin so.
    private func counted(_ start: String, _ metrics: String) -> Int {
        metrics.split(separator: "\n").filter { $0.hasPrefix(start) }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }

    @Test func theIDsAreThoseThatTheDaemonMinted() throws {
        let port = try freePorts(1)[0]
        let daemon = try Firnd("--admin", "127.0.0.1:\(port)")
        let highest = try report(
            try daemon.firn([
                "bench", "--connections", "3", "--in-flight", "7", "--threads", "2", "--duration", "500ms", "--json",
            ])
        )
        let metrics = try HTTPPeer.ask("GET", "/metrics", port: port).body
        let ids = try #require(highest["ids"] as? Int)
        #expect(ids > 0 && highest["calls"] as? Int == ids && highest["failed"] as? Int == 0, "\(highest)")
        #expect(counted("firn_ids_total", metrics) == ids)
        #expect(counted("firn_calls_total{shard=\"0\",method=\"NextID\",code=\"OK\"}", metrics) == ids)
        #expect(counted("firn_connections_accepted_total{socket=\"unix\"}", metrics) == 3 + 1)
        let seconds = try #require(highest["seconds"] as? Double)
        let rate = try #require(highest["idsPerSecond"] as? Double)
        #expect(seconds >= 0.5 && abs(rate * seconds - Double(ids)) < 1)
        let times = try #require(highest["latencyNanoseconds"] as? [String: Int])
        let rising = ["p50", "p90", "p99", "p99.9", "max"].compactMap { times[$0] }
        #expect(rising.count == 5 && rising == rising.sorted() && rising[0] > 0, "\(times)")

        // Every call that is due at this rate is made, however slow the machine is.
        let steady = try report(
            try Command.run([
                "bench", daemon.address, "--rate", "200", "--batch", "100", "--duration", "1s", "--timeout", "60000",
                "--json",
            ])
        )
        #expect(steady["calls"] as? Int == 200 && steady["ids"] as? Int == 20_000, "\(steady)")
        let after = try HTTPPeer.ask("GET", "/metrics", port: port).body
        #expect(counted("firn_ids_total", after) == ids + 20_000)
    }

    @Test func aDaemonThatGoesAwayIsCountedAndComesBack() throws {
        let daemon = try Firnd()
        let running = RunningCommand([
            "bench", daemon.address, "--connections", "2", "--in-flight", "4", "--duration", "4s", "--json",
        ])
        usleep(1_500_000)
        daemon.end(with: SIGKILL)
        usleep(700_000)
        try daemon.restart(after: SIGKILL)
        let answer = try report(try running.wait())
        let failures = try #require(answer["failures"] as? [String: Int])
        #expect(failures["connectionClosed", default: 0] > 0 && failures["unreachable", default: 0] > 0, "\(answer)")
        #expect((answer["calls"] as? Int ?? 0) > 0)
    }

    @Test func aDaemonThatStaysAwayEndsTheCommandInTime() throws {
        let daemon = try Firnd()
        let running = RunningCommand([
            "bench", daemon.address, "--rate", "1000", "--timeout", "300", "--duration", "3s", "--json",
        ])
        usleep(1_500_000)
        daemon.end(with: SIGKILL)
        let answer = try report(try running.wait())
        // All that were due have ended, as answers or as failures.
        #expect((answer["calls"] as? Int ?? 0) + (answer["failed"] as? Int ?? 0) >= 3_000, "\(answer)")
        #expect((answer["failures"] as? [String: Int])?["unreachable", default: 0] ?? 0 > 0, "\(answer)")
    }

    @Test func anInterruptionShowsWhatThereIs() throws {
        let daemon = try Firnd()
        let process = Process()
        process.executableURL = Command.product("firn")
        process.arguments = ["bench", daemon.address, "--connections", "1", "--in-flight", "1", "--duration", "1h"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(1_500_000)
        kill(process.processIdentifier, SIGINT)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0, "\(text)")
        #expect(text.contains("1 connection, 1 in flight on each, 1 ID per call") && text.contains("p99.9"), "\(text)")
        #expect(text.contains("█"), "\(text)")
        // The figures are of the time that it took, and not of the hour that was planned.
        let seconds = try #require(text.firstMatch(of: #/: (\d+)\.\d s, /#)?.1)
        #expect(try #require(Int(seconds)) < 1800, "\(text)")
    }

    /// A daemon that stops in the midst of its calls answers none of those that are open then.
    @Test func asManyCallsAreOpenAsWasAskedFor() throws {
        let port = try freePorts(1)[0]
        let daemon = try Firnd("--admin", "127.0.0.1:\(port)")
        let running = RunningCommand([
            "bench", daemon.address, "--connections", "2", "--in-flight", "3", "--batch", "5", "--duration", "3s",
            "--timeout", "4000", "--json",
        ])
        var ids = 0
        while ids == 0 { ids = counted("firn_ids_total", try HTTPPeer.ask("GET", "/metrics", port: port).body) }
        kill(daemon.pid, SIGSTOP)
        defer { kill(daemon.pid, SIGCONT) }
        let answer = try report(try running.wait())
        #expect(answer["failures"] as? [String: Int] == ["timedOut": 6], "\(answer)")
        let (calls, all) = (try #require(answer["calls"] as? Int), try #require(answer["ids"] as? Int))
        #expect(calls > 0 && all == calls * 5, "\(answer)")
    }

    @Test func aCallThatIsRefusedIsNoAnswer() throws {
        let daemon = try CountingDaemon(refusing: Status(.unavailable, "no window."), describes: true)
        defer { daemon.stop() }
        let command = try Command.run("bench", daemon.address, "--connections", "1", "--duration", "200ms", "--json")
        #expect(command.exitCode == 75, "\(command)")
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any]
        )
        let failed = try #require(answer["failed"] as? Int)
        #expect(failed > 0 && answer["calls"] as? Int == 0 && answer["ids"] as? Int == 0, "\(answer)")
        #expect(answer["failures"] as? [String: Int] == ["unavailable": failed])
        #expect(answer["latencyNanoseconds"] is NSNull)
    }

    @Test func aWrongNumberIsToldWithItsRange() throws {
        for (option, value, range) in [
            ("--connections", "0", "1 to 1000"), ("--connections", "1001", "1 to 1000"),
            ("--in-flight", "1025", "1 to 1024"), ("--rate", "0", "1 to 10000000"), ("--batch", "65537", "1 to 65536"),
            ("--threads", "65", "1 to 64"), ("--duration", "99ms", "100ms to 24h"),
            ("--duration", "off", "100ms to 24h"),
        ] {
            let command = try Command.run("bench", option, value)
            #expect(command.exitCode == 64, "\(command)")
            #expect(command.errors.contains("\(option) is \(value); give \(range)."), "\(command)")
        }
        let unit = try Command.run("bench", "--duration", "5")
        #expect(unit.exitCode == 64 && unit.errors.contains("it has no unit; write 5s for seconds"), "\(unit)")
        let twice = try Command.run("bench", "unix:/a", "--address", "unix:/b")
        #expect(twice.exitCode == 64 && twice.errors.contains("given twice"))
        #expect(try Command.run("bench", "nowhere").exitCode == 64)
    }

    @Test func aDaemonThatCannotGiveIDsIsNotMeasured() throws {
        let away = try Command.run("bench", "unix:/tmp/firn-no-such-daemon.sock")
        #expect(away.exitCode == 69 && away.output.isEmpty, "\(away)")
        let closed = try CountingDaemon(refusing: Status(.unavailable, "no window."))
        defer { closed.stop() }
        let refused = try Command.run("bench", closed.address)
        #expect(refused.exitCode == 75 && refused.errors == "firn: no window.\n", "\(refused)")
    }
}
