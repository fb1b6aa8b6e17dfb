import FirnStore
import FirnWire
import Foundation
import Testing

/// Stores that a daemon must not or cannot use: it does not start, and says why.
@Suite struct StoreRefusalTests {
    private func start(in scratch: Scratch, _ arguments: [String]) throws -> (ending: Daemon.Ending, error: String) {
        let (ending, error, _) = try runToEnd(
            in: scratch,
            ["--listen", "unix:\(scratch.file("firn.sock"))"] + arguments
        )
        #expect(!error.contains("Fatal") && !error.contains("serving"))
        return (ending, error)
    }

    @Test func anotherLayout() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch) { _ in }
            let (ending, error) = try start(
                in: scratch,
                ["--store", "sqlite:\(scratch.store)", "--layout", "sonyflake"]
            )
            #expect(ending == .exited(78))
            #expect(error.contains("snowflake") && error.contains("sonyflake"))
            try withDaemon(in: scratch) { _ = try Peer.unix($0.socketPath).nextID() }
        }
    }

    @Test func anotherApplicationsDatabase() throws {
        try withScratch { scratch in
            let path = scratch.file("songs.db")
            try StoreFile.makeForeign(path)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let (ending, error) = try start(in: scratch, ["--store", "sqlite:\(path)"])
            #expect(ending == .exited(78))
            #expect(error.contains("another application"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    /// A file of an earlier version is altered at the start, which another process's lock prevents.
    @Test func aLockedFileOfAnEarlierVersionIsTriedAgainForAWhile() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch) { _ in }
            let file = try StoreFile(scratch.store)
            try file.run("DROP TRIGGER records_sum; ALTER TABLE records DROP COLUMN sum; BEGIN IMMEDIATE")
            let arguments = ["--store", "sqlite:\(scratch.store)"]
            let begun = ContinuousClock.now
            let (ending, error) = try start(in: scratch, arguments)
            #expect(ending == .exited(74) && begun.duration(to: .now) > .seconds(9), "\(error)")
            #expect(error.contains("the store's file is locked; it is tried again"), "\(error)")
            let last = error.split(separator: "\n").last ?? ""
            #expect(last.hasPrefix("firnd: cannot open the store") && last.contains("another process keeps it locked"))
            #expect(!last.contains("again"), "it is not, by then")

            let socket = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            let daemon = try Daemon(in: scratch, arguments: socket + arguments)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilItSays("the store's file is locked; it is tried again")
                try file.run("ROLLBACK")
                try daemon.waitUntilServing()
                _ = try Peer.unix(daemon.socketPath).nextID()
            }
        }
    }

    @Test func noDatabase() throws {
        try withScratch { scratch in
            let path = try scratch.write("diary.txt", String(repeating: "Dear diary, ", count: 1000))
            let (ending, error) = try start(in: scratch, ["--store", "sqlite:\(path)"])
            #expect(ending == .exited(78))
            #expect(error.contains("not a Firn store"))
            #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("Dear diary"))
        }
    }

    /// Nobody, not even root, can write below a file or in /proc.
    @Test func whereNothingCanBeWritten() throws {
        try withScratch { scratch in
            let file = try scratch.write("file", "")
            for path in [file + "/firn.db", "/proc/firn.db", "/proc/firn/firn.db"] {
                let (ending, error) = try start(in: scratch, ["--store", "sqlite:\(path)"])
                #expect(ending == .exited(74))
                #expect(
                    error.contains(
                        path.hasSuffix("/firn/firn.db") ? "/proc/firn" : path.hasPrefix("/proc") ? path : file
                    )
                )
            }
        }
    }

    @Test func aRefusedDaemonLeavesNoSocket() throws {
        try withScratch { scratch in
            let file = try scratch.write("file", "")
            _ = try start(in: scratch, ["--store", "sqlite:\(file)/firn.db"])
            #expect(!FileManager.default.fileExists(atPath: scratch.file("firn.sock")))
        }
    }

    /// Somebody's clock was ahead, or ours is behind: an hour is borne, five are not. `FarAheadWorkerTests` has years.
    @Test func aClockFarBehindTheStore() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--worker", "3"]) { _ in }
            let store = try StoreFile(scratch.store)
            var record = try store.worker(3)
            record.limit += 5 * 3_600_000
            try store.run("UPDATE versions SET last = last + 1000")
            try store.run(
                "UPDATE records SET value = '\(record.text)', version = version + 1000 WHERE key = 'workers/3'"
            )
            let (ending, error) = try start(in: scratch, ["--store", "sqlite:\(scratch.store)"])
            #expect(ending == .exited(78))
            #expect(error.contains("worker 3") && error.contains("--clock-tolerance"))
            #expect(error.contains("firn workers release 3 --holder-is-dead"))
        }
    }
}
