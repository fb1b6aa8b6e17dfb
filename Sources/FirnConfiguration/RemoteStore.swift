internal import FirnStore

#if Etcd
    package import FirnEtcd
#endif
#if Postgres
    package import FirnPostgres
#endif
#if Upstream
    package import FirnUpstream
#endif

/// How to reach a store on other hosts.
package enum RemoteStore: Sendable {
    case etcd(EtcdConfiguration)
    case postgres(PostgresConfiguration)
    case firn(UpstreamConfiguration)

    /// Makes the configuration from the options; nil for a store of this host, for which no such option may be given.
    ///
    /// - Parameters:
    ///   - upstream: nil for a command, which does not open the store of another daemon.
    ///   - window: The daemon's window, because a call must end well before it does; nil for a command.
    package static func make(
        _ location: StoreLocation,
        etcd: EtcdOptions,
        postgres: PostgresOptions,
        upstream: UpstreamOptions?,
        window: Duration?
    ) throws(ConfigurationError) -> RemoteStore? {
        if case .postgres = location {} else { try postgres.requireNone() }
        if case .etcd = location {} else { try etcd.requireNone() }
        if case .firn = location {} else { try upstream?.requireNone() }
        switch location {
        case .etcd(let endpoints): return .etcd(try EtcdConfiguration(endpoints, etcd, window: window))
        case .postgres(let address): return .postgres(try PostgresConfiguration(address, postgres, window: window))
        case .firn(let addresses):
            guard let upstream else { preconditionFailure("a command refuses such a store") }
            return .firn(try UpstreamConfiguration(addresses, upstream, window: window))
        case .sqlite, .memory: return nil
        }
    }

    /// The longest that a call takes.
    package var timeout: Duration {
        switch self {
        case .etcd(let configuration): configuration.timeout
        case .postgres(let configuration): configuration.timeout
        case .firn(let configuration): configuration.timeout
        }
    }

    /// Messages for the log.
    package var notices: [String] {
        switch self {
        case .etcd(let configuration): configuration.notices
        case .postgres, .firn: []
        }
    }
}
