import FirnTestSupport
import Foundation
import PostgresTestSupport
import Testing

/// Starts with an address of PostgreSQL that cannot be used, and without one.
@Suite(.serialized) struct PostgresStartTests {
    /// Exit 78 where a person has to do something, with what; and nothing secret anywhere.
    @Test func whatIsWrongStopsTheStartWithWords() throws {
        let server = try PostgresServer(
            .init(access: ["local all postgres trust", "host all all 127.0.0.1/32 scram-sha-256"])
        )
        let role = try server.makeRole()
        try server.sql("ALTER ROLE \(role) PASSWORD 'hunter2'")
        try withScratch { scratch in
            let socket = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            func ends(_ location: String, _ code: Int32, _ words: String, _ password: String = "hunter2") throws {
                let file = try scratch.write("pgpass", "*:*:*:*:\(password)\n")
                chmod(file, 0o600)
                let (ending, error, output) = try runToEnd(
                    in: scratch,
                    socket + ["--store", location],
                    environment: ["PGPASSFILE": file]
                )
                #expect(ending == .exited(code) && error.contains(words), "\(location): \(error)")
                #expect(!(error + output).contains("hunter"))
            }
            try ends(server.location(role: role), 78, "password authentication failed", "hunter3")
            try ends(server.location(role: role, database: "nowhere"), 78, "database \"nowhere\" does not exist")
            let inAddress = "postgres://\(role):hunter2@127.0.0.1:\(server.port)/postgres"
            try ends(inAddress, 78, "password file")
            try ends(server.location(role: role) + "?sslmode=require", 78, "no TLS connection")
            try server.sql("CREATE TABLE \(role).firn (id int)")
            try ends(server.location(role: role), 78, "not as Firn makes it")
            try server.sql("DROP TABLE \(role).firn")

            let file = try scratch.write("pgpass", "127.0.0.1:*:postgres:\(role):hunter2\n")
            chmod(file, 0o600)
            let places = socket + ["--admin", "127.0.0.1:0", "--log-level", "trace"]
            let arguments = places + ["--store", server.location(role: role) + "?passfile=\(file)"]
            let daemon = try Daemon(in: scratch, arguments: arguments)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
                let admin = try HTTPPeer(port: daemon.httpPort("admin"))
                let status = try ["/status", "/metrics"].map { try admin.ask("GET", $0).body }.joined()
                #expect(status.contains("postgres://\(role)@127.0.0.1") && !status.contains("hunter"))
                let line = try String(contentsOfFile: "/proc/\(daemon.pid)/cmdline", encoding: .utf8)
                #expect(!(line + daemon.log + daemon.output).contains("hunter"))
            }
        }
    }

    /// libpq's service file has the host, and its environment the password's file.
    @Test func aServiceFileHasTheHosts() throws {
        let server = try PostgresServer()
        try withScratch { scratch in
            let role = try server.makeRole()
            let services = "[firn]\nhost=127.0.0.1\nport=\(server.port)\ndbname=postgres\nuser=\(role)\n"
            let environment = ["PGSERVICEFILE": try scratch.write("services", services)]
            let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "postgres://?service=firn"]
            let daemon = try Daemon(in: scratch, arguments: arguments, environment: environment)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
            }
            let other = ["--listen", "unix:\(scratch.file("other.sock"))", "--store", "postgres://?service=other"]
            let (ending, error, _) = try runToEnd(in: scratch, other, environment: environment)
            #expect(ending == .exited(78) && error.contains("\"other\" not found"), "\(error)")
        }
    }

    /// The file is another one in the mounts of these processes alone.
    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func whereLibpqIsMissingItsPackageIsNamed() throws {
        let files = ["/usr/lib/x86_64-linux-gnu/libpq.so.5", "/usr/lib/aarch64-linux-gnu/libpq.so.5"]
        let file = try #require(files.first { access($0, R_OK) == 0 })
        let script = "mount --bind /dev/null '\(file)' && exec \"$@\""
        let launcher = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
        try withScratch { scratch in
            let listen = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            func starts(_ store: String) throws -> Daemon {
                try Daemon(in: scratch, arguments: listen + ["--store", store], launcher: launcher)
            }
            let refused = try starts("postgres://firn@127.0.0.1:1/firn")
            let ending = try refused.waitForExit()
            #expect(ending == .exited(78) && refused.log.contains("apt-get install libpq5"), "\(refused.log)")
            let daemon = try starts("sqlite:\(scratch.store)")
            try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
            withExtendedLifetime(daemon) {}
        }
    }

    /// With another store, nothing of libpq and what it brings is in the process.
    @Test func libpqIsNotLoadedForOtherStores() throws {
        try withDaemon { daemon in
            let maps = try String(contentsOfFile: "/proc/\(daemon.pid)/maps", encoding: .utf8)
            for library in ["libpq", "libssl", "libcrypto", "libldap", "libgssapi"] { #expect(!maps.contains(library)) }
        }
    }
}
