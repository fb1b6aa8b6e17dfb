import FirnTestSupport
import FirnWire
import Foundation
import Synchronization
import Testing

/// `firn health` as a probe: what it answers, how it exits, and how long that takes.
@Suite(.timeLimit(Firnd.patience), .serialized) struct HealthTests {
    /// How many times as long as `firn` takes to start and end a probe may take.
    private static let limit = 5.0

    /// Runs the probe some times, to the same end each time.
    ///
    /// - Returns: the last run, and how many times as long as a command that asks nobody it took, from before the process to
    ///   after it; the median. Each is measured beside its like, so that what else the machine does is no matter.
    private func probe(_ arguments: String..., address: String) throws -> (command: Command, ratio: Double) {
        var ratios: [Double] = []
        var codes: Set<Int32> = []
        var last: Command?
        for _ in 0..<9 {
            let start = ContinuousClock.now
            #expect(try Command.run("--version").exitCode == 0)
            let middle = ContinuousClock.now
            let command = try Command.run(["health", "--address", address] + arguments)
            ratios.append(middle.duration(to: .now) / start.duration(to: middle))
            codes.insert(command.exitCode)
            last = command
        }
        let command = try #require(last)
        #expect(codes == [command.exitCode])
        let ratio = ratios.sorted()[ratios.count / 2]
        print("firn health \(arguments.joined(separator: " ")), exit \(command.exitCode): p50 \(ratio) starts")
        return (command, ratio)
    }

    @Test func aDaemonThatServesIsReadyAndAlive() throws {
        let daemon = try Firnd()
        let ready = try probe(address: daemon.address)
        #expect(ready.command.exitCode == 0 && ready.command.output == "ready\n" && ready.command.errors.isEmpty)
        #expect(ready.ratio < Self.limit)
        let alive = try probe("--live", address: daemon.address)
        #expect(alive.command.exitCode == 0 && alive.command.output == "alive\n" && alive.command.errors.isEmpty)
        #expect(alive.ratio < Self.limit)
    }

    /// A probe takes no ID, which would end the rest.
    @Test func aProbeLeavesADaemonAtRest() throws {
        let daemon = try Firnd("--window", "300ms", "--rest-after", "300ms")
        func isResting() throws -> Bool {
            try Command.run("describe", "--format", "json", "--address", daemon.address).output
                .contains(#""ready":true,"resting":true"#)
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while try !isResting(), .now < deadline { usleep(20_000) }
        for arguments in [["health"], ["health", "--live"], ["describe"]] {
            let command = try Command.run(arguments + ["--address", daemon.address])
            #expect(command.exitCode == 0)
            #expect(try isResting(), "\(command)")
        }
        #expect(try Command.run("next", "--address", daemon.address).exitCode == 0)
        #expect(try !isResting())
    }

    /// A daemon of an older version does not say whether it is ready.
    @Test func aDaemonThatDoesNotTellIsAskedForAnID() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        let ready = try Command.run("health", "--address", daemon.address)
        #expect(ready.exitCode == 0 && ready.output == "ready\n", "\(ready)")
        #expect(daemon.taken == 1)
    }

    @Test func aDaemonWithoutItsStoreIsAliveAndNotReady() throws {
        let daemon = try Firnd("--window", "1s")
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(
                atPath: daemon.storePath + suffix,
                toPath: daemon.storePath + "-gone" + suffix
            )
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while try Command.run("health", "--address", daemon.address).exitCode == 0, .now < deadline { usleep(20_000) }

        let ready = try probe(address: daemon.address)
        #expect(ready.command.exitCode == 75 && ready.command.output.isEmpty)
        #expect(ready.command.errors.contains("removed or replaced"), "\(ready.command)")
        #expect(ready.ratio < Self.limit)
        let alive = try probe("--live", address: daemon.address)
        #expect(alive.command.exitCode == 0 && alive.command.output == "alive\n")
    }

    @Test func aDaemonThatDrainsIsNeither() throws {
        // Two IDs per second: a batch of 24 is still being answered when the daemon is told to stop.
        let daemon = try Firnd(
            "--layout",
            "time:32s@2025-01-01T00:00:00Z,worker:10,sequence:1",
            "--drain-timeout",
            "60s"
        )
        let address = daemon.address
        // On a thread of its own, and looked for without a pause: other tests may keep all of Swift's for seconds.
        let batch = Mutex<Result<Command, any Error>?>(nil)
        Thread {
            let answered = Result { try Command.run("next", "-n", "24", "--timeout", "60000", "--address", address) }
            batch.withLock { $0 = answered }
        }.start()
        let socket = String(address.dropFirst("unix:".count))
        // A socket that listens, and the one for the batch; what was sent there is read before a probe that comes later.
        while try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).components(separatedBy: socket).count < 3 {
            try #require(batch.withLock { $0 == nil }, "the batch was answered before its connection was seen")
            usleep(1000)
        }
        #expect(try Command.run("health", "--live", "--address", address).exitCode == 0)
        kill(daemon.pid, SIGTERM)
        // Its first act is to close its sockets; a probe that came just before would be told UNAVAILABLE.
        let deadline = ContinuousClock.now + .seconds(60)
        while FileManager.default.fileExists(atPath: socket), .now < deadline {
            usleep(5000)
        }
        for arguments in [[], ["--live"]] {
            let command = try Command.run(["health", "--address", address] + arguments)
            #expect(command.exitCode == 69 && command.output.isEmpty, "\(command)")
        }
        // It was there all the time: the batch came whole, and in order it ended.
        while batch.withLock({ $0 == nil }) { usleep(5000) }
        let answered = try #require(batch.withLock { $0 }).get()
        #expect(answered.exitCode == 0 && answered.lines.count == 24, "\(answered)")
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
