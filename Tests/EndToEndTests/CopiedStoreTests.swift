import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// A data directory that was copied while its daemon runs, state and all.
@Suite struct CopiedStoreTests {
    private static let fixed = ["--worker", "5", "--layout", "sonyflake", "--window", "1s"]

    private func ids(_ daemon: Daemon, _ count: Int) throws -> [UInt64] {
        let peer = try Peer.unix(daemon.socketPath)
        return try (0..<count).map { _ in try peer.nextID().rawValue }
    }

    private func arguments(_ scratch: Scratch, _ name: String, _ store: String, _ state: String) -> [String] {
        ["--listen", "unix:\(scratch.file(name + ".sock"))", "--store", "sqlite:\(store)", "--state-dir", state]
    }

    @Test func aFixedWorkerIsRefusedUntilTheCopyIsAdopted() throws {
        try withScratch { scratch in
            let (home, copy) = (scratch.file("home"), scratch.file("copy"))
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
            let copied = arguments(scratch, "second", copy + "/firn.db", copy)
            var given: [UInt64] = []
            try withDaemon(
                in: scratch,
                name: "first",
                Self.fixed + ["--store", "sqlite:\(home)/firn.db", "--state-dir", home]
            ) { first in
                given += try ids(first, 100)
                try FileManager.default.copyItem(atPath: home, toPath: copy)
                // Also once the window that was copied has passed: nothing else tells.
                for pause in [0, 1200] {
                    sleep(.milliseconds(pause))
                    let (ending, error, _) = try runToEnd(in: scratch, Self.fixed + copied)
                    #expect(ending == .exited(78))
                    for words in ["\(home)/firn.db", "\(copy)/firn.db", "firn store adopt", "worker 5"] {
                        #expect(error.contains(words), "\(words) in \(error)")
                    }
                }
                // Any other worker is told, and served.
                let auto = try Daemon(in: scratch, name: "second", arguments: copied + ["--layout", "sonyflake"])
                try withExtendedLifetime(auto) {
                    try auto.waitUntilServing()
                    #expect(auto.lines(with: "the store seems to be a copy").count == 1, "\(auto.log)")
                    auto.signal(SIGTERM)
                    #expect(try auto.waitForExit() == .exited(0))
                }
                // The original is itself, whatever happened to its copy.
                given += try ids(first, 100)
                first.signal(SIGTERM)
                #expect(try first.waitForExit() == .exited(0))
            }
            let adopted = try Command.run("store", "adopt", "--store", "sqlite:\(copy)/firn.db", "--yes")
            #expect(adopted.exitCode == 0 && adopted.output.contains("from now on"), "\(adopted)")
            let again = try Command.run("store", "adopt", "--store", "sqlite:\(copy)/firn.db", "--yes")
            #expect(again.exitCode == 0 && again.output.contains("nothing to adopt"), "\(again)")
            try withDaemon(
                in: scratch,
                name: "third",
                Self.fixed + ["--store", "sqlite:\(copy)/firn.db", "--state-dir", copy]
            ) { third in
                given += try ids(third, 100)
                #expect(third.lines(with: "seems to be a copy").isEmpty)
            }
            #expect(Set(given).count == 300)
        }
    }

    /// A directory that was moved, and one that comes back after a restart, are no copies.
    @Test func aMovedDirectoryIsTheStoreStill() throws {
        try withScratch { scratch in
            let (home, moved) = (scratch.file("home"), scratch.file("moved"))
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
            var given: [UInt64] = []
            for (place, name) in [(home, "a"), (home, "b"), (moved, "c")] {
                if place == moved { try FileManager.default.moveItem(atPath: home, toPath: moved) }
                try withDaemon(
                    in: scratch,
                    name: name,
                    Self.fixed + ["--store", "sqlite:\(place)/firn.db", "--state-dir", place]
                ) { daemon in
                    given += try ids(daemon, 100)
                    #expect(daemon.lines(with: "copy").isEmpty, "\(daemon.log)")
                    daemon.signal(SIGTERM)
                    #expect(try daemon.waitForExit() == .exited(0))
                }
            }
            #expect(Set(given).count == 300)
        }
    }
}
