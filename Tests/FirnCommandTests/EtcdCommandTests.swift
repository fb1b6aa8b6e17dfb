import EtcdTestSupport
import FirnTestSupport
import Foundation
import Testing

/// `firn workers` and `firn store` on a real etcd, with a real `firnd` beside them.
@Suite(.timeLimit(Firnd.patience)) struct EtcdCommandTests {
    private func daemon(_ server: EtcdServer, _ arguments: [String] = []) throws -> Firnd {
        let daemon = try Firnd(StoreCommandTests.layout + ["--window", "60s"] + arguments, store: server.location)
        // It serves its socket before it has its worker.
        _ = try id(daemon)
        return daemon
    }

    /// Once it gives one.
    private func id(_ daemon: Firnd) throws -> UInt64 {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let id = UInt64(try daemon.firn("next").output.dropLast()) { return id }
            usleep(20_000)
        }
        throw EtcdTestFailure("no ID in 30 s")
    }

    @Test func workersAreListedReleasedAndChecked() throws {
        let server = try EtcdServer()
        let daemon = try daemon(server)
        _ = try daemon.tickets("orders")
        let own = ["--store", server.location]
        let table = try Command.run(["workers"] + own)
        #expect(table.exitCode == 0 && table.errors.isEmpty, "\(table)")
        let cells = table.lines[1].split(separator: " ").map(String.init)
        #expect(cells[0...1] == ["2", "held"] && cells[4...5] == ["\(daemon.pid)", "1"])

        let check = try Command.run(["store", "check"] + own)
        #expect(check.exitCode == 0 && check.output.contains("1 of them held; 1 sequence"), "\(check)")

        let repair = ["store", "repair", "--state-dir", daemon.stateDirectory, "--raise-to", "known", "--yes"] + own
        let held = try Command.run(repair)
        #expect(held.exitCode == 75 && held.errors.contains("pid \(daemon.pid)"), "\(held)")

        let asked = try Command.run(["workers", "release", "2"] + own)
        #expect(asked.exitCode == 64 && asked.errors.contains("--yes"), "\(asked)")
        daemon.end(with: SIGKILL)
        let released = try Command.run(["workers", "release", "2", "--holder-is-dead", "--yes"] + own)
        #expect(released.exitCode == 0, "\(released)")
        let after = try Command.run(["workers", "--format", "json"] + own)
        #expect(after.output.contains("\"generation\":\"2\"") && after.output.contains("\"used\""), "\(after)")
    }

    /// Restored from a snapshot while its daemon was down: refused, and used again after a repair.
    @Test func aRestoredClusterIsRefusedUntilItIsRepaired() throws {
        let server = try EtcdServer()
        let daemon = try Firnd(StoreCommandTests.layout + ["--window", "2s"], store: server.location)
        var last = try id(daemon)
        #expect(try daemon.tickets("orders", 5) == [1, 2, 3, 4, 5])
        daemon.end(with: SIGTERM)
        try server.saveSnapshot()
        try daemon.restart(after: SIGTERM)
        last = max(last, try id(daemon))
        _ = try daemon.tickets("orders", 50)
        daemon.end(with: SIGKILL)
        server.stop()
        try server.restoreSnapshot()
        try server.restart()

        let refused = #expect(throws: Firnd.NotServing.self) { try daemon.restart(after: SIGTERM) }
        let words = try #require(refused?.log)
        #expect(words.contains("restored from an older copy"), "\(words)")
        #expect(words.contains("firn store repair --store \(server.location)"), "\(words)")
        #expect(daemon.exitCode == 78)

        let repaired = try Command.run([
            "store", "repair", "--store", server.location, "--state-dir", daemon.stateDirectory, "--raise-to", "known",
            "--skip-values", "100", "--yes",
        ])
        #expect(repaired.exitCode == 0, "\(repaired)")
        try daemon.restart(after: SIGTERM)
        #expect(try id(daemon) > last)
        #expect(try daemon.tickets("orders").first.map { $0 > 100 } == true)
    }

    @Test func aUserIsLetIn() throws {
        let server = try EtcdServer()
        try server.requirePasswords(root: "r", firn: "secret")
        let password = "/tmp/firn-password-\(UUID().uuidString)"
        try Data("secret\n".utf8).write(to: URL(fileURLWithPath: password))
        defer { try? FileManager.default.removeItem(atPath: password) }
        let own = ["--store", server.location]
        let access = ["--etcd-user", "firn", "--etcd-password-file", password]
        let daemon = try daemon(server, access)
        let table = try Command.run(["workers"] + own + access)
        #expect(table.exitCode == 0 && table.output.contains(" \(daemon.pid) "), "\(table)")
        let stranger = try Command.run(["workers"] + own)
        #expect(
            stranger.exitCode == 78 && stranger.output.isEmpty && stranger.errors.contains("--etcd-user"),
            "\(stranger)"
        )
    }

    @Test(arguments: [["workers"], ["store", "check"], ["workers", "release", "1", "--yes"]])
    func anEtcdThatIsNotThereIsNamed(_ arguments: [String]) throws {
        let server = try EtcdServer()
        server.stop()
        let command = try Command.run(arguments + ["--store", server.location, "--etcd-timeout", "500ms"])
        #expect(command.exitCode == 75 && command.output.isEmpty, "\(command)")
        #expect(command.errors.contains("\(server.endpoint): cannot connect"), "\(command)")
    }

    @Test(arguments: [
        (["--store", "etcd:"], "etcd:"), (["--store", "etcd:host:99999"], "99999"),
        (["--store", "sqlite:/tmp/x", "--etcd-user", "u"], "--etcd-user"),
        (["--store", "etcd:127.0.0.1:1", "--etcd-cert", "/tmp/x"], "--etcd-key"),
        (["--store", "etcd:127.0.0.1:1", "--etcd-timeout", "soon"], "soon"),
    ])
    func optionsThatMakeNoSenseExitWith64(_ arguments: [String], _ words: String) throws {
        let command = try Command.run(["workers"] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(words), "\(command)")
    }
}
