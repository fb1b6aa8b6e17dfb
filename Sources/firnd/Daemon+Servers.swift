internal import FirnServer
internal import FirnWindows

/// The servers, each with the same means to give out IDs.
extension Daemon {
    /// Starts to serve. Those for which descriptors are opened come first: once a caller of the framed protocol gets an answer,
    /// all ports are open.
    func startServers(
        _ minting: Minting,
        _ windows: WindowThread,
        _ listeners: DaemonListeners,
        _ tokens: TokenFile?
    ) throws -> DaemonServers {
        let meters = minting.admin?.meters
        let limiter = ConnectionLimiter(limits: configuration.limits)
        let http = try listeners.http.makeServer(
            source: minting.source(configuration, meters?.http),
            documents: minting.admin?.content(minting, windows),
            tokens: tokens?.gate,
            tls: listeners.tls,
            configuration: configuration,
            logger: logger
        )
        let tls = try listeners.tls.makeServer(
            source: minting.source(configuration, meters?.tls),
            limiter: limiter,
            tokens: tokens?.gate,
            logger: logger
        )
        let grpc = try listeners.grpc.makeServer(
            source: minting.source(configuration, meters?.grpc),
            tokens: tokens?.gate,
            tls: listeners.tls,
            configuration: configuration,
            logger: logger
        )
        let frames = try Server(
            listeners: listeners.frames,
            slots: minting.slots,
            reactors: configuration.shards,
            layout: configuration.layout,
            clock: minting.clock,
            limits: configuration.limits,
            policy: configuration.policy,
            tokens: tokens?.gate,
            availability: minting.availability,
            sequences: minting.sequences,
            desks: minting.desks,
            limiter: limiter,
            meters: meters?.server,
            logger: logger,
            description: minting.description
        )
        let servers = DaemonServers(frames: frames, http: http, tls: tls, grpc: grpc)
        minting.admin?.started(servers)
        return servers
    }

    /// Logs what is served, and where.
    func announce(_ minting: Minting, _ listeners: DaemonListeners, hasTokens: Bool) {
        Announcement(
            configuration: configuration,
            addresses: listeners.frames.addresses + listeners.tls.frames.map(\.address),
            http: listeners.http,
            grpc: listeners.grpc,
            slots: minting.slots
        ).log(to: logger)
        if hasTokens {
            warnOfClearTokens(
                listeners.frames.addresses + listeners.http.addresses + listeners.grpc.listeners.map(\.address)
            )
        }
    }
}
