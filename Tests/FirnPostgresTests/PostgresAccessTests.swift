import EtcdTestSupport
import FirnStore
import FirnTestSupport
import Foundation
import PostgresTestSupport
import Testing

@testable import FirnPostgres

/// Users, passwords, certificates, and servers that must not be used.
@Suite struct PostgresAccessTests {
    private static let guarded = Result {
        try PostgresServer(.init(access: ["local all postgres trust", "host all all 127.0.0.1/32 scram-sha-256"]))
    }

    private func passwordFile(_ directory: TemporaryDirectory, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = directory.path + "/pgpass"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, mode)
        return path
    }

    private func refusal(_ location: String, timeout: Duration = .seconds(60)) throws -> StoreError {
        let store = try store(location, timeout: timeout)
        return try #require(failure { () throws(StoreError) in try store.read("a") })
    }

    /// The file is read for every connection, so that a password can be put right while the daemon runs.
    @Test func aPasswordComesFromItsFileAndIsNeverTold() throws {
        let server = try Self.guarded.get()
        let role = try server.makeRole()
        try server.sql("ALTER ROLE \(role) PASSWORD 'hunter2'")
        let directory = TemporaryDirectory()
        let path = try passwordFile(directory, "127.0.0.1:*:postgres:\(role):hunter3\n")
        let store = try store(server.location(role: role) + "?passfile=\(path)")
        let wrong = try #require(failure { () throws(StoreError) in try store.read("a") })
        #expect(wrong.code == .refused && wrong.exitCode == 78, "\(wrong)")
        #expect(wrong.message.contains("password authentication failed for user \"\(role)\""), "\(wrong)")
        #expect(wrong.message.contains("password file") && !wrong.message.contains("hunter"), "\(wrong)")

        _ = try passwordFile(directory, "127.0.0.1:*:postgres:\(role):hunter2\n")
        #expect(try store.write("a", "1", ifVersion: nil).version != nil)

        // libpq ignores a file that others may read.
        _ = try passwordFile(directory, "127.0.0.1:*:postgres:\(role):hunter2\n", mode: 0o644)
        let open = try refusal(server.location(role: role) + "?passfile=\(path)")
        #expect(open.code == .refused && open.message.contains("0600") && !open.message.contains("hunter"), "\(open)")
    }

    @Test func aMissingDatabaseIsNamed() throws {
        let server = try Servers.plain.get()
        let error = try refusal(server.location(role: "postgres", database: "nowhere"))
        #expect(error.code == .refused && error.exitCode == 78 && error.message.contains("\"nowhere\""), "\(error)")
        #expect(error.message.contains("CREATE DATABASE"), "\(error)")
    }

    /// What OPERATIONS says that an administrator runs, for a role that owns nothing.
    @Test func aRoleNeedsNoMoreThanTheGrants() throws {
        let server = try Servers.plain.get()
        let owner = try server.makeRole()
        _ = try store(server.location(role: owner)).write("a", "1", ifVersion: nil)
        let role = owner + "_guest"
        try server.sql("CREATE ROLE \(role) LOGIN; ALTER ROLE \(role) SET search_path = \(owner)")
        let nothing = try refusal(server.location(role: role))
        #expect(nothing.code == .refused && nothing.message.contains("CREATE TABLE"), "\(nothing)")
        // What it says can be run as it is, and makes what is looked for.
        let advised = try #require(nothing.message.components(separatedBy: "An administrator has to run: ").last)
        let made = try #require(advised.components(separatedBy: "; GRANT USAGE ON SCHEMA").first)
        let other = try server.makeRole()
        try server.sql("SET search_path = \(other); SET ROLE \(other); \(made)")
        #expect(try store(server.location(role: other), for: .write).write("a", "1", ifVersion: nil).version != nil)
        try server.sql("GRANT USAGE ON SCHEMA \(owner) TO \(role); GRANT SELECT ON \(owner).firn TO \(role)")
        let reading = try refusal(server.location(role: role))
        #expect(reading.code == .refused && reading.exitCode == 78, "\(reading)")
        #expect(reading.message.contains("\(role) may not use") && reading.message.contains("GRANT USAGE ON SEQUENCE"))
        let reader = try store(server.location(role: role), for: .read)
        #expect(try reader.read("a")?.value == "1", "a command that only reads needs SELECT alone")
        try server.sql(
            "GRANT SELECT, INSERT, UPDATE ON \(owner).firn TO \(role); GRANT USAGE ON SEQUENCE \(owner).firn_version TO \(role)"
        )
        let store = try store(server.location(role: role))
        let version = try #require(try store.read("a")?.version)
        #expect(try store.write("a", "2", ifVersion: version).version != nil)
        let writes = [StoreWrite(key: "b", value: "1", ifVersion: nil)]
        #expect(try store.write(writes)[0].get().version == store.highestVersion())
    }

    @Test func namesWithQuotesAreNames() throws {
        let server = try Servers.plain.get()
        let (role, database) = ("o'br\"ien", "fi'r\"n; DROP")
        try server.sql("CREATE ROLE \"o'br\"\"ien\" LOGIN")
        try server.sql("CREATE DATABASE \"fi'r\"\"n; DROP\"")
        try server.sql("CREATE SCHEMA \"o'br\"\"ien\" AUTHORIZATION \"o'br\"\"ien\"", database: database)
        func encoded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)! }
        let store = try store(server.location(role: encoded(role), database: encoded(database)))
        let value = "'; DROP TABLE firn; -- \\' \" $1 %s"
        let version = try #require(try store.write("it's\\", value, ifVersion: nil).version)
        #expect(try store.read("it's\\") == StoredValue(value: value, version: version))
        let next = StoreWrite(key: "it's\\", value: value + value, ifVersion: version, ifValue: value)
        #expect(try store.write([next])[0].get().version != nil)
        #expect(try store.list(prefix: "it's").map(\.value) == [value + value])
    }

    @Test func verifyFullWantsTheRightName() throws {
        let certificates = try TestCertificates()
        let server = try PostgresServer(.init(tls: certificates))
        let role = try server.makeRole()
        func location(_ host: String, _ authority: TestCertificates.Pair) -> String {
            "postgres://\(role)@\(host):\(server.port)/postgres?hostaddr=127.0.0.1&sslmode=verify-full"
                + "&sslrootcert=\(authority.certificate)"
        }
        let good = try store(location(TestCertificates.serverName, certificates.authority))
        #expect(try good.write("a", "1", ifVersion: nil).version != nil)
        let misnamed = try refusal(location("elsewhere.test", certificates.authority))
        #expect(misnamed.code == .refused && misnamed.exitCode == 78, "\(misnamed)")
        #expect(misnamed.message.contains("elsewhere.test") && misnamed.message.contains("sslmode"), "\(misnamed)")
        let strange = try refusal(location(TestCertificates.serverName, certificates.stranger))
        #expect(strange.code == .refused && strange.message.contains("sslrootcert"), "\(strange)")
        let plain = try refusal(Servers.plain.get().location(role: role) + "?sslmode=require")
        #expect(plain.code == .refused && plain.message.contains("no TLS connection"), "\(plain)")
    }

    @Test func aServerWithoutSyncIsRefused() throws {
        let server = try PostgresServer(.init(settings: ["fsync = off"]))
        let role = try server.makeRole()
        let store = try store(server.location(role: role))
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "1", ifVersion: nil) })
        #expect(error.code == .refused && error.exitCode == 78 && error.message.contains("fsync=off"), "\(error)")
        #expect(try server.sql("SELECT to_regclass('\(role).firn')") == "", "nothing was made there")
        try server.sql("ALTER SYSTEM SET fsync = on")
        try server.sql("SELECT pg_reload_conf()")
        var version = try #require(eventually { try? store.write("a", "1", ifVersion: nil).version })
        // Also when it is found out in the middle.
        try server.sql("ALTER SYSTEM SET fsync = off")
        try server.sql("SELECT pg_reload_conf()")
        let later = eventually {
            failure { () throws(StoreError) in version = try store.write("a", "2", ifVersion: version).version ?? 0 }
        }
        #expect(later?.code == .refused)
    }

    @Test func aServerThatIsOnlyReadIsNamed() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        _ = try store(server.location(role: role)).write("a", "1", ifVersion: nil)
        try server.sql("ALTER ROLE \(role) SET default_transaction_read_only = on")
        let store = try store(server.location(role: role))
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "2", ifVersion: 1) })
        #expect(error.code == .unwritable && error.exitCode == 74, "\(error)")
        #expect(error.message.contains("default_transaction_read_only"), "\(error)")
        #expect(try store.read("a")?.value == "1")
    }

    /// One that answers as version 9.6 does, as far as it is asked.
    @Test func aServerThatIsTooOldIsRefused() throws {
        let server = try ScriptedServer(version: "9.6.24")
        let error = try refusal("postgres://firn@127.0.0.1:\(server.port)/firn")
        #expect(error.code == .refused && error.exitCode == 78, "\(error)")
        #expect(error.message.contains("9.6.24") && error.message.contains("12.0"), "\(error)")
    }

    @Test func theSocketOfThisHostIsEnough() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let location = "postgres://\(role)@/postgres?host=\(server.directory)&port=\(server.port)"
        #expect(try store(location).write("a", "1", ifVersion: nil).version != nil)
    }
}
