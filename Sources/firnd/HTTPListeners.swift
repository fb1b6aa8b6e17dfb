internal import FirnHTTP
internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import Logging

/// The sockets for HTTP, opened before anything is claimed; none if HTTP is off.
struct HTTPListeners {
    let ids: [Listener]
    let admin: [Listener]

    init(_ configuration: Configuration) throws(ListenError) {
        ids = try Self.open(configuration.http.addresses, configuration, .http)
        admin = try Self.open(configuration.http.adminAddresses, configuration, .admin)
    }

    private static func open(
        _ addresses: [ListenAddress],
        _ configuration: Configuration,
        _ purpose: InheritedSocket.Purpose
    ) throws(ListenError) -> [Listener] {
        var listeners: [Listener] = []
        for socket in configuration.http.inherited where socket.purpose == purpose {
            listeners.append(try Listener(inherited: socket.descriptor, allowsAnyHost: configuration.allowsAnyHost))
        }
        for address in addresses {
            listeners.append(
                try Listener(
                    address,
                    // Of a Unix socket, which only --admin may be.
                    ownership: configuration.ownership,
                    allowsAnyHost: configuration.allowsAnyHost(at: address),
                    name: "--\(purpose.rawValue) \(address.withoutTCP)",
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
        tls: TLSListeners,
        configuration: Configuration,
        logger: Logger
    ) throws -> HTTPServer? {
        guard !ids.isEmpty || !admin.isEmpty else { return nil }
        var limits = HTTPLimits(maximumConnections: configuration.http.maximumConnections, configuration.limits)
        limits.maximumAdminConnections = configuration.http.maximumAdminConnections
        limits.maximumRefused = configuration.http.maximumRefused
        limits.idleTimeout = configuration.http.idleTimeout
        return try HTTPServer(
            listeners: ids.map { HTTPListener($0, .ids, security: tls.security(of: .http, at: $0.address)) }
                + admin.map { HTTPListener($0, .admin, security: tls.security(of: .admin, at: $0.address)) },
            source: source,
            admin: documents,
            policy: configuration.http.web.policy,
            peers: configuration.policy,
            tokens: tokens,
            threads: max(1, mintingThreads(configuration.http)),
            limits: limits,
            logger: logger
        )
    }
}
