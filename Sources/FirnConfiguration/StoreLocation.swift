package import FirnSQLite
package import FirnStore

#if Etcd
    package import FirnEtcd
#endif

/// Where workers and windows are stored, as `--store` specifies it for the daemon and the command.
package enum StoreLocation: Equatable, CustomStringConvertible {
    case sqlite(path: String)
    case memory
    case etcd([EtcdEndpoint])

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
        } else {
            throw ConfigurationError(
                "--store is '\(text)'; write sqlite:PATH, etcd:HOST:PORT, or memory for IDs that need not outlive the daemon"
            )
        }
    }

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
        }
    }

    /// The store's name as `--store` takes it, valid from any working directory.
    package func name(_ etcd: EtcdConfiguration?) -> String {
        switch self {
        case .sqlite(let path): "sqlite:\((try? SQLiteStore.absolute(path)) ?? path)"
        case .memory: description
        // Two prefixes in one cluster are two stores.
        case .etcd: etcd.map { "\(description) --etcd-prefix \($0.keyPrefix)" } ?? description
        }
    }

    /// Opens the store.
    ///
    /// - Parameters:
    ///   - use: Whether a missing file is created, and whether a read-only file is accepted.
    ///   - etcd: How to reach an etcd store; required for one. Nothing is sent to it yet.
    package func open(_ use: SQLiteStore.Use = .make, etcd: EtcdConfiguration?) throws(StoreError) -> any Store {
        switch self {
        case .memory: return MemoryStore()
        case .sqlite(let path): return try SQLiteStore(path: path, for: use)
        case .etcd:
            guard let etcd else { preconditionFailure("an etcd store is opened with its configuration") }
            return etcd.makeStore()
        }
    }
}
