internal import FirnFiles
internal import FirnSQLite
internal import FirnStore

// What is thrown is public where there is a store that may be named wrongly.
#if Etcd || Postgres
    public import FirnMinter
#else
    internal import FirnMinter
#endif
#if Etcd
    internal import FirnEtcd
#endif
#if Postgres
    internal import FirnPostgres
#endif

/// Where a ``Minter`` has its worker from. All minters and daemons of one store share its workers, and never mint the same ID.
public struct MinterStore: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case sqlite(path: String)
        #if Etcd
            case etcd(EtcdConfiguration)
        #endif
        #if Postgres
            case postgres(PostgresConfiguration)
        #endif
        case memory
    }

    let kind: Kind
    /// As firnd's `--store` takes it, as far as that is possible.
    public let description: String

    /// A directory of this host in which the minter records what the store granted it. With it, a store that was restored from
    /// an older copy while nobody ran is noticed; without it, only one that was restored while this minter runs. nil by
    /// default. firnd's is `/var/lib/firn` for root.
    public var stateDirectory: String?

    private init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// A SQLite database on a local disk, for the processes of one host. It is created if it is missing.
    public static func sqlite(path: String) -> MinterStore {
        MinterStore(.sqlite(path: path), "sqlite:\((try? SQLiteStore.absolute(path)) ?? path)")
    }

    /// Nothing that lasts: two minters with it mint the same IDs, and so does one after a restart. For tests.
    public static var memory: MinterStore { MinterStore(.memory, "memory") }

    #if Etcd
        /// An etcd cluster.
        ///
        /// - Parameters:
        ///   - endpoints: 1 to 16, each as `HOST:PORT`.
        ///   - prefix: What all keys begin with; minters and daemons with the same one share their workers.
        ///   - tls: nil for none.
        ///   - credentials: nil for none.
        /// - Throws: `.invalidArgument` for endpoints that are none.
        public static func etcd(
            _ endpoints: [String],
            prefix: String = "/firn/",
            tls: EtcdTLS? = nil,
            credentials: EtcdCredentials? = nil
        ) throws(MinterError) -> MinterStore {
            let parsed = endpoints.compactMap { EtcdEndpoint($0[...]) }
            guard parsed.count == endpoints.count, (1...16).contains(parsed.count) else {
                throw MinterError(
                    .invalidArgument,
                    "The etcd endpoints are \(endpoints): give 1 to 16, each as HOST:PORT, such as 10.0.0.1:2379."
                )
            }
            guard prefix.hasSuffix("/"), prefix.utf8.count <= 256,
                prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                throw MinterError(
                    .invalidArgument,
                    "The prefix of etcd's keys is '\(prefix)': give up to 256 letters of ASCII without blanks that end in /."
                )
            }
            var configuration = EtcdConfiguration(endpoints: parsed)
            configuration.keyPrefix = prefix
            configuration.tls = tls?.configuration
            configuration.credentials = credentials.map {
                EtcdConfiguration.Credentials(user: $0.user, readPassword: $0.password)
            }
            return MinterStore(
                .etcd(configuration),
                "etcd:\(parsed.map(\.description).joined(separator: ",")) --etcd-prefix \(prefix)"
            )
        }
    #endif

    #if Postgres
        /// A PostgreSQL database.
        ///
        /// - Parameter address: As firnd's `--store` takes it: `postgres://USER@HOST:PORT/DATABASE[?sslmode=…]`, without a
        ///   password; that one is read from `PGPASSFILE` or `~/.pgpass`.
        /// - Throws: `.invalidArgument` for an address that is none, or has a password.
        public static func postgres(_ address: String) throws(MinterError) -> MinterStore {
            do throws(PostgresAddressError) {
                let parsed = try PostgresAddress(parsing: address)
                return MinterStore(.postgres(PostgresConfiguration(parsed)), parsed.description)
            } catch {
                throw MinterError(.invalidArgument, "The address of PostgreSQL cannot be used: \(error)")
            }
        }
    #endif

    /// How far ahead of the clock a worker is reserved by default: as long as the store may be away.
    var defaultWindow: Duration {
        switch kind {
        case .sqlite, .memory: return .seconds(3)
        #if Etcd
            case .etcd: return .seconds(60)
        #endif
        #if Postgres
            case .postgres: return .seconds(60)
        #endif
        }
    }

    /// Made with the first store of this process. The child of a process that has had one must not open another: SQLite takes
    /// its parent's locks for its own, and neither has the threads of gRPC.
    private static let mark = LifeMark()

    /// Opens the store. Blocks.
    ///
    /// - Throws: `.refused` in a child made by `fork` of a process that has opened one, unless it is in memory.
    func open(window: Duration) throws(StoreError) -> any Store {
        let isInMemory = if case .memory = kind { true } else { false }
        if !isInMemory, Self.mark.isForked {
            throw StoreError(
                code: .refused,
                message:
                    "this process was forked from one that had opened a store, whose locks and threads it does not have: "
                    + "call exec before a minter is made, or take IDs from a daemon"
            )
        }
        switch kind {
        case .sqlite(let path): return try SQLiteStore(path: path, for: .make)
        case .memory: return MemoryStore()
        #if Etcd
            case .etcd(var configuration):
                configuration.timeout = min(configuration.timeout, window / 3)
                return EtcdStore(configuration)
        #endif
        #if Postgres
            case .postgres(var configuration):
                configuration.timeout = min(configuration.timeout, window / 3)
                return PostgresStore(configuration)
        #endif
        }
    }
}

#if Etcd
    /// How to reach etcd with TLS. Files in PEM form; they are read for every new connection.
    public struct EtcdTLS: Sendable {
        /// The authorities that may have signed the server's certificate; nil for the system's.
        public var authorities: String?
        /// This client's certificate, followed by intermediate ones, and its key.
        public var certificate: (path: String, keyPath: String)?
        /// The name that the server's certificate must have; nil for the endpoint's host.
        public var serverName: String?

        /// The system's authorities, and no certificate.
        public init() {}

        fileprivate var configuration: EtcdConfiguration.TLS {
            var tls = EtcdConfiguration.TLS()
            tls.authoritiesPath = authorities
            tls.certificate = certificate.map { EtcdConfiguration.TLS.Certificate(path: $0.path, keyPath: $0.keyPath) }
            tls.serverName = serverName
            return tls
        }
    }

    /// A user of etcd.
    public struct EtcdCredentials: Sendable {
        /// The user's name.
        public var user: String
        /// Called for every new token, so that a password can be changed in place.
        public var password: @Sendable () throws -> String

        /// - Parameter password: Called for every new token, on any thread.
        public init(user: String, password: @escaping @Sendable () throws -> String) {
            self.user = user
            self.password = password
        }
    }
#endif
