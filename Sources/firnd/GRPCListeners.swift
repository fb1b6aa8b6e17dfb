internal import FirnConfiguration
internal import FirnServer
internal import FirnWindows
internal import FirnWire
internal import Logging

#if GRPC
    internal import FirnGRPC
#endif

/// The sockets for gRPC, opened before anything is claimed; none if gRPC is off.
struct GRPCListeners {
    let listeners: [Listener]

    init(_ configuration: Configuration) throws(ListenError) {
        var listeners: [Listener] = []
        for socket in configuration.grpc.inherited {
            listeners.append(
                try Listener(inherited: socket.descriptor, allowsAnyHost: configuration.allowsAnyHost)
            )
        }
        for address in configuration.grpc.addresses {
            listeners.append(
                try Listener(
                    address,
                    ownership: configuration.ownership,
                    allowsAnyHost: configuration.allowsAnyHost(at: address),
                    name: "--grpc \(address.withoutTCP)",
                    isIPv6Only: configuration.grpc.ipv6Only.contains(address)
                )
            )
        }
        self.listeners = listeners
    }

    /// How many threads mint for gRPC, besides the shards.
    func mintingThreads(_ configuration: GRPCConfiguration) -> Int { listeners.isEmpty ? 0 : configuration.threads }

    #if GRPC
        static func checkIsBuilt() throws(ConfigurationError) {}

        /// Starts to serve; `nil` if gRPC is off.
        func makeServer(
            source: MintSource,
            tokens: TokenGate?,
            tls: TLSListeners,
            configuration: Configuration,
            logger: Logger
        ) throws -> GRPCServer? {
            guard !listeners.isEmpty else { return nil }
            return try GRPCServer(
                listeners: listeners.map { GRPCListener($0, security: tls.security(of: .grpc, at: $0.address)) },
                source: source,
                policy: configuration.policy,
                tokens: tokens,
                threads: configuration.grpc.threads,
                limits: GRPCLimits(
                    maximumConnections: configuration.grpc.maximumConnections,
                    configuration.limits
                ),
                logger: logger
            )
        }
    #else
        static func checkIsBuilt() throws(ConfigurationError) {
            throw ConfigurationError(
                "--grpc is given, and this program was built without it; build it with gRPC by "
                    + "'scripts/build-release firnd firn' or 'swift build -c release'"
            )
        }

        func makeServer(
            source _: MintSource,
            tokens _: TokenGate?,
            tls _: TLSListeners,
            configuration _: Configuration,
            logger _: Logger
        ) throws -> GRPCServer? { nil }
    #endif
}

#if !GRPC
    /// Replaces `FirnGRPC`'s server in a build without the trait GRPC, so that other files need no conditions. None can
    /// be created.
    final class GRPCServer: Sendable {
        private init() {}
        func requestHeartbeat() {}
        var hasHeartbeat: Bool { true }
        var beats: [UInt64] { [] }
        func drain() {}
        func join() {}
    }
#endif
