import FirnFiles
import FirnLayout
import FirnSQLite
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// A store put back to a copy that no window tells from the newest: what tickets were given since counts.
@Suite struct TicketRestoreTests {
    private static let arguments = ["--window", "60s", "--sequence-block", "50", "--worker", "5"]

    private func take(_ count: UInt32, of name: String = "orders", from daemon: Daemon) throws -> [UInt64] {
        try Peer.unix(daemon.socketPath).nextTickets(name, count)
    }

    /// The store is put back in place below two daemons that run. Once they have noticed, what they hold is a gap.
    @Test func daemonsThatRunDropWhatTheyHold() throws {
        try withScratch { scratch in
            let arguments = ["--store", "sqlite:\(scratch.store)", "--sequence-block", "1000"]
            try withDaemon(in: scratch, name: "first", arguments + ["--worker", "5"]) { first in
                try withDaemon(in: scratch, name: "second", arguments + ["--worker", "6"]) { second in
                    let file = try StoreFile(scratch.store)
                    let backup = scratch.file("backup.db")
                    var tickets = try take(499, from: first)
                    let limits = try [5, 6].map { try file.worker($0).limit }
                    try file.run("VACUUM INTO '\(backup)'")
                    // More than the first block has: the second is in the store, and not in the copy.
                    tickets += try take(600, from: first)
                    try eventually("both extend their windows") {
                        try zip([5, 6], limits).allSatisfy { try file.worker($0).limit > $1 }
                    }
                    try file.run("ATTACH '\(backup)' AS backup")
                    try file.run(
                        "BEGIN IMMEDIATE; DELETE FROM records; INSERT INTO records SELECT * FROM backup.records; "
                            + "UPDATE versions SET last = (SELECT last FROM backup.versions); COMMIT"
                    )
                    for daemon in [first, second] {
                        try eventually("it has noticed; \(daemon.log)") { daemon.log.contains("No ID and no ticket") }
                        #expect(throws: Status.self) { try take(3, from: daemon) }
                    }
                    var repair: Command?
                    try eventually("it can be repaired; \(repair.map { "\($0)" } ?? "")", every: .milliseconds(100)) {
                        repair = try Command.run([
                            "store", "repair", "--store", "sqlite:\(scratch.store)", "--state-dir", scratch.state,
                            "--raise-to", "known", "--skip-values", "2000", "--yes",
                        ])
                        return repair?.exitCode == 0
                    }
                    for daemon in [second, first] {
                        try eventually("it goes on; \(daemon.log)") {
                            guard let given = try? take(1, from: daemon) else { return false }
                            tickets += given
                            return true
                        }
                    }
                    for _ in 0..<10 { tickets += try take(150, from: first) + take(150, from: second) }
                    #expect(Set(tickets).count == tickets.count && tickets.count == 4101)
                }
            }
        }
    }

    /// With the last writes of all, which give back what was not used.
    @Test func aStopInOrderRemembersHowFarTheStoreCame() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.arguments) { daemon in
                _ = try take(3, from: daemon)
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
            let version = try SQLiteStore(path: scratch.store, mayMake: false).highestVersion()
            #expect(try StateDirectory(existing: scratch.state).grants().map(\.version) == [version])
        }
    }

    /// The daemon's window is not extended between the copy and its end, so nothing but the tickets tells.
    @Test(arguments: [SIGTERM, SIGKILL]) func ticketsSinceTheCopyAreNotGivenAgain(_ signal: Int32) throws {
        try withScratch { scratch in
            let backup = scratch.file("backup.db")
            var tickets: [UInt64] = []
            // A sequence that the copy does not have at all.
            var younger: [UInt64] = []
            try withDaemon(in: scratch, Self.arguments) { daemon in
                tickets += try take(600, from: daemon)
                try StoreFile(scratch.store).run("VACUUM INTO '\(backup)'")
                younger += try take(70, of: "younger", from: daemon)
                tickets += try take(100, from: daemon)
                daemon.signal(signal)
                _ = try daemon.waitForExit()
            }
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: scratch.store + suffix) }
            try FileManager.default.copyItem(atPath: backup, toPath: scratch.store)

            let (ending, error, _) = try runToEnd(
                in: scratch,
                ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            )
            #expect(ending == .exited(78))
            for words in ["restored from an older copy", "--skip-values", "firn store repair"] {
                #expect(error.contains(words), "\(words) in \(error)")
            }
            // The time is one that people read.
            #expect(error.contains(/granted 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z/), "\(error)")
            // The worker that the copy holds is waited for, or said to be dead, as the document says.
            let freed = try Command.run(
                ["workers", "release", "5", "--holder-is-dead", "--yes", "--store", "sqlite:\(scratch.store)"]
            )
            #expect(freed.exitCode == 0, "\(freed)")
            let repair = try Command.run([
                "store", "repair", "--store", "sqlite:\(scratch.store)", "--state-dir", scratch.state, "--raise-to",
                "known", "--skip-values", "1000", "--yes",
            ])
            #expect(repair.exitCode == 0, "\(repair)")
            // Tickets need no worker, and so do not wait for the floor's time.
            try withDaemon(in: scratch, ["--sequence-block", "50"]) { daemon in
                tickets += try take(100, from: daemon)
                younger += try take(70, of: "younger", from: daemon)
            }
            #expect(Set(younger).count == 140)
            #expect(Set(tickets).count == 800 && tickets == tickets.sorted())
        }
    }
}
