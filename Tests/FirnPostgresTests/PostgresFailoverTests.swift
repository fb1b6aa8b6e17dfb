import EtcdTestSupport
import FirnPostgres
import FirnStore
import Foundation
import PostgresTestSupport
import Testing

/// A standby that is promoted.
@Suite struct PostgresFailoverTests {
    private func journal() throws -> GrantJournal {
        try GrantJournal(
            GrantJournal.Context(storeID: 1, storeName: "postgres://db", unixMilliseconds: { $0 }, text: { "\($0)" })
        )
    }

    /// The sequence of the promoted server is ahead of all that was used, so that versions are not assigned again: the lost
    /// writes show by the highest version of the table.
    @Test func aPromotedStandbyThatLostWritesIsNoticed() throws {
        let primary = try PostgresServer()
        let role = try primary.makeRole()
        let standby = try primary.makeStandby()
        let hosts = "127.0.0.1:\(standby.port),127.0.0.1:\(primary.port)"
        let location = "postgres://\(role)@\(hosts)/postgres"
        let bare = try store(location)
        let journal = try journal()
        let store = RollbackDetectingStore(bare, journal: journal)

        let first = try #require(try store.write("a", "1", ifVersion: nil).version)
        try primary.waitUntilCopied(to: standby)
        // The standby is named first, and never read: it may be behind.
        #expect(try store.read("a")?.version == first)
        standby.stop()
        let lost = try #require(try store.write("a", "2", ifVersion: first).version)
        #expect(try store.highestVersion() == lost)
        primary.kill()
        try standby.restart()
        let early = failure { () throws(StoreError) in try bare.read("a") }
        #expect(
            early?.code == .unwritable && early?.message.contains("standby") == true,
            "\(String(describing: early))"
        )
        try standby.promote()

        #expect(try bare.highestVersion() == first, "not the sequence's, which is ahead")
        let error = try #require(failure { () throws(StoreError) in try journal.verify(store) })
        #expect(error.code == .setBack && error.message.contains("it had passed before"), "\(error)")
        // What was granted by the lost write is refused from now on.
        #expect(failure { () throws(StoreError) in try store.write("a", "2", ifVersion: first) }?.code == .setBack)
        // And no other store's write took what this one had written over.
        #expect(try bare.write("a", "x", ifVersion: lost, ifValue: "2") == .conflict)
        #expect(try bare.write("a", "x", ifVersion: first, ifValue: "1").version.map { $0 > lost } == true)
    }

    /// Once others have written, the versions hide it; the record that was written last tells.
    @Test func laterWritesOfOthersHideNoLostRecord() throws {
        let primary = try PostgresServer()
        let role = try primary.makeRole()
        let standby = try primary.makeStandby()
        let location = "postgres://\(role)@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/postgres"
        let journal = try journal()
        let store = RollbackDetectingStore(try FirnPostgresTests.store(location), journal: journal)
        let key = SequenceRecord.keyPrefix + "orders"
        let first = try #require(try store.write(key, "1", ifVersion: nil).version)
        try primary.waitUntilCopied(to: standby)
        standby.stop()
        _ = try #require(try store.write(key, "2", ifVersion: first).version)
        primary.kill()
        try standby.restart()
        try standby.promote()
        let other = try FirnPostgresTests.store(location)
        for index in 0..<3 { _ = try other.write("other/\(index)", "1", ifVersion: nil) }
        #expect(try other.highestVersion() > journal.remembered?.version ?? 0)
        let error = try #require(failure { () throws(StoreError) in try journal.verify(store) })
        #expect(error.code == .setBack && error.message.contains("lacks"), "\(error)")
    }

    /// With a standby that has to have it, nothing is lost, and nothing is said.
    @Test func aSynchronousStandbyLosesNothing() throws {
        let primary = try PostgresServer()
        let role = try primary.makeRole()
        let standby = try primary.makeStandby()
        try primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try primary.sql("SELECT pg_reload_conf()")
        let location = "postgres://\(role)@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/postgres"
        let journal = try journal()
        let store = RollbackDetectingStore(try FirnPostgresTests.store(location), journal: journal)
        // A role's own setting would not wait.
        try primary.sql("ALTER ROLE \(role) SET synchronous_commit = local")
        var version = try store.write("a", "0", ifVersion: nil).version
        for index in 1..<20 { version = try store.write("a", "\(index)", ifVersion: version).version }
        primary.kill()
        try standby.promote()
        #expect(try store.read("a") == StoredValue(value: "19", version: try #require(version)))
        try journal.verify(store)
        // Its own standby is not there: a commit waits for it until somebody says otherwise.
        try standby.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        try standby.sql("SELECT pg_reload_conf()")
        #expect(eventually { try? store.write("b", "1", ifVersion: nil).version } != nil)
    }
}
