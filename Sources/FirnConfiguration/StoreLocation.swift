package import FirnSQLite
package import FirnStore

#if Etcd
    package import FirnEtcd
#endif
#if Postgres
    package import FirnPostgres
#endif
#if Upstream
    internal import FirnClient
#endif

/// Where workers and windows are stored, as `--store` specifies it for the daemon and the command.
package enum StoreLocation: Equatable, CustomStringConvertible {
    case sqlite(path: String)
    case memory
    case etcd([EtcdEndpoint])
    case postgres(PostgresAddress)
    /// The store of other daemons, which serve it.
    case firn([DaemonAddress])

    package init(parsing text: String) throws(ConfigurationError) {
        if text == "memory" {
            self = .memory
        } else if text.hasPrefix("sqlite:"), text != "sqlite:" {
            self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
        } else if text.hasPrefix("etcd:") {
            #if Etcd
                self = .etcd(try Self.endpoints(text))
            #else
                throw .builtWithoutEtcd
            #endif
        } else if text.hasPrefix("firn:") {
            #if Upstream
                self = .firn(try Self.daemons(text))
            #else
                throw .builtWithoutUpstream
            #endif
        } else if PostgresAddress.schemes.contains(where: text.hasPrefix) {
            #if Postgres
                self = .postgres(try Self.address(text))
            #else
                throw .builtWithoutPostgres
            #endif
        } else {
            throw ConfigurationError(
                "--store is \(Self.shown(text)); write sqlite:PATH, postgres://USER@HOST/DATABASE, etcd:HOST:PORT, "
                    + "firn:ADDRESS for that of another daemon, or memory for IDs that need not outlive the daemon"
            )
        }
    }

    /// The value for a message: of one that may have a password in it, only the beginning.
    private static func shown(_ text: String) -> String {
        let lowercased = text.lowercased()
        guard text.contains("@") || ["password", "passwd", "pwd"].contains(where: lowercased.contains) else {
            return "'\(text)'"
        }
        return "'\(text.prefix { $0 != ":" && $0 != "=" })…', of which the rest may be a password"
    }

    #if Postgres
        /// The text itself is repeated only where it has no password in it.
        private static func address(_ text: String) throws(ConfigurationError) -> PostgresAddress {
            do throws(PostgresAddressError) {
                return try PostgresAddress(parsing: text)
            } catch {
                throw ConfigurationError("--store names PostgreSQL: \(error)")
            }
        }
    #endif

    #if Upstream
        /// Each of them is an address as `--listen` has it: their texts begin with unix:, tcp: or tls:.
        private static func daemons(_ text: String) throws(ConfigurationError) -> [DaemonAddress] {
            var addresses: [DaemonAddress] = []
            for part in text.dropFirst("firn:".count).split(separator: ",", omittingEmptySubsequences: false) {
                guard !part.isEmpty else {
                    throw ConfigurationError(
                        "--store is '\(text)', which lacks an address; write firn:unix:PATH or firn:tcp:HOST:PORT, several with "
                            + "commas between them"
                    )
                }
                let address: FirnAddress
                do throws(FirnClientError) {
                    address = try FirnAddress(parsing: String(part))
                } catch {
                    throw ConfigurationError("--store is '\(text)': \(error.message)")
                }
                guard !addresses.contains(address) else {
                    throw ConfigurationError(
                        "--store is '\(text)', and \(address) is in it twice; name each daemon once"
                    )
                }
                addresses.append(address)
            }
            guard addresses.count <= maximumEndpoints else {
                throw ConfigurationError("--store names \(addresses.count) daemons; name up to \(maximumEndpoints)")
            }
            return addresses
        }
    #endif

    /// More than an etcd cluster has members.
    private static let maximumEndpoints = 16

    private static func endpoints(_ text: String) throws(ConfigurationError) -> [EtcdEndpoint] {
        var endpoints: [EtcdEndpoint] = []
        for part in text.dropFirst("etcd:".count).split(separator: ",", omittingEmptySubsequences: false) {
            guard let endpoint = EtcdEndpoint(part) else {
                throw ConfigurationError(
                    "--store is '\(text)', and '\(part)' is not HOST:PORT; write etcd:HOST:PORT, several with commas "
                        + "between them, such as etcd:10.0.0.1:2379,10.0.0.2:2379"
                )
            }
            guard !endpoints.contains(endpoint) else {
                throw ConfigurationError("--store is '\(text)', and \(endpoint) is in it twice; name each member once")
            }
            endpoints.append(endpoint)
        }
        guard endpoints.count <= maximumEndpoints else {
            throw ConfigurationError("--store names \(endpoints.count) endpoints; name up to \(maximumEndpoints)")
        }
        return endpoints
    }

    package var description: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .memory: "memory"
        case .etcd(let endpoints): "etcd:\(endpoints.map(\.description).joined(separator: ","))"
        case .postgres(let address): address.description
        case .firn(let addresses): "firn:\(addresses.map(\.description).joined(separator: ","))"
        }
    }

    /// Whether it is on other hosts, or may be.
    package var isRemote: Bool {
        switch self {
        case .sqlite, .memory: false
        case .etcd, .postgres, .firn: true
        }
    }

    /// Whether it is the store of other daemons.
    package var isOfDaemons: Bool { if case .firn = self { true } else { false } }

    /// The store's name as `--store` takes it, valid from any working directory.
    package func name(_ remote: RemoteStore?) -> String {
        switch self {
        case .sqlite(let path): "sqlite:\((try? SQLiteStore.absolute(path)) ?? path)"
        case .memory, .postgres, .firn: description
        case .etcd:
            // Two prefixes in one cluster are two stores.
            if case .etcd(let etcd)? = remote { "\(description) --etcd-prefix \(etcd.keyPrefix)" } else { description }
        }
    }

    /// Opens the store.
    ///
    /// - Parameters:
    ///   - use: Whether a missing file is created, and whether a read-only file is accepted.
    ///   - remote: How to reach a store on other hosts; required for one. Nothing is sent to it yet.
    package func open(_ use: SQLiteStore.Use = .make, remote: RemoteStore?) throws(StoreError) -> any Store {
        switch (self, remote) {
        case (.memory, _): return MemoryStore()
        case (.sqlite(let path), _): return try SQLiteStore(path: path, for: use)
        case (.etcd, .etcd(let configuration)?): return configuration.makeStore()
        case (.postgres, .postgres(let configuration)?): return configuration.makeStore(for: use)
        case (.firn, .firn(let configuration)?): return configuration.makeStore()
        case (.etcd, _), (.postgres, _), (.firn, _):
            preconditionFailure("a remote store is opened with its configuration")
        }
    }
}
