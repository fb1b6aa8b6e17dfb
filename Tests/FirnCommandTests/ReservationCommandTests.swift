import FirnTestSupport
import Foundation
import Testing

/// `firn workers reserve` and `unreserve` beside a real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct ReservationCommandTests {
    private static let layout = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:12"]

    private func run(_ daemon: Firnd, _ arguments: String...) throws -> Command {
        try Command.run(arguments + ["--store", daemon.storeName])
    }

    @Test func whatIsFreeIsReservedAndWhatIsHeldIsNamed() throws {
        let daemon = try Firnd(Self.layout + ["--worker", "2", "--window", "60s"])
        let some = try run(daemon, "workers", "reserve", "0-3", "--for", "legacy")
        #expect(some.exitCode == 75 && some.output == "reserved for legacy: 0-1,3\n", "\(some)")
        #expect(some.errors.contains("worker 2 is held by") && some.errors.contains("pid \(daemon.pid)"))
        #expect(some.errors.contains("refused: 2."))
        let again = try run(daemon, "workers", "reserve", "3,0", "--for", "legacy")
        #expect(again.exitCode == 0 && again.output == "reserved for legacy before: 0,3\n", "\(again)")
        let other = try run(daemon, "workers", "reserve", "1", "--for", "billing")
        #expect(other.exitCode == 75 && other.errors.contains("worker 1 is reserved for legacy"), "\(other)")

        daemon.end(with: SIGTERM)
        let rest = try run(daemon, "workers", "reserve", "2", "--for", "legacy")
        #expect(rest.exitCode == 0 && rest.lines.first == "reserved for legacy: 2", "\(rest)")
        #expect(rest.output.contains("daemons may have used 2, up to 20"))

        let table = try run(daemon, "workers")
        #expect(table.lines.count == 5 && table.lines.dropFirst().allSatisfy { $0.contains(" reserved ") }, "\(table)")
        let cells = table.lines[1].split(separator: " ")
        #expect(cells[0...1] == ["0", "reserved"] && cells[6...7] == ["-", "-"] && cells[9] == "legacy", "\(cells)")
        let json = try run(daemon, "workers", "--format", "json").lines[0]
        #expect(json.contains(#""state":"reserved""#) && json.contains(#""lessee":"legacy""#), "\(json)")
        let check = try run(daemon, "store", "check")
        #expect(check.exitCode == 0 && check.output.contains("4 workers reserved for legacy: 0-3"), "\(check)")
        let release = try run(daemon, "workers", "release", "1", "--yes")
        #expect(release.exitCode == 64 && release.errors.contains("firn workers unreserve 1"), "\(release)")
    }

    /// A daemon whose worker is reserved waits, says so, and serves once it is not.
    @Test func aDaemonGoesOnOnceItsWorkerIsUnreserved() throws {
        let daemon = try Firnd(Self.layout + ["--worker", "2"])
        daemon.end(with: SIGTERM)
        #expect(try run(daemon, "workers", "reserve", "2", "--for", "legacy").exitCode == 0)
        try daemon.restart(after: SIGTERM)
        let refused = try daemon.firn("health")
        #expect(refused.exitCode == 75, "\(refused)")
        #expect(refused.errors.contains("worker 2 is reserved for legacy"), "\(refused)")
        let unasked = try run(daemon, "workers", "unreserve", "0-3")
        #expect(unasked.exitCode == 64 && unasked.errors.contains("given out twice"), "\(unasked)")
        let unreserved = try run(daemon, "workers", "unreserve", "0-3", "--yes")
        #expect(unreserved.exitCode == 0, "\(unreserved)")
        #expect(unreserved.output == "daemons may claim from now on: 2\nnot reserved: 0-1,3\n")
        let deadline = ContinuousClock.now + .seconds(60)
        while try daemon.firn("health").exitCode != 0, ContinuousClock.now < deadline { usleep(20_000) }
        #expect(try daemon.firn("next").exitCode == 0)
    }

    /// With all workers reserved, the check, a daemon that waits and its lessees say so with numbers, and how one becomes free.
    @Test func whereAllAreReservedEachSaysSo() throws {
        let daemon = try Firnd(Self.layout + ["--worker", "auto", "--max-leases", "2"])
        #expect(try run(daemon, "workers", "reserve", "0-3", "--for", "legacy").exitCode == 75)
        let check = try daemon.check()
        #expect(check.exitCode == 0, "\(check)")
        #expect(
            check.output.contains("Note: of the store's 4 workers 0 are free now: 3 are reserved for legacy, 1 is held")
        )
        let counts = "3 are reserved for legacy, 1 is held"
        let lease = try daemon.firn("lease", "--name", "billing")
        #expect(lease.exitCode == 75 && lease.errors.contains("all 4 workers of the layout"), "\(lease)")
        #expect(
            lease.errors.contains("taken: \(counts)") && lease.errors.contains("firn workers unreserve"),
            "\(lease)"
        )
        daemon.end(with: SIGTERM)
        #expect(try run(daemon, "workers", "reserve", "0-3", "--for", "legacy").exitCode == 0)
        let last = try daemon.check()
        let reason =
            "all 4 workers of the layout are taken: 4 are reserved for legacy (firn workers list); none of them becomes free "
            + "by itself; run 'firn workers unreserve' for workers whose other system makes no more IDs, or choose a layout with more "
            + "workers"
        #expect(last.exitCode == 0 && last.output.contains("gives out no IDs at first: \(reason)"), "\(last)")
        try daemon.restart(after: SIGTERM)
        let refused = try daemon.firn("health")
        #expect(refused.exitCode == 75 && refused.errors.contains(reason), "\(refused)")
    }

    /// A worker that was only reserved and unreserved was used by no daemon.
    @Test func reservingAgainDoesNotSayThatDaemonsUsedIt() throws {
        let daemon = try Firnd(Self.layout + ["--worker", "2"])
        #expect(try run(daemon, "workers", "reserve", "0-1", "--for", "legacy").output == "reserved for legacy: 0-1\n")
        #expect(try run(daemon, "workers", "unreserve", "0-1", "--yes").exitCode == 0)
        usleep(5000)
        let again = try run(daemon, "workers", "reserve", "0-1", "--for", "legacy")
        #expect(again.exitCode == 0 && again.lines.count == 2, "\(again)")
        #expect(again.lines.last?.hasPrefix("of these, no daemon has used 0-1 since 20") == true, "\(again)")
        #expect(again.lines.last?.hasSuffix("; whether one did before is not recorded") == true, "\(again)")
    }

    @Test(arguments: [
        (["workers", "reserve", "0-3"], "--for"), (["workers", "reserve", "3-0", "--for", "a"], "write 0-3"),
        (["workers", "reserve", "0,x", "--for", "a"], "'x' (character 3)"),
        (["workers", "reserve", "0", "--for", "a b"], "'a b'"), (["workers", "reserve", "0", "--for", ""], "''"),
        (["workers", "reserve", "0-65536", "--for", "a"], "--exclude-workers"), (["workers", "unreserve"], "workers"),
    ]) func wrongArgumentsExitWith64(_ arguments: [String], _ words: String) throws {
        let command = try Command.run(arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(words), "\(command)")
    }

    @Test func workersBeyondTheLayoutAreRefused() throws {
        let daemon = try Firnd(Self.layout)
        let command = try run(daemon, "workers", "reserve", "1,4", "--for", "legacy")
        #expect(command.exitCode == 64 && command.errors.contains("The worker 4 is past the last"), "\(command)")
    }
}
