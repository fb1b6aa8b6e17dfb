internal import FirnConfiguration
internal import FirnServer
internal import Logging

/// All sockets, opened before anything is claimed: a second daemon on the same socket does not touch the store.
struct DaemonListeners {
    let frames: Listeners
    let tls: TLSListeners
    let http: HTTPListeners
    let grpc: GRPCListeners

    init(_ configuration: Configuration, logger: Logger) throws {
        frames = try Listeners(
            configuration.addresses.filter { !$0.isTLS },
            inherited: configuration.inheritedSockets,
            ownership: configuration.ownership,
            allowsAnyHost: configuration.allowsAnyHost,
            ipv6Only: configuration.ipv6Only
        )
        tls = try TLSListeners(configuration, logger: logger)
        http = try HTTPListeners(configuration)
        grpc = try GRPCListeners(configuration)
    }

    /// How many threads give out IDs, each from shards of its own.
    func mintingThreads(_ configuration: Configuration) -> Int {
        configuration.shards + http.mintingThreads(configuration.http) + TLSListeners.threads(configuration)
            + grpc.mintingThreads(configuration.grpc)
    }
}
