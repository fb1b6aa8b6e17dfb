import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// The command with a daemon that counts, and answers nothing else than it is told.
@Suite(.timeLimit(Firnd.patience)) struct DaemonTests {
    @Test func nextPrintsOneIDALine() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        #expect(try Command.run("next", "--address", daemon.address).output == "1\n")
        #expect(try Command.run("next", "-n", "3", "--address", daemon.address).output == "2\n3\n4\n")
        let json = try Command.run("next", "-n", "2", "--format", "json", "--address", daemon.address)
        #expect(json.exitCode == 0 && json.output == "{\"id\":\"5\"}\n{\"id\":\"6\"}\n")
    }

    @Test func manyIDsComeAsManyLines() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        let command = try Command.run("next", "-n", "200000", "--format", "hex-fixed", "--address", daemon.address)
        #expect(command.exitCode == 0 && command.lines.count == 200_000)
        #expect(command.lines.last == "0000000000030d40" && command.lines == command.lines.sorted())
    }

    @Test func aReaderThatHasEnoughEndsItQuietly() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        let command = try Command.run("next", "-n", "1000000000", "--address", daemon.address, suffix: "| head -1")
        #expect(command.exitCode == 0 && command.output == "1\n" && command.errors.isEmpty)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func aFullDiskIsAnError() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        let command = try Command.run("next", "--address", daemon.address, suffix: "> /dev/full")
        #expect(command.exitCode == 74 && command.errors.contains("could not be written"))
    }

    @Test func describesTheDaemon() throws {
        let daemon = try CountingDaemon()
        defer { daemon.stop() }
        let text = try Command.run("describe", "--address", daemon.address)
        #expect(text.exitCode == 0 && text.lines.contains("layout          snowflake"))
        #expect(text.lines.contains("workers         3, 4"))
        let json = try Command.run("describe", "--format", "json", "--address", daemon.address)
        #expect(json.output.contains(#""version":"1 \"odd\"\\\u0001","layout":"snowflake""#))
        #expect(json.output.contains(#""workers":[3,4],"maximumBatch":65536,"ready":null,"resting":null}"#))
    }

    @Test func healthIsReadyOrSaysWhyNot() throws {
        let ready = try CountingDaemon()
        defer { ready.stop() }
        let health = try Command.run("health", "--address", ready.address)
        #expect(health.exitCode == 0 && health.output == "ready\n")

        let closed = try CountingDaemon(refusing: Status(.unavailable, "no window.", retryAfterMilliseconds: 250))
        defer { closed.stop() }
        let refused = try Command.run("health", "--address", closed.address)
        #expect(refused.exitCode == 75 && refused.errors == "firn: no window. Try again in 0.25 seconds.\n")

        // A message that ends without a full stop is ended first.
        let starting = try CountingDaemon(refusing: Status(.unavailable, "no worker yet", retryAfterMilliseconds: 100))
        defer { starting.stop() }
        let early = try Command.run("health", "--address", starting.address)
        #expect(early.errors == "firn: no worker yet. Try again in 0.1 seconds.\n")

        let expired = try CountingDaemon(refusing: Status(.failedPrecondition, "the layout ended"))
        defer { expired.stop() }
        #expect(try Command.run("health", "--address", expired.address).exitCode == 70)
    }

    @Test func aDaemonThatHangsIs75() throws {
        let daemon = try CountingDaemon(answers: false)
        defer { daemon.stop() }
        let command = try Command.run("health", "--timeout", "50", "--address", daemon.address)
        #expect(command.exitCode == 75 && command.errors.contains("0.05 seconds"))
    }
}
