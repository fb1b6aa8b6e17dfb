import FirnFiles
import FirnLayout
import FirnSQLite
import FirnStore
import FirnWire
import Foundation
import Testing

/// Stores that were restored from an older copy, emptied or exchanged: nothing is given out that might have been.
@Suite struct SetBackTests {
    /// Puts what the store was under the daemon that has it open, in one transaction.
    @Test func aStoreRestoredUnderARunningDaemonIsNoticedBeforeTheNextWindow() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--window", "1s"]) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextTickets("orders", 3)
                let file = try StoreFile(scratch.store)
                try file.run("ATTACH '\(scratch.file("copy.db"))' AS copy")
                try file.run("CREATE TABLE copy.records AS SELECT * FROM main.records")
                try file.run("CREATE TABLE copy.versions AS SELECT * FROM main.versions")
                let worker = try #require(try peer.describe().workers.first)
                let before = try file.worker(worker).limit
                try eventually("it extends") { try file.worker(worker).limit > before + 500 }
                var last = try peer.nextID()
                _ = try peer.nextTickets("orders", 100)
                try file.run(
                    """
                    BEGIN IMMEDIATE; DELETE FROM main.records; DELETE FROM main.versions;
                    INSERT INTO main.records SELECT * FROM copy.records;
                    INSERT INTO main.versions SELECT * FROM copy.versions; COMMIT
                    """
                )
                var message = ""
                try eventually("it refuses; it said \(message)") {
                    switch try peer.call(.nextID) {
                    case .nextID(let id): last = max(last, id)
                    case .error(let status): message = status.message
                    default: throw TestFailure("neither")
                    }
                    return message.contains("restored from an older copy")
                }
                #expect(message.contains("firn store repair --store sqlite:\(scratch.store)"))
                try daemon.waitUntilItSays("restored from an older copy")
                // Neither is anything else written to it.
                let tickets = try peer.call(.nextTickets(sequence: Name("others")!, count: 1), timeoutMilliseconds: 500)
                guard case .error(let status) = tickets else { throw TestFailure("\(tickets)") }
                #expect(status.code == .unavailable || status.code == .deadlineExceeded)

                // As the command does: no ID below the present minute.
                let now = UTCTime(unixNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
                let tick = try #require(Layout.snowflake.tick(atUnixNanoseconds: now.unixNanoseconds)) + 2000
                let limit = StoreInstant(tick: tick, unixMilliseconds: now.unixMilliseconds + 2000)
                let store = try SQLiteStore(path: scratch.store, mayMake: false)
                _ = try FloorRecord(limit: limit, host: "test", raisedAtUnixMilliseconds: 0).raise(store)
                try eventually("it goes on once that has come") { (try? peer.nextID()).map { last = $0 } != nil }
                #expect(Layout.snowflake.decode(last).time! >= tick)
            }
        }
    }

    /// Another daemon starts on a new file where the first one's was.
    @Test func aNewStoreInTheOldOnesPlaceIsRefused() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, name: "first", ["--window", "60s"]) { first in
                let peer = try Peer.unix(first.socketPath)
                var ids = try (0..<100).map { _ in try peer.nextID().rawValue }
                try eventually("it has written down what it was granted") {
                    !((try? StateDirectory(existing: scratch.state).grants()) ?? []).isEmpty
                }
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(
                        atPath: scratch.store + suffix,
                        toPath: scratch.file("old" + suffix)
                    )
                }
                let (ending, error, _) = try runToEnd(
                    in: scratch,
                    ["--listen", "unix:\(scratch.file("second.sock"))", "--store", "sqlite:\(scratch.store)"]
                )
                #expect(ending == .exited(78))
                #expect(error.contains("is another one") && error.contains("Put that one back"), "\(error)")
                // Which is not what it says without a journal: then the old one's window and the new one's overlap.
                ids += try (0..<100).map { _ in try peer.nextID().rawValue }
                #expect(Set(ids).count == 200)
            }
        }
    }

    /// A daemon that dies between two writes of its journal and the store's must not be locked out.
    @Test func noKillMakesADaemonMistakeItsStore() throws {
        try withScratch { scratch in
            for round in 0..<40 {
                let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
                let daemon = try Daemon(in: scratch, arguments: arguments + ["--window", "60ms", "--shards", "1"])
                try withExtendedLifetime(daemon) {
                    try eventually("it serves; it says: \(daemon.log)") {
                        if let ending = daemon.reap() { throw TestFailure("\(ending): \(daemon.log)") }
                        return (try? Peer.unix(daemon.socketPath).nextID()) != nil
                    }
                    sleep(.microseconds(Int.random(in: 0...120_000)))
                    // Some are told to stop, and killed while they do.
                    if round % 2 == 0 {
                        daemon.signal(SIGTERM)
                        sleep(.microseconds(Int.random(in: 0...10_000)))
                    }
                    daemon.signal(SIGKILL)
                    _ = try daemon.waitForExit()
                }
            }
            #expect(try StateDirectory(existing: scratch.state).grants().count == 1, "one file, taken over each time")
        }
    }

    @Test func whatIsRememberedCanBeDoneWithout() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--state-dir", "none"]) { daemon in
                _ = try Peer.unix(daemon.socketPath).nextID()
                #expect(daemon.log.contains("--state-dir none"))
            }
            #expect(!FileManager.default.fileExists(atPath: scratch.state))
        }
    }

    @Test func aStateDirectoryThatCannotBeIsNamed() throws {
        try withScratch { scratch in
            let file = try scratch.write("file", "")
            let (ending, error, _) = try runToEnd(
                in: scratch,
                [
                    "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)",
                    "--state-dir", file + "/state",
                ]
            )
            #expect(ending == .exited(74))
            #expect(error.contains(file) && error.contains("--state-dir"))
        }
    }

    /// Whoever can write in a directory could lay a link there.
    @Test func aLinkInPlaceOfTheMemoryIsRefused() throws {
        try withScratch { scratch in
            try FileManager.default.createDirectory(atPath: scratch.state, withIntermediateDirectories: false)
            let victim = try scratch.write("victim", "precious")
            let file = scratch.state + "/granted-0"
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: victim)
            let (ending, error, _) = try runToEnd(
                in: scratch,
                ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            )
            #expect(ending == .exited(74))
            #expect(error.contains(file))
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
        }
    }
}
