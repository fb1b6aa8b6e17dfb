import EtcdTestSupport
import FirnPostgres
import FirnStore
import Foundation
import PostgresTestSupport

/// Servers of this suite that tests share: each has a role and a schema of its own there.
enum Servers {
    static let plain = Result { try PostgresServer() }
}

/// A store at an address, with enough time for a busy machine, unless the test is about its end.
func store(
    _ location: String,
    timeout: Duration = .seconds(60),
    for use: PostgresStore.Use = .make
) throws -> PostgresStore {
    var configuration = PostgresConfiguration(try PostgresAddress(parsing: location))
    configuration.timeout = timeout
    return PostgresStore(configuration, for: use)
}

/// What a call fails with.
func failure<Result>(_ body: () throws(StoreError) -> Result) -> StoreError? {
    do throws(StoreError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// What a query gives to a client of its own.
func psql(_ place: [String], _ text: String) throws -> String {
    try run(["/usr/bin/psql", "-XqAt"] + place + ["-c", text], "Debian's postgresql-client")
        .trimmingCharacters(in: .newlines)
}
