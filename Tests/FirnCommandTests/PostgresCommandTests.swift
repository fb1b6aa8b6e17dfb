import EtcdTestSupport
import FirnTestSupport
import Foundation
import PostgresTestSupport
import Testing

/// `firn workers` and `firn store` on a real PostgreSQL, with a real `firnd` beside them.
@Suite(.timeLimit(Firnd.patience)) struct PostgresCommandTests {
    @Test func workersAreListedReleasedAndChecked() throws {
        let server = try PostgresServer()
        let role = try server.makeRole()
        let location = server.location(role: role)
        let own = ["--store", location]
        // A command makes nothing: a name that is wrong is told.
        let none = try Command.run(["workers"] + own)
        #expect(none.exitCode == 74, "\(none)")
        #expect(none.output.isEmpty && none.errors.contains("no table firn that this role sees"), "\(none)")

        let daemon = try Firnd(StoreCommandTests.layout + ["--window", "60s"], store: location)
        _ = try daemon.tickets("orders")
        let table = try Command.run(["workers"] + own)
        #expect(table.exitCode == 0 && table.errors.isEmpty, "\(table)")
        let cells = table.lines[1].split(separator: " ").map(String.init)
        #expect(cells[0...1] == ["2", "held"] && cells[4...5] == ["\(daemon.pid)", "1"])
        let check = try Command.run(["store", "check"] + own)
        #expect(check.exitCode == 0 && check.output.contains("1 of them held; 1 sequence"), "\(check)")
        let repair = ["store", "repair", "--state-dir", daemon.stateDirectory, "--raise-to", "known", "--yes"] + own
        let held = try Command.run(repair)
        #expect(held.exitCode == 75 && held.errors.contains("pid \(daemon.pid)"), "\(held)")
        daemon.end(with: SIGKILL)
        let released = try Command.run(["workers", "release", "2", "--holder-is-dead", "--yes"] + own)
        #expect(released.exitCode == 0, "\(released)")
        let after = try Command.run(["workers", "--format", "json"] + own)
        #expect(after.output.contains("\"generation\":\"2\"") && after.output.contains("\"used\""), "\(after)")

        // A row that was edited by hand is named, with what is wrong with it.
        try server.sql("UPDATE \(role).firn SET value = 'worker/1 by hand' WHERE key = 'workers/2'")
        let edited = try Command.run(["store", "check"] + own)
        #expect(edited.exitCode == 65 && (edited.output + edited.errors).contains("workers/2"), "\(edited)")
        // Daemons refuse to start then.
        try server.sql("SELECT setval('\(role).firn_version', 1)")
        let setBack = try Command.run(["store", "check"] + own)
        #expect(setBack.exitCode == 65 && setBack.errors.contains("SELECT setval("), "\(setBack)")
    }

    @Test(arguments: [["workers"], ["store", "check"], ["workers", "release", "1", "--yes"]])
    func aServerThatIsNotThereIsNamed(_ arguments: [String]) throws {
        let port = try freePorts(1)[0]
        let store = ["--store", "postgres://firn@127.0.0.1:\(port)/firn", "--postgres-timeout", "500ms"]
        let command = try Command.run(arguments + store)
        #expect(command.exitCode == 75 && command.output.isEmpty, "\(command)")
        #expect(command.errors.contains("127.0.0.1:\(port): cannot connect"), "\(command)")
    }

    @Test(arguments: [
        (["--store", "postgres://u:hunter2@h/d"], "password file"),
        (["--store", "postgres://h/d?nonsense=1"], "nonsense"),
        (["--store", "sqlite:/tmp/x", "--postgres-timeout", "1s"], "--postgres-timeout"),
    ])
    func optionsThatMakeNoSenseExitWith64(_ arguments: [String], _ words: String) throws {
        let command = try Command.run(["workers"] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(words), "\(command)")
        #expect(!command.errors.contains("hunter2"))
    }
}
