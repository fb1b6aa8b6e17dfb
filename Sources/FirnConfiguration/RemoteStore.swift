internal import FirnStore

#if Etcd
    package import FirnEtcd
#endif
#if Postgres
    package import FirnPostgres
#endif

/// How to reach a store on other hosts.
package enum RemoteStore: Sendable {
    case etcd(EtcdConfiguration)
    case postgres(PostgresConfiguration)

    /// Makes the configuration from the options; nil for a store of this host, for which no such option may be given.
    ///
    /// - Parameter window: The daemon's window, because a call must end well before it does; nil for a command.
    package static func make(
        _ location: StoreLocation,
        etcd: EtcdOptions,
        postgres: PostgresOptions,
        window: Duration?
    ) throws(ConfigurationError) -> RemoteStore? {
        if case .etcd(let endpoints) = location {
            try postgres.requireNone()
            return .etcd(try EtcdConfiguration(endpoints, etcd, window: window))
        }
        try etcd.requireNone()
        if case .postgres(let address) = location {
            return .postgres(try PostgresConfiguration(address, postgres, window: window))
        }
        try postgres.requireNone()
        return nil
    }

    /// The longest that a call takes.
    package var timeout: Duration {
        switch self {
        case .etcd(let configuration): configuration.timeout
        case .postgres(let configuration): configuration.timeout
        }
    }

    /// Messages for the log.
    package var notices: [String] {
        switch self {
        case .etcd(let configuration): configuration.notices
        case .postgres: []
        }
    }
}
