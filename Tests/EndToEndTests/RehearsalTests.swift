import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// What a message or OPERATIONS.md tells an operator to do, done: with every ID counted, past the time up to which they might
/// come again.
@Suite struct RehearsalTests {
    private static let worker = ["--worker", "5", "--window", "1s", "--shards", "1"]

    private func firn(_ scratch: Scratch, _ words: String...) throws -> Command {
        try Command.run(words + ["--store", "sqlite:\(scratch.store)"])
    }

    private func count(_ spans: [Harvest.Span]) -> Harvest {
        var harvest = Harvest(layout: .snowflake)
        harvest.add(spans)
        return harvest
    }

    /// A host's clock is two hours ahead, and is set right. The daemons start again, the worker stays unused, and two hours
    /// later nothing comes again.
    @Test func aClockThatWasAhead() throws {
        try withScratch { scratch in
            let began = ContinuousClock.now
            var spans: [Harvest.Span] = []
            try withDaemon(in: scratch, name: "ahead", Self.worker + ["--clock-offset=+2h"]) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                sleep(.milliseconds(1500))
                daemon.signal(SIGKILL)
                _ = try daemon.waitForExit()
                try reapers.stop()
                spans = try reapers.takeAll()
            }
            #expect(count(spans).count > 1000)
            let limit = try StoreFile(scratch.store).worker(5).limit

            let arguments = Self.worker + ["--listen", "unix:\(scratch.file("firn.sock"))"]
            let store = ["--store", "sqlite:\(scratch.store)"]
            let (ending, error, _) = try runToEnd(in: scratch, arguments + store)
            #expect(ending == .exited(78) && error.contains("firn workers release 5 --holder-is-dead"), "\(error)")
            let check = try firn(scratch, "store", "check")
            #expect(check.exitCode == 65, "\(check)")
            #expect(check.errors.contains("firn workers release 5 --holder-is-dead"), "\(check)")
            let released = try firn(scratch, "workers", "release", "5", "--holder-is-dead", "--yes")
            #expect(released.exitCode == 0, "\(released)")
            let good = try firn(scratch, "store", "check")
            #expect(good.exitCode == 0 && good.output.contains("worker 5 stays unused until"), "\(good)")
            #expect(try firn(scratch, "workers").output.contains(" used "))
            let again = try firn(scratch, "workers", "release", "5", "--holder-is-dead", "--yes")
            #expect(again.exitCode == 0 && again.output.contains("is free from then"), "\(again)")
            #expect(try StoreFile(scratch.store).worker(5).freeFrom == limit)

            // With another number, as both say, or with none.
            for rule in ["6", "auto"] {
                try withDaemon(in: scratch, ["--worker", rule, "--window", "1s"]) { daemon in
                    let peer = try Peer.unix(daemon.socketPath)
                    let id = try peer.nextID()
                    #expect(Layout.snowflake.decode(id).worker != 5)
                    daemon.signal(SIGTERM)
                    _ = try daemon.waitForExit()
                }
            }
            try withDaemon(in: scratch, Self.worker) { daemon in
                guard case .error(let status) = try Peer.unix(daemon.socketPath).call(.nextID) else {
                    throw TestFailure("it serves")
                }
                #expect(status.message.contains("worker 5 was used up to"), "\(status)")
                #expect(status.message.contains("another --worker or 'auto'"), "\(status)")
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }

            // Two hours later, less a little: through the same milliseconds, and past them.
            let elapsed = Int(began.duration(to: .now) / .milliseconds(1)) + 500
            try withDaemon(in: scratch, Self.worker + ["--clock-offset=+\(7_200_000 - elapsed)ms"]) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                try eventually("it serves when that has passed; it says: \(daemon.log)") { daemon.serves }
                sleep(.milliseconds(200))
                try reapers.stop()
                spans += try reapers.takeAll()
            }
            let harvest = count(spans)
            print("a clock that was ahead: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
            #expect(harvest.duplicates == 0)
            // And the record is one that earlier versions know again.
            #expect(try StoreFile(scratch.store).worker(5).used == nil)
        }
    }

    /// A store is restored, and the repair is given a time, where a daemon's clock was ahead of that: by less than an hour,
    /// which the floor then covers, or by more, for which the worker is kept unused.
    @Test(arguments: [10_000, 7_200_000]) func aRepairToATimeKeepsWhatIsRememberedHere(_ ahead: Int) throws {
        try withScratch { scratch in
            let copy = scratch.file("copy.db")
            try withDaemon(in: scratch, ["--worker", "1", "--window", "1s"]) { daemon in
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            try StoreFile(scratch.store).run("VACUUM INTO '\(copy)'")
            let began = ContinuousClock.now
            var spans: [Harvest.Span] = []
            let state = scratch.file("state-ahead")
            let arguments = Self.worker + ["--state-dir", state, "--clock-offset=+\(ahead)ms"]
            try withDaemon(in: scratch, name: "ahead", arguments) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
                sleep(.milliseconds(300))
                try reapers.stop()
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
                spans = try reapers.takeAll()
            }
            #expect(count(spans).count > 1000)
            let last = try #require(spans.map(\.last).max())
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: scratch.store + suffix) }
            try FileManager.default.copyItem(atPath: copy, toPath: scratch.store)

            let time = UTCTime(unixMilliseconds: UInt64(Date().timeIntervalSince1970 * 1000) + 2000)
            let words = ["--state-dir", state, "--raise-to", "\(time)", "--skip-values", "0", "--yes"]
            let repair = try Command.run(["store", "repair", "--store", "sqlite:\(scratch.store)"] + words)
            #expect(repair.exitCode == 0, "\(repair)")
            #expect(repair.output.contains("worker 5 stays unused until") == (ahead > 3_600_000), "\(repair)")

            // Through the same milliseconds once more, and past them, by a daemon that remembers nothing of them.
            let elapsed = Int(began.duration(to: .now) / .milliseconds(1)) + 500
            try withDaemon(in: scratch, Self.worker + ["--clock-offset=+\(ahead - elapsed)ms"]) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                try eventually("it gives IDs past the last of them; it says: \(daemon.log)") {
                    guard case .nextID(let id) = try Peer.unix(daemon.socketPath).call(.nextID) else { return false }
                    return id.rawValue > last
                }
                try reapers.stop()
                spans += try reapers.takeAll()
            }
            let harvest = count(spans)
            print("a repair to a time, \(ahead) ms ahead: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
            #expect(harvest.duplicates == 0)
        }
    }

    /// `workers release`, with and without the statement that the holder is dead, while it is paused and goes on after.
    @Test(arguments: [[], ["--holder-is-dead"]]) func aWorkerTakenFromAHolderThatLives(_ flags: [String]) throws {
        try withScratch { scratch in
            let window = ["--worker", "5", "--window", "2s", "--shards", "1"]
            try withDaemon(in: scratch, name: "paused", window) { paused in
                let first = Reapers(of: paused.socketPath)
                defer { _ = try? first.stop() }
                sleep(.milliseconds(300))
                try paused.pause(outsideOfWritesTo: scratch.store)
                let words = ["workers", "release", "5", "--yes", "--store", "sqlite:\(scratch.store)"] + flags
                let released = try Command.run(words)
                #expect(released.exitCode == 0, "\(released)")
                try withDaemon(in: scratch, name: "other", window) { other in
                    let second = Reapers(of: other.socketPath)
                    defer { _ = try? second.stop() }
                    // It goes on within what it was granted, unless that has passed already.
                    paused.signal(SIGCONT)
                    try eventually("one of them has the worker; it says: \(other.log)") {
                        other.serves || paused.serves
                    }
                    sleep(.milliseconds(500))
                    for reapers in [first, second] { try reapers.stop() }
                    let harvest = count(try first.takeAll() + second.takeAll())
                    #expect(harvest.duplicates == 0 && harvest.count > 1000, "\(harvest.duplicates)")
                }
            }
        }
    }

    /// A store that was lost, or restored from a copy: refused, repaired from what is known, and used again.
    @Test(arguments: ["lost", "restored"]) func aStoreThatIsRepairedFromWhatIsKnown(_ how: String) throws {
        try withScratch { scratch in
            var spans: [Harvest.Span] = []
            func harvest(_ peerOf: Daemon, for duration: Duration) throws {
                let reapers = Reapers(of: peerOf.socketPath)
                sleep(duration)
                peerOf.signal(SIGTERM)
                _ = try peerOf.waitForExit()
                try reapers.stop()
                spans += try reapers.takeAll()
            }
            try withDaemon(in: scratch, Self.worker) { daemon in
                let file = try StoreFile(scratch.store)
                let before = try file.worker(5).limit
                // As .backup does; nobody writes meanwhile, and the log has nothing that the file lacks.
                try file.run("PRAGMA wal_checkpoint(TRUNCATE); BEGIN IMMEDIATE")
                try FileManager.default.copyItem(atPath: scratch.store, toPath: scratch.file("copy.db"))
                try file.run("COMMIT")
                try eventually("it extends") { try file.worker(5).limit > before }
                try harvest(daemon, for: .milliseconds(300))
            }
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: scratch.store + suffix) }
            if how == "restored" {
                try FileManager.default.copyItem(atPath: scratch.file("copy.db"), toPath: scratch.store)
            }
            let arguments = Self.worker + ["--listen", "unix:\(scratch.file("firn.sock"))"]
            let (ending, error, _) = try runToEnd(in: scratch, arguments + ["--store", "sqlite:\(scratch.store)"])
            #expect(ending == .exited(78) && error.contains("firn store repair"), "\(error)")
            var repaired: Command?
            try eventually("it can be repaired: \(repaired.map { "\($0)" } ?? "")", every: .milliseconds(100)) {
                repaired = try firn(
                    scratch,
                    "store",
                    "repair",
                    "--state-dir",
                    scratch.state,
                    "--raise-to",
                    "known",
                    "--yes"
                )
                return repaired?.exitCode == 0
            }
            try withDaemon(in: scratch, Self.worker) { daemon in
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
                try harvest(daemon, for: .milliseconds(300))
            }
            #expect(count(spans).duplicates == 0 && count(spans).count > 1000)
        }
    }

    /// The very file is put back: the daemon goes on, also where another one was in its place meanwhile.
    @Test func aReplacedFileThatIsPutBack() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.worker) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                defer { _ = try? reapers.stop() }
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(
                        atPath: scratch.store + suffix,
                        toPath: scratch.file("away" + suffix)
                    )
                }
                try eventually("it refuses") { !daemon.serves && daemon.log.contains("removed or replaced") }
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(
                        atPath: scratch.file("away" + suffix),
                        toPath: scratch.store + suffix
                    )
                }
                try eventually("it goes on; it says: \(daemon.log)") { daemon.serves }
                sleep(.milliseconds(200))
                try reapers.stop()
                #expect(count(try reapers.takeAll()).duplicates == 0)
            }
        }
    }
}
