internal import FirnHTTP
internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import Logging

/// The sockets for HTTP, opened before anything is claimed; none if HTTP is off.
struct HTTPListeners {
    let ids: [Listener]
    let admin: [Listener]

    init(_ configuration: HTTPConfiguration, allowsAnyHost: Bool) throws(ListenError) {
        ids = try Self.open(configuration.addresses, configuration, .http, allowsAnyHost)
        admin = try Self.open(configuration.adminAddresses, configuration, .admin, allowsAnyHost)
    }

    private static func open(
        _ addresses: [ListenAddress],
        _ configuration: HTTPConfiguration,
        _ purpose: InheritedSocket.Purpose,
        _ allowsAnyHost: Bool
    ) throws(ListenError) -> [Listener] {
        var listeners: [Listener] = []
        for socket in configuration.inherited where socket.purpose == purpose {
            listeners.append(try Listener(inherited: socket.descriptor, allowsAnyHost: allowsAnyHost))
        }
        for address in addresses {
            listeners.append(
                try Listener(
                    address,
                    ownership: SocketOwnership(),
                    allowsAnyHost: allowsAnyHost,
                    name: "--\(purpose.rawValue) \(address.withoutScheme)",
                    isIPv6Only: configuration.ipv6Only.contains(address)
                )
            )
        }
        return listeners
    }

    var addresses: [ListenAddress] { (ids + admin).map(\.address) }

    /// How many threads mint for HTTP, besides the shards.
    func mintingThreads(_ configuration: HTTPConfiguration) -> Int { ids.isEmpty ? 0 : configuration.threads }

    /// Starts to serve; `nil` if HTTP is off.
    func makeServer(
        source: MintSource,
        documents: AdminContent?,
        tokens: TokenGate?,
        configuration: Configuration,
        logger: Logger
    ) throws -> HTTPServer? {
        guard !ids.isEmpty || !admin.isEmpty else { return nil }
        var limits = HTTPLimits(maximumConnections: configuration.http.maximumConnections, configuration.limits)
        limits.maximumAdminConnections = configuration.http.maximumAdminConnections
        limits.maximumRefused = configuration.http.maximumRefused
        limits.idleTimeout = configuration.http.idleTimeout
        return try HTTPServer(
            listeners: ids.map { HTTPListener($0, .ids) } + admin.map { HTTPListener($0, .admin) },
            source: source,
            admin: documents,
            policy: configuration.http.web.policy,
            tokens: tokens,
            threads: max(1, mintingThreads(configuration.http)),
            limits: limits,
            logger: logger
        )
    }
}
