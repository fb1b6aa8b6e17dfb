import FirnStore
import Testing

@testable import FirnPostgres

@Suite struct PostgresAddressTests {
    @Test(arguments: [
        "postgres://firn@db-1:5432/firn", "postgresql://db",
        "postgres://firn@a:1,b:2/firn?target_session_attrs=read-write",
        "postgres:///firn?host=/run/postgresql",
        "postgres://firn@[::1]:5432/firn?sslmode=verify-full&sslrootcert=/ca.pem",
        "postgres://?service=firn", "postgres://o%27brien@db/na%22me?connect_timeout=1",
        "postgres://firn@db/firn?passfile=/etc/firn/pgpass", "postgres://firn@db/firn?passfile=/etc/firn/password",
        "postgres://firn@db:5432/firn?application_name=me@here",
    ])
    func isKeptAsItIs(_ text: String) throws {
        if text.contains("passfile") { return #expect(try PostgresAddress(parsing: text).value(of: "passfile") != nil) }
        #expect(try PostgresAddress(parsing: text).description == text)
    }

    /// None of it may get to a log, whatever it is taken for.
    @Test(arguments: [
        "postgres://firn:hunter2@db/firn", "postgres://firn:hunter2@[::1]/firn", "postgresql://:hunter2@db",
        "postgres://firn@db/firn?password=hunter2", "postgres://firn@db/firn?sslpassword=hunter2",
        "postgres://firn@db/firn?p%61ssword=hunter2", "postgres://firn@db/firn?PASSWORD=hunter2",
        "postgres://firn:hunt@er2@db/firn", "postgres://firn:hunter2/@db/firn", "postgres://firn:hunter2?@db/firn",
        "postgres://firn:hunter2%zz@db/firn", "postgres://firn%3Ahunter2:x@db/firn",
        "postgres://firn%3Ahunter2@db/firn", "postgres://db/firn?user=firn%3Ahunter2",
        "postgres://firn:hunter2@db/firn?application_name=me@here", "postgres://firn@db/firn?pwd=hunter2",
        "postgres://firn@db/firn?sslmode=require&Passwd=hunter2",
    ])
    func aPasswordIsRefusedAndNotRepeated(_ text: String) throws {
        let error = try #require(throws: PostgresAddressError.self) { try PostgresAddress(parsing: text) }
        #expect(!error.description.contains("hunt") && !error.description.contains("er2"), "\(error)")
        #expect(error.description.contains("PGPASSFILE") && error.description.contains("0600"), "\(error)")
    }

    @Test(arguments: [
        ("postgres://db/firn?sslmod=require", "sslmod"),
        ("postgres://db/firn?target_session_attrs=standby", "read-write"),
        ("postgres://db:99999/firn", "99999"), ("postgres://db:0/firn", "the port is '0'"),
        ("postgres://[::1/firn", "IPv6"),
        ("postgres://db/firn?replication=database", "replication"), ("postgres://db/%zz", "%zz"),
    ])
    func anythingElseIsNamed(_ text: String, _ words: String) throws {
        let error = try #require(throws: PostgresAddressError.self) { try PostgresAddress(parsing: text) }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test func hostsAreDividedAsLibpqDoes() {
        func texts(_ hosts: String?, _ addresses: String?, _ ports: String?) -> [String] {
            PostgresHost.list(hosts: hosts, addresses: addresses, ports: ports).map(\.description)
        }
        #expect(texts("a,b", nil, "1,2") == ["a:1", "b:2"])
        #expect(texts("a,b", nil, "1") == ["a:1", "b:1"])
        #expect(texts("a,::1", nil, "1,") == ["a:1", "::1"])
        #expect(texts(nil, "10.0.0.1,fd00::1", "5432") == ["10.0.0.1:5432", "[fd00::1]:5432"])
        #expect(texts(nil, nil, nil) == ["the local socket"])
        #expect(texts("/run/postgresql", nil, "5432") == ["/run/postgresql:5432"])
    }

    @Test(arguments: [
        (
            "connection to server at \"::1\", port 5432 failed: FATAL:  28P01: password authentication failed for user \"x\"\n"
                + "LOCATION:  auth_failed, auth.c:335\n", "28P01",
            "connection to server at \"::1\", port 5432 failed: FATAL:  password authentication failed for user \"x\""
        ),
        ("FATAL:  3D000: database \"a: b\" does not exist\n", "3D000", "FATAL:  database \"a: b\" does not exist"),
        ("connection refused\n\tIs the server running?\n", nil, "connection refused; Is the server running?"),
        ("", nil, ""), (":  ", nil, ":"), (":  28P01", nil, ":  28P01"),
    ])
    func theStateIsTakenOutOfAMessage(_ words: String, _ state: String?, _ text: String) {
        let (found, rest) = PostgresFailure.stateAndText(words)
        #expect(found == state && rest == text)
    }

    @Test(arguments: [
        ("28P01", StoreError.Code.refused), ("3D000", .refused), ("42501", .refused), ("42P01", .replaced),
        ("25006", .unwritable), ("53100", .diskFull), ("53300", .unavailable), ("57P01", .unavailable),
        ("57014", .unavailable), ("XX001", .corrupt), ("23505", .corrupt), ("40001", .unavailable),
        ("ZZ999", .unavailable),
    ])
    func statesHaveCodes(_ state: String, _ code: StoreError.Code) {
        let failure = PostgresFailure(state: state, words: "words")
        #expect(failure.code == code && failure.text.contains("words") && failure.text.contains(state))
        // A transaction that was refused was rolled back; one whose session ended may have been committed.
        #expect(failure.mayHaveHappened == ["53300", "57P01"].contains(state))
    }

    @Test func versionsAreWrittenAsTheyAreCalled() {
        #expect(
            PostgresSchema.text(ofVersion: 150_018) == "15.18" && PostgresSchema.text(ofVersion: 90_624) == "9.6.24"
        )
    }
}
