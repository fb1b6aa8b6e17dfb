import EtcdTestSupport
import FirnPostgres
import FirnStore
import FirnTestSupport
import Foundation
import PostgresTestSupport
import Synchronization
import Testing

/// Several reads and writes in one statement, settings that differ, and PgBouncer in between.
@Suite struct PostgresWriteTests {
    @Test func eachWriteOfManyHasItsOwnResult() throws {
        let server = try Servers.plain.get()
        let store = try store(server.location(role: server.makeRole()))
        let version = try #require(try store.write("old", "1", ifVersion: nil).version)
        let results = try store.write([
            StoreWrite(key: "new", value: "1", ifVersion: nil),
            StoreWrite(key: "old", value: "2", ifVersion: version, ifValue: "1"),
            StoreWrite(key: "missing", value: "1", ifVersion: version),
            StoreWrite(key: "zero", value: "1", ifVersion: 0),
            StoreWrite(key: "huge", value: "1", ifVersion: .max),
            StoreWrite(key: "odd", value: "1", ifVersion: nil, ifValue: "x"),
        ]).map { try $0.get().version }
        #expect(results[0].map { $0 > version } == true && results[1].map { $0 > version } == true)
        #expect(results[0] != results[1] && results[2...].allSatisfy { $0 == nil })
        let again = [
            StoreWrite(key: "new", value: "2", ifVersion: nil), StoreWrite(key: "old", value: "3", ifVersion: version),
            StoreWrite(key: "old2", value: "1", ifVersion: nil),
        ]
        #expect(try store.write(again).map { try $0.get() == .conflict } == [true, true, false])
        let values = try store.read(["old", "none", "new"]).map { try $0.get()?.value }
        #expect(values == ["2", nil, "1"])
        #expect(store.write([]).isEmpty && store.read([String]()).isEmpty)
    }

    /// A start, and each daemon's calls, in a table with the workers of a large fleet, of which PostgreSQL has no statistics.
    @Test func noCallReadsTheWholeTable() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        _ = try store.write("layout", "x", ifVersion: nil)
        try server.sql(
            """
            ALTER TABLE "\(role)".firn SET (autovacuum_enabled = false);
            INSERT INTO "\(role)".firn SELECT 'workers/' || n, 'of ' || n, nextval('"\(role)".firn_version')
            FROM generate_series(1, 50000) n
            """
        )
        func rowsRead() throws -> Int {
            let text = try server.sql(
                """
                SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
                WHERE schemaname = '\(role)' AND relname = 'firn'
                """
            )
            return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        let before = try rowsRead()
        let page = try store.list(prefix: "workers/", after: nil, limit: 64)
        #expect(page.count == 64)
        #expect(try store.list(prefix: "workers/", after: page.last?.key, limit: 64).count == 64)
        let keys = (1...64).map { "workers/\($0 * 700)" }
        let versions = try store.read(keys).map { try $0.get()?.version }
        let one = try #require(try store.read("workers/1"))
        #expect(try store.write("workers/1", "1", ifVersion: one.version).version != nil)
        #expect(try store.write("workers/x", "1", ifVersion: nil).version != nil)
        #expect(try store.highestVersion() > one.version)
        let writes = zip(keys, versions).map { StoreWrite(key: $0, value: "1", ifVersion: $1) }
        #expect(
            try store.write(writes + [StoreWrite(key: "new", value: "1", ifVersion: nil)]).allSatisfy {
                try $0.get().version != nil
            }
        )
        // The statistics are complete when the connection has ended.
        store.close()
        #expect(try eventually { try rowsRead() > before ? true : nil } != nil)
        usleep(500_000)
        let read = try rowsRead() - before
        #expect(read < 2000, "\(read) rows were read")
    }

    @Test func moreThanAStatementTakesAreAllWritten() throws {
        let server = try Servers.plain.get()
        let store = try store(server.location(role: server.makeRole()))
        let keys = (0..<2500).map { "many/\($0)" }
        let first = try store.write(keys.map { StoreWrite(key: $0, value: "1", ifVersion: nil) }).map {
            try $0.get().version
        }
        #expect(Set(first.compactMap(\.self)).count == keys.count)
        let next = zip(keys, first).map { StoreWrite(key: $0, value: "2", ifVersion: $1, ifValue: "1") }
        #expect(try store.write(next).allSatisfy { try $0.get().version != nil })
        #expect(try store.read(keys).allSatisfy { try $0.get()?.value == "2" })
    }

    /// In opposite orders, over and over: a circle of waiting sessions would cost a second each.
    @Test func writersOfTheSameRecordsDoNotBlockEachOther() throws {
        let server = try Servers.plain.get()
        let location = server.location(role: try server.makeRole())
        let keys = (0..<50).map { "k/\($0)" }
        let stores = try (0..<4).map { _ in try store(location) }
        _ = stores[0].write(keys.map { StoreWrite(key: $0, value: "0", ifVersion: nil) })
        let before = try server.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'")
        let failures = Mutex<[String]>([])
        let written = Atomic(0)
        onThreads(4) { index in
            let store = stores[index]
            let order = index % 2 == 0 ? keys : keys.reversed()
            do {
                for _ in 0..<30 {
                    let writes = try zip(order, store.read(order)).map { key, result in
                        let stored = try result.get()!
                        return StoreWrite(key: key, value: "\(Int(stored.value)! + 1)", ifVersion: stored.version)
                    }
                    for result in store.write(writes) where try result.get().version != nil {
                        written.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let sum = try stores[0].read(keys).reduce(0) { try $0 + Int($1.get()!.value)! }
        #expect(sum == written.load(ordering: .relaxed), "each write that was answered is there, and no other")
        #expect(try server.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'") == before)
    }

    /// What is set for the role, and what a session would inherit.
    @Test(arguments: [
        "default_transaction_isolation = serializable", "synchronous_commit = off", "standard_conforming_strings = off",
        "lock_timeout = '1ms'", "statement_timeout = '1h'", "client_encoding = latin1",
    ])
    func theServersSettingsDoNotMatter(_ setting: String) throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        try server.sql("ALTER ROLE \(role) SET \(setting)")
        let stores = try (0..<4).map { _ in try store(server.location(role: role)) }
        _ = try stores[0].write("n", "0", ifVersion: nil)
        #expect(try stores[0].write("text", "naïve \\' \u{1F9CA}", ifVersion: nil).version != nil)
        #expect(try stores[1].read("text")?.value == "naïve \\' \u{1F9CA}")
        let failures = Mutex<[String]>([])
        onThreads(4) { index in
            do {
                var done = 0
                while done < 25 {
                    let stored = try stores[index].read("n")!
                    let next = String(Int(stored.value)! + 1)
                    if try stores[index].write("n", next, ifVersion: stored.version).version != nil { done += 1 }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try stores[0].read("n")?.value == "100")
    }

    /// Every transaction may be on another of its connections, and other clients' transactions between them.
    @Test func pgBouncerMayBeBetween() throws {
        let server = try PostgresServer()
        let role = try server.makeRole()
        let bouncer = try PgBouncer(to: server, roles: [role], connections: 2)
        let location = server.location(role: role, port: bouncer.port)
        let stores = try (0..<8).map { _ in try store(location) }
        let value = "naïve '\\ \u{1F9CA}"
        _ = try stores[0].write("a", value, ifVersion: nil)
        #expect(try stores[1].read("a")?.value == value)
        let failures = Mutex<[String]>([])
        _ = try stores[0].write("n", "0", ifVersion: nil)
        onThreads(8) { index in
            do {
                var done = 0
                while done < 10 {
                    let stored = try stores[index].read("n")!
                    let next = StoreWrite(key: "n", value: String(Int(stored.value)! + 1), ifVersion: stored.version)
                    let own = StoreWrite(key: "own/\(index)/\(done)", value: "1", ifVersion: nil)
                    if try stores[index].write([next, own])[0].get().version != nil { done += 1 }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try stores[0].read("n")?.value == "80")
        #expect(try stores[0].list(prefix: "own/").count == 80)
        #expect(try server.sql("SELECT count(*) <= 2 FROM pg_stat_activity WHERE usename = '\(role)'") == "t")
        // The settings of one client's transaction are not the next one's.
        let direct = ["-h", "127.0.0.1", "-p", "\(bouncer.port)", "-U", role, "-d", "postgres"]
        for _ in 0..<4 {
            let shown = try psql(direct, "SHOW statement_timeout")
            #expect(shown == "0")
        }
        withExtendedLifetime(bouncer) {}
    }
}
