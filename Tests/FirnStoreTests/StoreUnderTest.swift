import FirnSQLite
import FirnStore
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnUpstream

#if Etcd
    import EtcdTestSupport
    import FirnEtcd
#endif
#if Postgres
    import FirnPostgres
    import PostgresTestSupport
#endif

/// The stores that keep the contract. A new one joins by a case.
enum StoreUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case memory, sqlite
    /// That of another daemon, without the sockets between.
    case upstream
    #if Etcd
        case etcd
    #endif
    #if Postgres
        case postgres
    #endif

    /// Those that need no other process.
    static let local: [StoreUnderTest] = [.memory, .sqlite]

    /// Whether other tests' writes count in its versions.
    var isShared: Bool {
        #if Etcd
            self == .etcd
        #else
            false
        #endif
    }

    /// One for all tests of this process as well, which nobody's deinit removes.
    private static let directory: TemporaryDirectory = {
        atexit { try? FileManager.default.removeItem(atPath: StoreUnderTest.directory.path) }
        return TemporaryDirectory()
    }()

    #if Etcd
        /// One for all tests of this process: each has a prefix of its own.
        private static let server = Result { try EtcdServer() }
    #endif
    #if Postgres
        /// Likewise: each has a role and a schema of its own.
        private static let database = Result { try PostgresServer() }
    #endif

    var testDescription: String { rawValue }

    func make() throws -> any Store {
        switch self {
        case .memory: return MemoryStore()
        case .upstream: return UpstreamStore(DirectTransport(MemoryStore()))
        case .sqlite: return try SQLiteStore(path: Self.directory.path + "/\(UUID().uuidString).db")
        #if Etcd
            case .etcd:
                var configuration = EtcdConfiguration(endpoints: [try Self.server.get().endpoint])
                configuration.keyPrefix = "/\(UUID().uuidString)/"
                // The machine may be busy with other tests.
                configuration.timeout = .seconds(30)
                return EtcdStore(configuration)
        #endif
        #if Postgres
            case .postgres:
                let server = try Self.database.get()
                let address = try PostgresAddress(parsing: server.location(role: server.makeRole()))
                var configuration = PostgresConfiguration(address)
                configuration.timeout = .seconds(30)
                return PostgresStore(configuration)
        #endif
        }
    }
}

/// True the first time it is asked.
final class OnceFlag: Sendable {
    private let isTaken = Atomic(false)

    func take() -> Bool {
        !isTaken.exchange(true, ordering: .sequentiallyConsistent)
    }
}
