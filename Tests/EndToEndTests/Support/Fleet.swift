import EtcdTestSupport
import Foundation
import PostgresTestSupport
import Testing

/// The kinds of stores that many daemons can share.
enum SharedStore: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, etcd, postgres

    var testDescription: String { rawValue }
}

/// Daemons on one store, which know of each other by nothing else.
final class Fleet: Sendable {
    let scratch: Scratch
    /// What `--store` is given.
    let location: String
    /// The store, where it is etcd.
    let server: EtcdServer?
    /// The same of PostgreSQL.
    let database: PostgresServer?

    private init(on kind: SharedStore, in scratch: Scratch) throws {
        self.scratch = scratch
        server = kind == .etcd ? try EtcdServer() : nil
        database = kind == .postgres ? try PostgresServer(.init(settings: ["max_connections = 200"])) : nil
        location =
            try server?.location ?? database.map { try $0.location(role: $0.makeRole()) } ?? "sqlite:\(scratch.store)"
    }

    /// Runs `body` with a fleet without daemons, on an empty store.
    static func with<Result>(_ kind: SharedStore, _ body: (Fleet) throws -> Result) throws -> Result {
        try withScratch { scratch in
            let fleet = try Fleet(on: kind, in: scratch)
            return try withExtendedLifetime(fleet) { try body(fleet) }
        }
    }

    /// The same with an asynchronous body.
    static func with<Result>(_ kind: SharedStore, _ body: (Fleet) async throws -> Result) async throws -> Result {
        try await withScratch { scratch in
            let fleet = try Fleet(on: kind, in: scratch)
            let result = try await body(fleet)
            withExtendedLifetime(fleet) {}
            return result
        }
    }

    func socketPath(_ number: Int) -> String { scratch.file("\(number).sock") }

    func start(_ number: Int, _ arguments: [String]) throws -> Daemon {
        let places = ["--listen", "unix:\(socketPath(number))", "--store", location, "--shards", "1"]
        return try Daemon(in: scratch, name: "\(number)", arguments: places + arguments)
    }

    /// Until it ends, no daemon can read or write the store.
    struct Outage {
        let end: () throws -> Void
    }

    func takeAwayTheStore() throws -> Outage {
        if let server {
            server.kill()
            return Outage { try server.restart() }
        }
        if let database {
            database.kill()
            return Outage { try database.restart() }
        }
        let file = try StoreFile(scratch.store)
        try file.run("BEGIN EXCLUSIVE")
        return Outage { try file.run("ROLLBACK") }
    }
}

extension Daemon {
    /// Whether a new connection gets an ID.
    var serves: Bool { (try? Peer.unix(socketPath).nextID()) != nil }
}
