import EtcdTestSupport
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
        let start = ContinuousClock.now
        let top = try Command.run([
            "top", "--once", "--interval", "1500ms", "--json", "--shards", "--timeout", "10000", "unix:\(socket)",
            "unix:/tmp/firn-no-such.sock",
        ])
        #expect(top.exitCode == 0 && top.errors.isEmpty, "\(top)")
        #expect(start.duration(to: .now) >= .milliseconds(1500))
        let lines = try objects(top)
        try #require(lines.count == 2, "\(top)")
        let rate = try #require(lines[0]["idsPerSecond"] as? Double)
        #expect(rate > 500 && rate < 20_000, "\(top)")
        #expect(lines[0]["ready"] as? Bool == true && (lines[0]["windowSeconds"] as? Double ?? 0) > 0)
        #expect((lines[0]["p99Seconds"] as? Double ?? 0) > 0 && lines[0]["connections"] as? Int == 16, "\(top)")
        let shards = try #require(lines[0]["shards"] as? [[String: Any]])
        #expect(shards.count == 1 && shards[0]["idsPerSecond"] as? Double == rate)
        #expect((lines[1]["away"] as? String)?.hasPrefix("nothing listens there") == true, "\(top)")
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
        #expect(blocks.last?.contains("away: nothing listens there: no firnd runs") == true, "\(text)")
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

    /// It gives out IDs, so "no daemon" would be wrong.
    @Test func aDaemonWithoutAnAdminPageIsTold() throws {
        let daemon = try Firnd()
        let address = "127.0.0.1:\(try freePorts(1)[0])"
        func top(_ address: String, at daemon: String) throws -> Command {
            try Command.run(
                ["top", "--once", "--interval", "100ms", address],
                environment: ["FIRN_ADDRESS": daemon, "HOME": "/tmp"]
            )
        }
        let beside = try top(address, at: daemon.address)
        let reason = "away: firnd runs (it listens at \(daemon.address)), without this admin page: "
        #expect(beside.exitCode == 69, "\(beside)")
        #expect(beside.output.contains(reason + "start it with --admin \(address)"), "\(beside)")
        let alone = try top(address, at: "unix:/tmp/firn-no-such.sock")
        let both = "away: nothing listens there: no firnd runs, or it was started without --admin \(address)"
        #expect(alone.exitCode == 69 && alone.output.contains(both), "\(alone)")
    }

    @Test func aTokenIsShownOverTCP() throws {
        let port = try freePorts(1)[0]
        let tokens = URL(fileURLWithPath: "/tmp/firn-tokens-\(UUID().uuidString.prefix(13))")
        defer { try? FileManager.default.removeItem(at: tokens) }
        let made = FileManager.default.createFile(
            atPath: tokens.path,
            contents: Data("top 0123456789abcdef0123 admin\napp 3210fedcba9876543210 ids\n".utf8),
            attributes: [.posixPermissions: 0o600]
        )
        let daemon = try Firnd("--admin", "127.0.0.1:\(port)", "--token-file", tokens.path)
        func top(_ environment: [String: String]) throws -> Command {
            try Command.run(
                ["top", "--once", "--interval", "100ms", "--timeout", "10000", "127.0.0.1:\(port)"],
                environment: environment
            )
        }
        let none = try top([:])
        #expect(made && none.exitCode == 69 && none.output.contains("away: it asks for a token"), "\(none)")
        let other = try top(["FIRN_TOKEN": "3210fedcba9876543210"])
        #expect(other.exitCode == 69 && other.output.contains("scope admin"), "\(other)")
        let shown = try top(["FIRN_TOKEN": "0123456789abcdef0123"])
        #expect(shown.exitCode == 0 && shown.output.contains("  ready"), "\(shown)")
        _ = daemon
    }

    @Test func anAddressThatIsGivenTwiceIsShownOnce() throws {
        let daemon = try Firnd("--admin", "unix:\(socket)")
        let top = try Command.run("top", "--once", "--interval", "100ms", "--json", "unix:\(socket)", "unix:\(socket)")
        #expect(top.exitCode == 0 && top.lines.count == 1, "\(top)")
        #expect(top.errors.contains("unix:\(socket) is given 2 times: it is shown and counted once"), "\(top)")
        _ = daemon
    }

    @Test func aWrongArgumentIsTold() throws {
        for (arguments, words) in [
            (["--interval", "99ms"], "--interval is 99ms; give 100ms to 1h."), (["--interval", "5"], "write 5s"),
            (["localhost"], "no port"),
            (Array(repeating: "a:1", count: 101), "give at most 100"),
        ] {
            let command = try Command.run(["top", "--once"] + arguments)
            #expect(command.exitCode == 64 && command.errors.contains(words), "\(command)")
        }
    }
}
