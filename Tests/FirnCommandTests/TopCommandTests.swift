import FirnTestSupport
import Foundation
import Testing

/// `firn top` with real daemons.
@Suite(.timeLimit(Firnd.patience), .serialized) struct TopCommandTests {
    private let socket = "/tmp/firn-admin-\(UUID().uuidString.prefix(13)).sock"

    private func objects(_ command: Command) throws -> [[String: Any]] {
        try command.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\(command)")
        }
    }

    @Test func showsTheRateOfADaemonAndThatAnotherIsAway() throws {
        let daemon = try Firnd("--admin", "unix:\(socket)")
        let load = RunningCommand([
            "bench", daemon.address, "--rate", "500", "--batch", "10", "--duration", "4s", "--timeout", "60000",
        ])
        usleep(1_000_000)
        let top = try Command.run([
            "top", "--once", "--interval", "1s", "--json", "--shards", "--timeout", "10000", "unix:\(socket)",
            "unix:/tmp/firn-no-such.sock",
        ])
        #expect(top.exitCode == 0 && top.errors.isEmpty, "\(top)")
        let lines = try objects(top)
        try #require(lines.count == 2, "\(top)")
        let rate = try #require(lines[0]["idsPerSecond"] as? Double)
        #expect(rate > 500 && rate < 20_000, "\(top)")
        #expect(lines[0]["ready"] as? Bool == true && (lines[0]["windowSeconds"] as? Double ?? 0) > 0)
        #expect((lines[0]["p99Seconds"] as? Double ?? 0) > 0 && lines[0]["connections"] as? Int == 16, "\(top)")
        let shards = try #require(lines[0]["shards"] as? [[String: Any]])
        #expect(shards.count == 1 && shards[0]["idsPerSecond"] as? Double == rate)
        #expect((lines[1]["away"] as? String)?.contains("does not exist") == true, "\(top)")
        #expect(try load.wait().exitCode == 0)
    }

    @Test func withoutATerminalEachReadingIsABlock() throws {
        let daemon = try Firnd("--admin", "unix:\(socket)")
        let process = Process()
        process.executableURL = Command.product("firn")
        process.arguments = ["top", "--interval", "300ms", "unix:\(socket)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(2_000_000)
        daemon.end(with: SIGTERM)
        #expect(daemon.exitCode == 0 && !FileManager.default.fileExists(atPath: socket))
        usleep(1_500_000)
        kill(process.processIdentifier, SIGINT)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        let blocks = text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(blocks.count > 3 && !text.contains("\u{1B}"), "\(text)")
        #expect(blocks.allSatisfy { $0.split(separator: "\n").count == 2 && $0.hasPrefix("daemon  ") }, "\(text)")
        #expect(blocks[1].hasSuffix("  ready"), "\(text)")
        #expect(blocks.last?.contains("away: No daemon is at unix:") == true, "\(text)")
    }

    @Test func aSocketOfAnotherUserOrNoMetricsAreAway() throws {
        let closed = try Firnd("--admin", "unix:\(socket)", "--allow-uid", "4000000")
        let refused = try Command.run("top", "--once", "--interval", "100ms", "unix:\(socket)")
        #expect(refused.exitCode == 69 && refused.output.contains("away: it closed the connection"), "\(refused)")
        // The socket of the framed protocol speaks no HTTP.
        closed.end(with: SIGTERM)
        let daemon = try Firnd()
        let wrong = try Command.run("top", "--once", "--interval", "100ms", daemon.address)
        #expect(wrong.exitCode == 69 && wrong.output.contains("away: it "), "\(wrong)")
    }

    @Test func aWrongArgumentIsTold() throws {
        for (arguments, words) in [
            (["--interval", "99ms"], "--interval is 99ms; give 100ms to 1h."), (["localhost"], "no port"),
            (Array(repeating: "a:1", count: 101), "give at most 100"),
        ] {
            let command = try Command.run(["top", "--once"] + arguments)
            #expect(command.exitCode == 64 && command.errors.contains(words), "\(command)")
        }
    }
}
