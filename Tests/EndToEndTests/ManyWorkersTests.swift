import EtcdTestSupport
import FirnEtcd
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Synchronization
import Testing

/// A start reads as much of a store with thousands of live workers as of an empty one.
@Suite struct ManyWorkersTests {
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:16,sequence:6"
    private static let epoch: Double = 1_735_689_600

    /// Held by as many hosts for the next minutes.
    private func record(_ worker: UInt32) -> WorkerRecord {
        let now = UInt64((Date().timeIntervalSince1970 - Self.epoch) * 1000)
        return WorkerRecord(
            generation: 1,
            limit: now + 600_000,
            holder: Holder(host: "host-\(worker)", pod: nil, pid: 1, instance: UInt64(worker)),
            writeToken: UInt64(worker) + 1,
            renewedAtUnixMilliseconds: 1
        )
    }

    @Test func ofSixtyThousandInAFile() throws {
        let empty = try withScratch { try countOfCalls(in: $0, "sqlite:\($0.store)") }
        let full = try withScratch { scratch in
            _ = try countOfCalls(in: scratch, "sqlite:\(scratch.store)")
            let file = try StoreFile(scratch.store)
            try file.run("BEGIN")
            for worker in 0..<60_000 as Range<UInt32> {
                try file.run(
                    "INSERT OR IGNORE INTO records (key, value, version) VALUES ('workers/\(worker)', "
                        + "'\(record(worker).text)', 1)"
                )
            }
            try file.run("COMMIT")
            return try countOfCalls(in: scratch, "sqlite:\(scratch.store)")
        }
        print("calls to SQLite until the first ID: \(empty) with an empty store, \(full) with 60,000 workers")
        #expect(full.lists == empty.lists && empty.lists == 1)
        #expect(full.reads <= empty.reads + 1 + 4 + 16 + 64, "the clock, and three probes")
    }

    @Test func ofTwoThousandInEtcd() throws {
        let server = try EtcdServer()
        let empty = try withScratch { try countOfCalls(in: $0, server.location) }
        let store = EtcdStore(EtcdConfiguration(endpoints: [server.endpoint]))
        let failures = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 2000) { number in
            let worker = UInt32(number)
            let written = try? store.write(WorkerRecord.key(worker), record(worker).text, ifVersion: nil).version
            if written == nil { failures.withLock { $0 += 1 } }
        }
        #expect(failures.withLock { $0 } <= 1, "the first daemon may have had one of them")
        let full = try withScratch { try countOfCalls(in: $0, server.location) }
        print("calls to etcd until the first ID: \(empty) with an empty store, \(full) with 2,000 workers")
        #expect(full.lists == empty.lists && empty.lists == 1)
        #expect(full.reads <= empty.reads + 1 + 4 + 16 + 64, "the clock, and three probes")
    }

    /// Before the daemon has testified, a second after its first ID.
    private func countOfCalls(in scratch: Scratch, _ location: String) throws -> (lists: Double, reads: Double) {
        let arguments = ["--store", location, "--layout", Self.layout, "--admin", "127.0.0.1:0"]
        return try withDaemon(in: scratch, arguments) { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
            let metrics = try HTTPPeer.ask("GET", "/metrics", port: try daemon.httpPort("admin")).body
            daemon.signal(SIGTERM)
            _ = try daemon.waitForExit()
            func count(_ operation: String) -> Double {
                metrics.split(separator: "\n").first {
                    $0.hasPrefix("firn_store_operations_total{operation=\"\(operation)\",outcome=\"ok\"}")
                }?.split(separator: " ").last.flatMap { Double($0) } ?? 0
            }
            return (count("list"), count("read"))
        }
    }
}
