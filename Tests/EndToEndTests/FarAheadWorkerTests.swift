import EtcdTestSupport
import FirnEtcd
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// A host's clock was ten years ahead for a few seconds.
@Suite struct FarAheadWorkerTests {
    private static let tenYears = "--clock-offset=+87600h"

    @Test func keepsNoOtherDaemonFromStarting() throws {
        try withScratch { scratch in
            let location = "sqlite:\(scratch.store)"
            let far = try runAhead(in: scratch, location) { try StoreFile(scratch.store).worker(7) }
            try expectOthersToStart(in: scratch, location)
            // Taken from its holder, it stays unused all the same.
            let released = try Command.run(
                "workers",
                "release",
                "7",
                "--holder-is-dead",
                "--yes",
                "--store",
                location
            )
            #expect(released.exitCode == 0, "\(released)")
            #expect(try StoreFile(scratch.store).worker(7).freeFrom == far.limit)
            #expect(try Command.run("store", "check", "--store", location).exitCode == 0)
        }
    }

    @Test func keepsNoOtherDaemonFromStartingWithEtcd() throws {
        let server = try EtcdServer()
        try withScratch { scratch in
            let store = EtcdStore(EtcdConfiguration(endpoints: [server.endpoint]))
            let far = try runAhead(in: scratch, server.location) { try record(store) }
            try expectOthersToStart(in: scratch, server.location)
            #expect(try record(store) == far, "its range is not freed")
        }
    }

    private func record(_ store: EtcdStore) throws -> WorkerRecord {
        guard let stored = try store.read("workers/7") else { throw TestFailure("there is no record workers/7") }
        return try WorkerRecord(key: "workers/7", text: stored.value)
    }

    /// - Returns: the record of worker 7, whose holder was killed.
    private func runAhead(
        in scratch: Scratch,
        _ location: String,
        _ record: () throws -> WorkerRecord
    ) throws -> WorkerRecord {
        try withDaemon(in: scratch, name: "ahead", ["--store", location, "--worker", "7", Self.tenYears]) { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
        }
        return try record()
    }

    private func expectOthersToStart(in scratch: Scratch, _ location: String) throws {
        for rule in ["auto", "8", "auto"] {
            let arguments = ["--store", location, "--worker", rule, "--admin", "127.0.0.1:0"]
            try withDaemon(in: scratch, arguments) { daemon in
                let id = try Peer.unix(daemon.socketPath).nextID()
                #expect(Layout.snowflake.decode(id).worker != 7)
                try eventually("the log names it: \(daemon.log)") {
                    daemon.lines(with: "a worker's record is far ahead").contains {
                        $0.contains(" warning ") && $0.contains("worker=7") && $0.contains("until=")
                    }
                }
                let port = try daemon.httpPort("admin")
                try eventually("the metric counts it") {
                    try HTTPPeer.ask("GET", "/metrics", port: port).body.contains("\nfirn_store_workers_far_ahead 1\n")
                }
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
        }
        // What it cannot have, and until when; the same from --check, which asks no etcd.
        let year = Calendar(identifier: .gregorian).component(.year, from: Date(timeIntervalSinceNow: 87600 * 3600))
        for check in location.hasPrefix("etcd:") ? [[]] : [["--check"], []] {
            let arguments = ["--store", location, "--worker", "7", "--listen", "unix:\(scratch.file("firn.sock"))"]
            let (ending, error, _) = try runToEnd(in: scratch, check + arguments)
            #expect(ending == .exited(78) && error.contains("worker 7 was used up to \(year)-"), "\(error)")
            #expect(error.contains("another --worker or 'auto'"), "\(error)")
        }
        let check = try Command.run("store", "check", "--store", location)
        #expect(
            check.exitCode == 65 && check.errors.contains("limit of workers/7 is")
                && check.errors.contains("far ahead"),
            "\(check)"
        )
    }
}
