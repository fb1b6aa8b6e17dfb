import EtcdTestSupport
import FirnPostgres
import FirnStore
import Foundation
import PostgresTestSupport
import Testing

/// A synchronous standby that is away: a write that only the primary has is not taken for one that stays.
@Suite struct PostgresSynchronousTests {
    /// Ends the wait by making the commit return, or by ending the session: in both cases the transaction is committed on
    /// the primary.
    @Test(arguments: ["pg_cancel_backend", "pg_terminate_backend"])
    func aWriteThatOnlyThePrimaryHasIsInDoubt(_ function: String) throws {
        let primary = try PostgresServer()
        let role = try primary.makeRole()
        let location = primary.location(role: role)
        let version = try #require(try store(location).write("a", "1", ifVersion: nil).version)
        let standby = try primary.makeStandby()
        try primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try primary.sql("SELECT pg_reload_conf()")
        let ready = try eventually { () -> Bool? in
            try primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1" ? true : nil
        }
        #expect(ready != nil)
        let writer = try store(location)
        #expect(try writer.read("a")?.version == version)
        standby.stop()

        let ended = Thread {
            _ = eventually { () -> Bool? in
                let query = "SELECT \(function)(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                return (try? primary.sql(query)) == "t" ? true : nil
            }
        }
        ended.start()
        let error = try #require(failure { () throws(StoreError) in try writer.write("a", "2", ifVersion: version) })
        #expect(error.code == .unavailable && error.message.contains("may have been done"), "\(error)")
        if function == "pg_cancel_backend" { #expect(error.message.contains("synchronous_standby_names"), "\(error)") }
        // The primary shows it to others.
        #expect(eventually { (try? primary.sql("SELECT value FROM \(role).firn")) == "2" ? true : nil } != nil)
        // The one who wrote it does not take it for durable, before the standby has it.
        let patient = try store(location, timeout: .seconds(1))
        #expect(try patient.read("a")?.value == "2", "it has no write in doubt, and only looks")
        let impatient = try store(location, timeout: .seconds(2))
        #expect(failure { () throws(StoreError) in try impatient.write("b", "1", ifVersion: nil) } != nil)
        let refusal = failure { () throws(StoreError) in try impatient.read("a") }
        #expect(refusal?.code == .unavailable, "\(String(describing: refusal))")

        try standby.restart()
        #expect(eventually { try? writer.read("a") }?.value == "2")
        #expect(eventually { try? impatient.read(["a", "b"])[0].get() }?.value == "2")
    }
}
