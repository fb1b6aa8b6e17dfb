import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// `firn health` as a probe: what it answers, how it exits, and how long that takes.
@Suite(.timeLimit(.minutes(1)), .serialized) struct HealthTests {
    /// What a probe may take in a release build. A debug build, and a machine with other work, are given more.
    private static var limit: Duration {
        #if DEBUG
            .milliseconds(1500)
        #else
            .milliseconds(50)
        #endif
    }

    /// Runs the probe some times, to the same end each time.
    ///
    /// - Returns: the last run, and the median of what they took, from before the process to after it.
    private func probe(_ arguments: String..., address: String) throws -> (command: Command, median: Duration) {
        var times: [Duration] = []
        var codes: Set<Int32> = []
        var last: Command?
        for _ in 0..<9 {
            let start = ContinuousClock.now
            let command = try Command.run(["health", "--address", address] + arguments)
            times.append(start.duration(to: .now))
            codes.insert(command.exitCode)
            last = command
        }
        let command = try #require(last)
        #expect(codes == [command.exitCode])
        let median = times.sorted()[times.count / 2]
        print("firn health \(arguments.joined(separator: " ")), exit \(command.exitCode): p50 \(median)")
        return (command, median)
    }

    @Test func aDaemonThatServesIsReadyAndAlive() throws {
        let daemon = try Firnd()
        let ready = try probe(address: daemon.address)
        #expect(ready.command.exitCode == 0 && ready.command.output == "ready\n" && ready.command.errors.isEmpty)
        #expect(ready.median < Self.limit)
        let alive = try probe("--live", address: daemon.address)
        #expect(alive.command.exitCode == 0 && alive.command.output == "alive\n" && alive.command.errors.isEmpty)
        #expect(alive.median < Self.limit)
    }

    @Test func aDaemonWithoutItsStoreIsAliveAndNotReady() throws {
        let daemon = try Firnd("--window", "1s")
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(
                atPath: daemon.storePath + suffix,
                toPath: daemon.storePath + "-gone" + suffix
            )
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while try Command.run("health", "--address", daemon.address).exitCode == 0, .now < deadline { usleep(20_000) }

        let ready = try probe(address: daemon.address)
        #expect(ready.command.exitCode == 75 && ready.command.output.isEmpty)
        #expect(ready.command.errors.contains("removed or replaced"), "\(ready.command)")
        #expect(ready.median < Self.limit)
        let alive = try probe("--live", address: daemon.address)
        #expect(alive.command.exitCode == 0 && alive.command.output == "alive\n")
    }

    @Test func aDaemonThatDrainsIsNeither() async throws {
        // Two IDs a second: a batch of eight is still being answered when the daemon is told to stop.
        let daemon = try Firnd(
            "--layout",
            "time:32s@2025-01-01T00:00:00Z,worker:10,sequence:1",
            "--drain-timeout",
            "20s"
        )
        let address = daemon.address
        let batch = Task.detached { try Command.run("next", "-n", "8", "--timeout", "20000", "--address", address) }
        try await Task.sleep(for: .milliseconds(800))
        kill(daemon.pid, SIGTERM)
        // Its first act is to close its sockets; a probe that came just before would be told UNAVAILABLE.
        let socket = String(address.dropFirst("unix:".count))
        let deadline = ContinuousClock.now + .seconds(20)
        while FileManager.default.fileExists(atPath: socket), .now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        for arguments in [[], ["--live"]] {
            let command = try Command.run(["health", "--address", address] + arguments)
            #expect(command.exitCode == 69 && command.output.isEmpty, "\(command)")
        }
        // It was there all the time: the batch came whole, and in order it ended.
        let answered = try await batch.value
        #expect(answered.exitCode == 0 && answered.lines.count == 8, "\(answered)")
        daemon.end(with: 0)
        #expect(daemon.exitCode == 0)
    }

    @Test func aDaemonThatIsAwayIs69() throws {
        let daemon = try Firnd()
        daemon.end(with: SIGKILL)
        for arguments in [[], ["--live"]] {
            let command = try Command.run(["health", "--address", daemon.address] + arguments)
            #expect(command.exitCode == 69 && command.errors.filter(\.isNewline).count == 1, "\(command)")
            // A container and an installed package have no checkout to start one from.
            #expect(!command.errors.contains("scripts/run"))
        }
    }

    /// One that answers no more is to be started anew; one that refuses for good is alive, and says so.
    @Test func aDaemonThatHangsIsNotAlive() throws {
        let hanging = try CountingDaemon(answers: false)
        defer { hanging.stop() }
        let command = try Command.run("health", "--live", "--timeout", "50", "--address", hanging.address)
        #expect(command.exitCode == 75 && command.errors.contains("0.05 seconds"), "\(command)")
    }
}
