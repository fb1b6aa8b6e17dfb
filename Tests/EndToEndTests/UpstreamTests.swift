import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// Daemons whose store is another daemon's (`--store firn:…`): sidecars of which only one connects to the store itself.
@Suite struct UpstreamTests {
    private static func upstream(in scratch: Scratch, _ more: [String] = []) throws -> Daemon {
        let daemon = try Daemon(
            in: scratch,
            name: "upstream",
            arguments: ["--listen", "unix:" + scratch.file("upstream.sock"), "--store", "sqlite:" + scratch.store]
                + more
        )
        return daemon
    }

    private static func sidecar(_ number: Int, in scratch: Scratch, _ more: [String] = []) throws -> Daemon {
        let name = "sidecar\(number)"
        return try Daemon(
            in: scratch,
            name: name,
            arguments: [
                "--listen", "unix:" + scratch.file(name + ".sock"), "--store",
                "firn:unix:" + scratch.file("upstream.sock"),
                "--window", "6s",
            ] + more
        )
    }

    private static func values(_ outcome: Response.Outcome) throws -> [UInt64] {
        switch outcome {
        case .nextTickets(let runs): return runs.flatMap { $0.map(\.rawValue) }
        case .error(let status): throw status
        default: throw TestFailure("\(outcome)")
        }
    }

    @Test func sidecarsHaveWorkersAndSequencesOfTheStoreBehind() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            let sidecars = try (0..<3).map { try Self.sidecar($0, in: scratch) }
            for sidecar in sidecars { try sidecar.waitUntilServing() }
            let peers = try ([upstream] + sidecars).map { try Peer.unix($0.socketPath) }
            #expect(Set(try peers.flatMap { try $0.describe().workers }).count == 4)
            var ids: Set<UInt64> = []
            var tickets: Set<UInt64> = []
            for _ in 0..<200 {
                for peer in peers {
                    ids.insert(try peer.nextID().rawValue)
                    tickets.formUnion(
                        try Self.values(peer.call(.nextTickets(sequence: Name("orders")!, count: 3)))
                    )
                }
            }
            #expect(ids.count == 800 && tickets.count == 2400)
            // What a sidecar did not use goes back, as with any store.
            let store = try StoreFile(scratch.store)
            let worker = try peers[1].describe().workers[0]
            sidecars[0].signal(SIGTERM)
            #expect(try sidecars[0].waitForExit() == .exited(0))
            let limit = try store.worker(worker).limit
            let now = Layout.snowflake.tick(atUnixNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))!
            #expect(limit <= now + 1000)
            withExtendedLifetime(upstream) {}
        }
    }

    /// To a sidecar the loss of its upstream is what the loss of a store is.
    @Test func aSidecarServesOnWhileItsUpstreamIsAwayAndAfterwards() throws {
        try withScratch { scratch in
            var upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            let sidecar = try Self.sidecar(0, in: scratch, ["--window", "60s"])
            try sidecar.waitUntilServing()
            let peer = try Peer.unix(sidecar.socketPath)
            var ids: Set<UInt64> = []
            for round in 0..<4 {
                for _ in 0..<200 { ids.insert(try peer.nextID().rawValue) }
                upstream.signal(SIGKILL)
                _ = try upstream.waitForExit()
                for _ in 0..<200 { ids.insert(try peer.nextID().rawValue) }
                upstream = try Self.upstream(in: scratch, ["--serve-store"])
                try upstream.waitUntilServing()
                // The store is reached again: a new sequence needs it.
                try eventually("tickets come again by themselves") {
                    (try? Self.values(peer.call(.nextTickets(sequence: Name("s.\(round)")!, count: 1)))) == [1]
                }
            }
            #expect(ids.count == 1600)
            withExtendedLifetime(upstream) {}
        }
    }

    @Test func aSidecarMayStartBeforeItsUpstream() throws {
        try withScratch { scratch in
            let sidecar = try Self.sidecar(0, in: scratch)
            try sidecar.waitUntilServing()
            let peer = try Peer.unix(sidecar.socketPath)
            guard case .error(let status) = try peer.call(.nextID) else { throw TestFailure("it has no worker yet") }
            #expect(status.code == .unavailable)
            let upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            try eventually("it has a worker") { (try? peer.nextID()) != nil }
            withExtendedLifetime(upstream) {}
        }
    }

    @Test func aDaemonThatDoesNotServeItsStoreSaysSo() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch)
            try upstream.waitUntilServing()
            let sidecar = try Self.sidecar(0, in: scratch)
            #expect(try sidecar.waitForExit() == .exited(78))
            #expect(sidecar.log.contains("--serve-store"))
            withExtendedLifetime(upstream) {}
        }
    }

    @Test func anotherLayoutIsRefusedAsByTheStoreItself() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            let sidecar = try Self.sidecar(0, in: scratch, ["--layout", "discord"])
            #expect(try sidecar.waitForExit() == .exited(78))
            #expect(sidecar.log.contains("IDs of two layouts can be equal"))
            withExtendedLifetime(upstream) {}
        }
    }

    /// The sidecar, too, remembers what it was granted, and notices a store that lost it.
    @Test func aStoreThatWasSetBackBehindTheUpstreamIsNoticed() throws {
        try withScratch { scratch in
            var upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            upstream.signal(SIGTERM)
            _ = try upstream.waitForExit()
            let copy = scratch.file("copy.db")
            try FileManager.default.copyItem(atPath: scratch.store, toPath: copy)
            upstream = try Self.upstream(in: scratch, ["--serve-store"])
            try upstream.waitUntilServing()
            let sidecar = try Self.sidecar(0, in: scratch)
            try sidecar.waitUntilServing()
            let peer = try Peer.unix(sidecar.socketPath)
            _ = try peer.nextID()
            upstream.signal(SIGKILL)
            _ = try upstream.waitForExit()
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: scratch.store + suffix)
            }
            try FileManager.default.moveItem(atPath: copy, toPath: scratch.store)
            // An upstream that remembers nothing: only the sidecar can notice.
            upstream = try Self.upstream(in: scratch, ["--serve-store", "--state-dir", "none"])
            try upstream.waitUntilServing()
            try eventually("the sidecar stops giving out IDs") {
                guard case .error(let status) = try peer.call(.nextID) else { return false }
                return status.message.contains("set back")
            }
            withExtendedLifetime(upstream) {}
        }
    }

    @Test(arguments: [
        ("firn:", "lacks an address"), ("firn:nonsense", "nonsense"), ("firn:unix:/a,unix:/a", "twice"),
        ("firn:tcp:host", "tcp:host"),
    ])
    func addressesThatAreNoneAreRefused(_ store: String, _ message: String) throws {
        try withScratch { scratch in
            let daemon = try Daemon(in: scratch, arguments: ["--check", "--store", store])
            #expect(try daemon.waitForExit() == .exited(78))
            #expect(daemon.log.contains("--store") && daemon.log.contains(message), "\(daemon.log)")
        }
    }

    @Test func optionsOfAnUpstreamNeedOne() throws {
        try withScratch { scratch in
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--check", "--store", "memory", "--upstream-timeout", "1s"]
            )
            #expect(try daemon.waitForExit() == .exited(78))
            #expect(daemon.log.contains("--upstream-timeout needs --store firn:ADDRESS"))
        }
    }
}
