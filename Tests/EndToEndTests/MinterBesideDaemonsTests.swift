import EtcdTestSupport
import FirnGenerator
import FirnLayout
import FirnMinter
import FirnWire
import Foundation
import Synchronization
import Testing

/// Minters in this process and real daemons, on one store: every ID is counted.
@Suite(.serialized) struct MinterBesideDaemonsTests {
    private static func store(_ fleet: Fleet) throws -> MinterStore {
        if let server = fleet.server {
            return try .etcd([String(server.location.dropFirst("etcd:".count))])
        }
        return fleet.database == nil ? .sqlite(path: fleet.scratch.store) : try .postgres(fleet.location)
    }

    @Test(arguments: SharedStore.allCases) func mintersAndDaemonsShareTheWorkers(_ kind: SharedStore) async throws {
        try await Fleet.with(kind) { fleet in
            let daemons = try (0..<2).map { try fleet.start($0, []) }
            for daemon in daemons { try daemon.waitUntilServing() }
            let store = try Self.store(fleet)
            let minters = [try await Minter(store: store), try await Minter(store: store)]
            let paths = daemons.map(\.socketPath)
            let fromDaemons = Task.detached { () throws -> [UInt64] in
                let peers = try paths.map { try Peer.unix($0) }
                return try (0..<2000).flatMap { _ in try peers.map { try $0.nextID().rawValue } }
            }
            var ids: [UInt64] = []
            for _ in 0..<20_000 {
                for minter in minters { ids.append(try await minter.next().rawValue) }
            }
            ids += try await fromDaemons.value
            #expect(ids.count == 44_000 && Set(ids).count == ids.count)
            let workers =
                try minters.compactMap(\.worker) + daemons.flatMap { try Peer.unix($0.socketPath).describe().workers }
            #expect(Set(workers).count == 4)
            for minter in minters { await minter.close() }
            withExtendedLifetime(daemons) {}
        }
    }

    /// While the store is away, the minter goes on; daemons that are killed do not matter to it.
    @Test(arguments: SharedStore.allCases) func aMinterSurvivesDaemonsAndItsStore(_ kind: SharedStore) async throws {
        try await Fleet.with(kind) { fleet in
            let daemon = try fleet.start(0, [])
            try daemon.waitUntilServing()
            var configuration = MinterConfiguration()
            configuration.window = .seconds(20)
            let minter = try await Minter(store: try Self.store(fleet), configuration: configuration)
            let worker = minter.worker
            _ = try await minter.next()
            let outage = try fleet.takeAwayTheStore()
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
            for _ in 0..<1000 { _ = try await minter.next() }
            #expect(minter.worker == worker)
            try outage.end()
            // The store is reached again, and the window goes on.
            let before = minter.timeLeft
            try eventually("the window is extended") { minter.timeLeft > before }
            await minter.close()
        }
    }
}
