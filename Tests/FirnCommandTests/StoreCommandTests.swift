import FirnSQLite
import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// `firn workers` and `firn store` on the file of a real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct StoreCommandTests {
    /// Few workers, so that it is known which is held.
    static let layout = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:12", "--worker", "2"]

    func daemon() throws -> Firnd {
        try Firnd(Self.layout + ["--window", "60s"])
    }

    func run(_ daemon: Firnd, _ arguments: String...) throws -> Command {
        try Command.run(arguments + ["--store", daemon.storeName])
    }

    func record(_ daemon: Firnd, _ worker: UInt32 = 2) throws -> WorkerRecord {
        let key = WorkerRecord.key(worker)
        let store = try SQLiteStore(path: daemon.storePath, mayMake: false)
        return try WorkerRecord(key: key, text: try #require(try store.read(key)).value)
    }

    /// Writes a record as nobody but a person with `sqlite3` would.
    func put(_ daemon: Firnd, _ key: String, _ text: String) throws {
        let store = try SQLiteStore(path: daemon.storePath, mayMake: false)
        guard case .written = try store.write(key, text, ifVersion: try store.read(key)?.version) else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    /// Looking at a file of an earlier version does not make it one of this version.
    @Test func aFileOfAnEarlierVersionIsReadAsItIs() throws {
        let daemon = try daemon()
        daemon.end(with: SIGTERM)
        func sql(_ text: String) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
            process.arguments = ["-bail", daemon.storePath, text]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            defer { process.waitUntilExit() }
            return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        let columns = "SELECT group_concat(name) FROM pragma_table_info('records')"
        let alter = "DROP TRIGGER records_sum; ALTER TABLE records DROP COLUMN sum; "
        #expect(try sql(alter + columns) == "key,value,version\n")
        for arguments in [["workers"], ["store", "check"]] {
            let command = try Command.run(arguments + ["--store", daemon.storeName])
            #expect(command.exitCode == 0 && command.errors.contains("without sums of its records"), "\(command)")
            #expect(try sql(columns) == "key,value,version\n", "\(arguments) has altered it")
        }
        try daemon.restart(after: SIGTERM)
        #expect(try sql(columns) == "key,value,version,sum\n")
        let check = try run(daemon, "store", "check")
        #expect(check.exitCode == 0 && check.errors.isEmpty, "\(check)")
    }

    @Test func workersAreListedWithTheirHolders() throws {
        let daemon = try daemon()
        let table = try run(daemon, "workers")
        #expect(table.exitCode == 0 && table.errors.isEmpty, "\(table)")
        #expect(table.lines.count == 2)
        #expect(
            table.lines[0].split(separator: " ") == [
                "worker", "state", "host", "pod", "pid", "generation", "limit", "left", "renewed", "lessee",
            ]
        )
        let cells = table.lines[1].split(separator: " ").map(String.init)
        let record = try record(daemon)
        #expect(cells[0...1] == ["2", "held"] && cells[4...5] == ["\(daemon.pid)", "1"])
        #expect(cells[2] == record.holder.host)
        let left = try #require(Double(cells[7].dropLast()))
        #expect((1...60).contains(left))

        let json = try run(daemon, "workers", "--format", "json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        )
        #expect(object["worker"] as? Int == 2 && object["state"] as? String == "held")
        #expect(object["pid"] as? Int == Int(daemon.pid) && object["generation"] as? String == "1")
        #expect(object["limitTick"] as? String == "\(record.limit)")
        #expect((1...60_000).contains(object["leftMilliseconds"] as? Int ?? 0))

        daemon.end(with: SIGTERM)
        let free = try run(daemon, "workers")
        #expect(free.lines[1].contains(" free "), "\(free)")
    }

    @Test func aGoodStoreIsSaidToBe() throws {
        let daemon = try daemon()
        _ = try daemon.tickets("orders")
        let check = try run(daemon, "store", "check")
        #expect(check.exitCode == 0 && check.errors.isEmpty, "\(check)")
        #expect(check.output.contains("1 worker with records, 1 of them held; 1 sequence"))
    }

    @Test func whatIsWrongIsToldByKeyAndExitsWith65() throws {
        let daemon = try daemon()
        daemon.end(with: SIGTERM)
        var far = try record(daemon)
        far.limit += 2 * 3_600_000
        let bad: [(key: String, text: String, words: String)] = [
            ("workers/1", "worker/1 generation=1", "limit= is missing"),
            ("workers/one", far.text, "workers/one"),
            ("workers/4", try record(daemon).text, "past the layout's last worker, 3"),
            ("workers/0", far.text, "far ahead"),
            ("sequences/a", "sequence/1 kind=plain", "sequences/a"),
            ("floor", "floor/1 limit=x", "floor"),
        ]
        for record in bad { try put(daemon, record.key, record.text) }
        var end = try record(daemon)
        end.limit = 1 << 50
        try put(daemon, "workers/3", end.text)
        let check = try run(daemon, "store", "check")
        #expect(check.exitCode == 65 && check.output.isEmpty)
        for record in bad {
            #expect(
                check.errors.split(separator: "\n").contains { $0.contains(record.key) && $0.contains(record.words) },
                "\(record.key) in \(check.errors)"
            )
        }
        #expect(check.errors.contains("the layout ends before"))
        #expect(check.errors.split(separator: "\n").count == bad.count + 1)
        let list = try run(daemon, "workers")
        #expect(list.exitCode == 65 && list.errors.contains("more: firn store check"), "\(list)")
        #expect(list.lines.contains { $0.hasPrefix("2 ") }, "the others are listed")
    }

    @Test(arguments: [
        ["workers"], ["workers", "--format", "json"], ["store", "check"], ["workers", "release", "1", "--yes"],
        ["store", "repair", "--raise-to", "2026-01-01", "--yes"],
    ])
    func aMissingStoreIsNamedAndNotMade(_ arguments: [String]) throws {
        let path = "/tmp/firn-none-\(UUID().uuidString)/firn.db"
        let command = try Command.run(arguments + ["--store", "sqlite:\(path)"])
        #expect(command.exitCode == 74 && command.output.isEmpty && command.errors.contains(path), "\(command)")
        #expect(!FileManager.default.fileExists(atPath: path))
        let variable = try Command.run(arguments, environment: ["FIRN_STORE": "sqlite:\(path)"])
        #expect(variable.exitCode == 74 && variable.errors.contains(path))
    }

    @Test(arguments: [
        (["workers", "--store", "postgres:x"], "postgres:x"), (["workers", "--store", "memory"], "inside a daemon"),
        (["workers", "release"], "worker"), (["workers", "release", "x"], "x"),
        (["store", "repair"], "--raise-to"), (["workers", "--format", "yaml"], "yaml"),
    ])
    func wrongArgumentsExitWith64(_ arguments: [String], _ words: String) throws {
        let command = try Command.run(arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(words), "\(command)")
    }

    @Test func anotherApplicationsFileIs78() throws {
        let path = "/tmp/firn-diary-\(UUID().uuidString)"
        try Data(String(repeating: "Dear diary, ", count: 500).utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let command = try Command.run("store", "check", "--store", "sqlite:\(path)")
        #expect(command.exitCode == 78 && command.errors.contains("not a Firn store"), "\(command)")
    }

    // MARK: - Release

    @Test func aReleaseAsksAndWithoutATerminalRefuses() throws {
        let daemon = try daemon()
        let before = try record(daemon)
        let command = try run(daemon, "workers", "release", "2")
        #expect(command.exitCode == 64 && command.output.isEmpty, "\(command)")
        #expect(command.errors.contains("pid \(daemon.pid)") && command.errors.contains("--yes"))
        let dead = try run(daemon, "workers", "release", "2", "--holder-is-dead")
        #expect(dead.exitCode == 64 && dead.errors.contains("stays unused until then"), "\(dead)")
        #expect(try record(daemon).generation == before.generation)
    }

    /// The holder lives: it stops, and the worker waits for what it was allowed.
    @Test func aReleasedHolderStopsAndItsLimitStays() throws {
        let daemon = try Firnd(Self.layout + ["--window", "3s"])
        let first = try #require(UInt64(try daemon.firn("next").output.dropLast()))
        let before = try record(daemon)
        let released = try run(daemon, "workers", "release", "2", "--yes")
        #expect(released.exitCode == 0 && released.output.contains("taken from its holder"), "\(released)")
        let fenced = try record(daemon)
        #expect(fenced.limit >= before.limit)
        #expect(fenced.generation == 2 && fenced.holder.pod == "firn-command")
        // It comes back as its own successor once the limit has passed, and gives out nothing below it.
        let deadline = ContinuousClock.now + .seconds(30)
        while try record(daemon).generation == 2, ContinuousClock.now < deadline { usleep(20_000) }
        let again = try record(daemon)
        #expect(again.generation == 3 && again.holder.pid == UInt32(daemon.pid))
        var next: UInt64?
        while next == nil, ContinuousClock.now < deadline { next = UInt64(try daemon.firn("next").output.dropLast()) }
        #expect(try #require(next) >> 14 >= fenced.limit)
        #expect(try #require(next) > first)
    }

    /// The record of the first command is no holder's, and is not called one.
    @Test func whatWasTakenBeforeIsNotTakenAgain() throws {
        let daemon = try daemon()
        daemon.end(with: SIGKILL)
        #expect(try run(daemon, "workers", "release", "2", "--yes").exitCode == 0)
        let taken = try record(daemon)
        let again = try run(daemon, "workers", "release", "2")
        #expect(
            again.exitCode == 0
                && again.output.hasPrefix("worker 2 was taken from its holder before, and is free from 2")
        )
        #expect(try record(daemon) == taken)
        let question = try run(daemon, "workers", "release", "2", "--holder-is-dead")
        #expect(question.errors.contains("was taken from its holder, which may use it until"), "\(question)")
        let dead = try run(daemon, "workers", "release", "2", "--holder-is-dead", "--yes")
        #expect(dead.exitCode == 0, "\(dead)")
        #expect(try record(daemon).limit < taken.limit && record(daemon).used == taken.limit)
    }

    @Test func aDeadHoldersWorkerStaysUnusedUpToItsLimit() throws {
        let daemon = try daemon()
        daemon.end(with: SIGKILL)
        let before = try record(daemon)
        let released = try run(daemon, "workers", "release", "2", "--holder-is-dead", "--yes")
        #expect(released.exitCode == 0, "\(released)")
        let after = try record(daemon)
        #expect(after.generation == before.generation + 1)
        #expect(after.limit < before.limit && after.used == before.limit)
        #expect(try run(daemon, "workers").lines[1].contains(" used "))
        let again = try run(daemon, "workers", "release", "2", "--yes")
        #expect(again.exitCode == 0 && again.output.contains("is free from then"), "\(again)")
        #expect(try record(daemon) == after)
        let never = try run(daemon, "workers", "release", "1", "--yes")
        #expect(never.exitCode == 0 && never.output.contains("never held"))
        let none = try run(daemon, "workers", "release", "4", "--yes")
        #expect(none.exitCode == 64 && none.errors.contains("3"), "\(none)")
    }

    // MARK: - Repair

    @Test func aRestoredStoreIsRefusedAndRepairedFromWhatIsKnown() throws {
        let daemon = try Firnd(Self.layout + ["--window", "2s"])
        #expect(try daemon.tickets("orders", 5) == [1, 2, 3, 4, 5])
        daemon.end(with: SIGTERM)
        let copy = try Data(contentsOf: URL(fileURLWithPath: daemon.storePath))
        let old = try record(daemon)
        try daemon.restart(after: SIGTERM)
        var last: UInt64 = 0
        for _ in 0..<5 { last = try #require(UInt64(try daemon.firn("next").output.dropLast())) }
        _ = try daemon.tickets("orders", 50)
        daemon.end(with: SIGKILL)
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: daemon.storePath + suffix) }
        try copy.write(to: URL(fileURLWithPath: daemon.storePath))
        #expect(try record(daemon) == old)

        let refused = #expect(throws: Firnd.NotServing.self) { try daemon.restart(after: SIGTERM) }
        let words = try #require(refused?.log)
        #expect(
            words.contains("restored from an older copy") && words.contains("firn store repair --store"),
            "\(words)"
        )
        #expect(daemon.exitCode == 78)

        let arguments = ["store", "repair", "--store", daemon.storeName, "--state-dir", daemon.stateDirectory]
        let unsaid = try Command.run(arguments + ["--raise-to", "known", "--yes"])
        #expect(unsaid.exitCode == 64 && unsaid.errors.contains("--skip-values"), "\(unsaid)")
        let all = arguments + ["--raise-to", "known", "--skip-values", "100"]
        let unasked = try Command.run(all)
        #expect(unasked.exitCode == 64 && unasked.errors.contains("--yes"), "\(unasked)")
        #expect(throws: Firnd.NotServing.self) { try daemon.restart(after: SIGTERM) }
        let repaired = try Command.run(all + ["--yes"])
        #expect(repaired.exitCode == 0, "\(repaired)")

        try daemon.restart(after: SIGTERM)
        let deadline = ContinuousClock.now + .seconds(30)
        var next: UInt64?
        while next == nil, ContinuousClock.now < deadline { next = UInt64(try daemon.firn("next").output.dropLast()) }
        #expect(try #require(next) > last)
        #expect(try daemon.tickets("orders").first.map { $0 > 100 } == true)
        #expect(try run(daemon, "store", "check").output.contains("repaired up to"))
    }

    /// What would use a sequence up is refused with its name, and nothing is written: no floor, and no other sequence.
    @Test func noSequenceIsUsedUpByARepair() throws {
        let daemon = try daemon()
        _ = try daemon.tickets("orders", 5)
        let small = try daemon.firn("sequence", "create", "small", "--maximum", "100")
        #expect(small.exitCode == 0, "\(small)")
        _ = try daemon.tickets("small", 40)
        daemon.end(with: SIGTERM)
        let store = try SQLiteStore(path: daemon.storePath, mayMake: false)
        let before = try store.list(prefix: "")
        func repair(_ skips: String...) throws -> Command {
            try Command.run(
                ["store", "repair", "--store", daemon.storeName, "--raise-to", "2026-01-01", "--yes"]
                    + skips.flatMap { ["--skip-values", $0] }
            )
        }
        for (skips, words) in [
            (["18446744073709551615"], ["orders (9223372036854775802 left)", "small (60 left)"]),
            (["61"], ["small (60 left)"]), (["1000", "small=61"], ["small (60 left)"]), ([], ["orders", "small"]),
            (["orders=1"], ["small"]), (["1", "smal=1"], ["smal"]), (["x"], ["'x'"]), (["=1"], ["'=1'"]),
            (["small=1=2"], ["small=1=2"]), (["-1"], ["-1"]), (["18446744073709551616"], ["18446744073709551616"]),
            (["1", "2"], ["second"]), (["1", "small=1", "small=2"], ["second"]),
        ] {
            let command = try Command.run(
                ["store", "repair", "--store", daemon.storeName, "--raise-to", "2026-01-01", "--yes"]
                    + skips.map { "--skip-values=\($0)" }
            )
            #expect(command.exitCode == 64 && command.output.isEmpty, "\(skips): \(command)")
            for word in words { #expect(command.errors.contains(word), "\(word) in \(command.errors)") }
            #expect(!command.errors.contains("orders (") || words[0].contains("orders ("), "\(command)")
        }
        #expect(try store.list(prefix: "") == before, "nothing was written")
        let repaired = try repair("1000", "small=60")
        #expect(repaired.exitCode == 0, "\(repaired)")
        try daemon.restart(after: SIGTERM)
        #expect(try daemon.tickets("orders") == [1006])
        #expect(try daemon.firn("ticket", "small").exitCode != 0, "it was said to be at its end")
    }

    @Test func aRepairWithoutAStateDirectoryWantsATime() throws {
        let daemon = try daemon()
        daemon.end(with: SIGTERM)
        let command = try Command.run([
            "store", "repair", "--store", daemon.storeName, "--state-dir", "none", "--raise-to", "known", "--yes",
        ])
        #expect(command.exitCode == 64 && command.errors.contains("--state-dir none"), "\(command)")
    }

    @Test func aRepairRefusesWhatCannotBeMeant() throws {
        let daemon = try daemon()
        func repair(_ arguments: String...) throws -> Command {
            try Command.run(
                ["store", "repair", "--store", daemon.storeName, "--state-dir", daemon.stateDirectory, "--yes"]
                    + arguments
            )
        }
        let held = try repair("--raise-to", "2026-01-01")
        #expect(held.exitCode == 75 && held.errors.contains("pid \(daemon.pid)"), "\(held)")
        daemon.end(with: SIGTERM)
        for (time, words) in [
            ("2090-01-01", "more than an hour ahead"), ("2024-12-31", "before the layout's epoch"), ("soon", "soon"),
        ] {
            let command = try repair("--raise-to", time)
            #expect(command.exitCode == 64 && command.errors.contains(words), "\(command)")
        }
        let unknown = try Command.run([
            "store", "repair", "--store", daemon.storeName, "--state-dir", "/tmp", "--yes", "--raise-to", "known",
        ])
        #expect(unknown.exitCode == 64 && unknown.errors.contains("Nothing is remembered"), "\(unknown)")
        try put(daemon, "workers/1", "rubbish")
        let broken = try repair("--raise-to", "2026-01-01")
        #expect(broken.exitCode == 65 && broken.errors.contains("workers/1"), "\(broken)")
        let store = try SQLiteStore(path: daemon.storePath, mayMake: false)
        #expect(try store.read("floor") == nil)
    }
}
