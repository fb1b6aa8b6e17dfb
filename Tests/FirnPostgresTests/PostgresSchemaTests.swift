import EtcdTestSupport
import FirnPostgres
import FirnStore
import FirnTestSupport
import PostgresTestSupport
import Synchronization
import Testing

/// The table: who makes it, and what is taken for it.
@Suite struct PostgresSchemaTests {
    private static let good =
        "CREATE TABLE firn (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL, version bigint NOT NULL); "
        + "CREATE SEQUENCE firn_version; CREATE UNIQUE INDEX ON firn (version)"

    @Test(arguments: [
        ("TABLE firn (key", "UNLOGGED TABLE firn (key", "unlogged"), (" COLLATE \"C\"", "", "COLLATE default"),
        ("value text", "value varchar(9)", "character varying(9)"),
        ("value text NOT NULL", "value text", "value text,"),
        ("version bigint", "version integer", "version integer"), ("PRIMARY KEY", "NOT NULL", "unique index"),
        ("CREATE UNIQUE INDEX", "CREATE INDEX", "unique index"), ("key text", "name text", "name text"),
        ("NULL); ", "NULL, more int); ", "more integer"), ("SEQUENCE firn_version", "SEQUENCE other", "no sequence"),
        ("SEQUENCE firn_version", "SEQUENCE firn_version CACHE 20", "CACHE 20"),
        ("SEQUENCE firn_version", "SEQUENCE firn_version INCREMENT -1", "INCREMENT -1"),
        ("SEQUENCE firn_version", "SEQUENCE firn_version AS integer", "ends at 2147483647"),
        ("SEQUENCE firn_version", "SEQUENCE firn_version CYCLE", "CYCLE"),
        (
            "CREATE SEQUENCE",
            "ALTER TABLE firn ENABLE ROW LEVEL SECURITY; ALTER TABLE firn FORCE ROW LEVEL SECURITY; CREATE SEQUENCE",
            "security"
        ),
        (good, "CREATE VIEW firn AS SELECT 'a'::text AS key", "not a plain table"),
    ])
    func aTableOfAnotherShapeIsRefused(_ part: String, _ other: String, _ words: String) throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        #expect(Self.good.contains(part))
        let text = Self.good.replacing(part, with: other, maxReplacements: 1)
        try server.sql("SET ROLE \(role); SET search_path = \(role); \(text)")
        let store = try store(server.location(role: role))
        let error = try #require(failure { () throws(StoreError) in try store.read("a") })
        #expect(error.code == .notOurs && error.exitCode == 78 && error.message.contains(words), "\(error)")
        #expect(error.message.contains("search_path"), "\(error)")
    }

    /// As an administrator makes it, for a role that may not.
    @Test func theSameShapeIsTaken() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        try server.sql("SET ROLE \(role); SET search_path = \(role); \(Self.good)")
        #expect(try store(server.location(role: role)).write("a", "1", ifVersion: nil).version == 1)
    }

    @Test func daemonsThatStartTogetherMakeOneTable() throws {
        let server = try Servers.plain.get()
        let location = server.location(role: try server.makeRole())
        let failures = Mutex<[String]>([])
        onThreads(16) { index in
            do {
                _ = try store(location).write("\(index)", "1", ifVersion: nil)
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try store(location).list(prefix: "").count == 16)
    }

    @Test func aCommandMakesNoTable() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        for use in [PostgresStore.Use.read, .write] {
            let store = try store(server.location(role: role), for: use)
            let error = try #require(failure { () throws(StoreError) in try store.read("a") })
            #expect(error.code == .missing && error.message.contains("no table firn"), "\(error)")
        }
        #expect(try server.sql("SELECT to_regclass('\(role).firn')") == "")
    }

    /// A table that was dropped under a daemon is not made anew: it would be empty, and nobody would notice.
    @Test func aTableThatIsGoneIsNotMadeAgain() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        _ = try store.write("a", "1", ifVersion: nil)
        try server.sql("DROP TABLE \(role).firn")
        for _ in 0..<2 {
            let error = try #require(failure { () throws(StoreError) in try store.write("a", "1", ifVersion: nil) })
            #expect(error.code == .replaced, "\(error)")
        }
        #expect(try server.sql("SELECT to_regclass('\(role).firn')") == "")
    }

    @Test func aRowThatWasEditedIsNamed() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        try server.sql("UPDATE \(role).firn SET value = 'edited'")
        // At its version, and yet not what was read.
        #expect(try store.write("a", "2", ifVersion: version, ifValue: "1") == .conflict)
        try server.sql("UPDATE \(role).firn SET version = -7")
        let error = try #require(failure { () throws(StoreError) in try store.read("a") })
        #expect(error.code == .corrupt && error.exitCode == 78, "\(error)")
        #expect(error.message.contains("a in the store") && error.message.contains("version -7"), "\(error)")
    }

    @Test func aSequenceThatWasSetBackIsNamed() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        for key in ["a", "b", "c"] { _ = try store.write(key, "1", ifVersion: nil) }
        try server.sql("SELECT setval('\(role).firn_version', 1)")
        let error = try #require(failure { () throws(StoreError) in try store.write("d", "1", ifVersion: nil) })
        #expect(error.code == .corrupt && error.message.contains("setval"), "\(error)")
    }

    /// Where no record has the version that is assigned again, the database itself refuses nothing.
    @Test func aVersionThatFallsIsNamed() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        var version: UInt64?
        for value in 1...5 { version = try store.write("a", "\(value)", ifVersion: version).version }
        try server.sql("SELECT setval('\(role).firn_version', 1)")
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "6", ifVersion: version) })
        #expect(error.code == .corrupt && error.message.contains("went from version 5 to 2"), "\(error)")
        try server.sql("SELECT setval('\(role).firn_version', 2, false)")
        try server.sql("UPDATE \(role).firn SET version = 5")
        let many = store.write([
            StoreWrite(key: "a", value: "7", ifVersion: 5), StoreWrite(key: "b", value: "1", ifVersion: nil),
        ])
        #expect(throws: StoreError.self) { try many[0].get() }
        #expect(try many[1].get().version == 3, "the other one is as it should be")
    }

    /// As after logical replication, which copies no sequence. A daemon that starts then writes nothing.
    @Test func aSequenceThatIsBehindTheTableIsRefused() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let old = try store(server.location(role: role))
        var version: UInt64?
        for value in 1...5 { version = try old.write("a", "\(value)", ifVersion: version).version }
        try server.sql("SELECT setval('\(role).firn_version', 1, false)")
        let store = try store(server.location(role: role))
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "6", ifVersion: version) })
        #expect(error.code == .corrupt && error.exitCode == 78, "\(error)")
        #expect(error.message.contains("has the version 5"), "\(error)")
        let reader = try FirnPostgresTests.store(server.location(role: role), for: .read)
        #expect(try reader.read("a")?.value == "5", "a command that only reads shows what is there")
        let check = failure { () throws(StoreError) in try reader.checkVersions() }
        #expect(check?.code == .corrupt && check?.message.contains("has the version 5") == true)
        // As the message says.
        let advice = try #require(error.message.split(separator: "run: ").last)
        try server.sql(String(advice))
        #expect(try store.write("a", "6", ifVersion: version).version == 6)
    }

    /// It sees the table, and not where the sequence is: that is no reason to call the store corrupt.
    @Test func aRoleThatOnlyReadsIsToldNothingOfTheSequence() throws {
        let server = try Servers.plain.get()
        let (role, reading) = (try server.makeRole(), try server.makeRole())
        let store = try store(server.location(role: role))
        _ = try store.write("a", "1", ifVersion: nil)
        try server.sql("GRANT USAGE ON SCHEMA \(role) TO \(reading); GRANT SELECT ON \(role).firn TO \(reading)")
        try server.sql("ALTER ROLE \(reading) SET search_path = \(role)")
        let reader = try FirnPostgresTests.store(server.location(role: reading), for: .read)
        try reader.checkVersions()
        #expect(try reader.read("a")?.value == "1")
        try store.checkVersions()
    }
}
