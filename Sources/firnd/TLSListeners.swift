internal import FirnNIO
internal import FirnServer
internal import FirnTLS
internal import Logging

/// The certificates of all doors with TLS, and the sockets of the framed protocol with it; opened before anything is
/// claimed.
struct TLSListeners {
    /// `nil` where no door has TLS.
    let certificates: ServerCertificates?
    /// Of the framed protocol.
    let frames: [Listener]

    private let configuration: Configuration

    init(_ configuration: Configuration, logger: Logger) throws {
        self.configuration = configuration
        certificates = try configuration.tls.files.map {
            try ServerCertificates($0, doors: configuration.tls.doors, meter: TLSMeter(), logger: logger)
        }
        var frames: [Listener] = []
        for address in configuration.addresses where address.isTLS {
            frames.append(
                try Listener(
                    address,
                    ownership: SocketOwnership(),
                    allowsAnyHost: configuration.allowsAnyHost(at: address),
                    isIPv6Only: configuration.ipv6Only.contains(address)
                )
            )
        }
        self.frames = frames
    }

    /// How many threads serve the framed protocol with TLS: as many as shards, or none.
    static func threads(_ configuration: Configuration) -> Int {
        configuration.tls.doors.contains(.frames) ? configuration.shards : 0
    }

    /// What secures the connections of an address.
    func security(of door: Door, at address: ListenAddress) -> ChannelSecurity? {
        guard address.isTLS else { return nil }
        return certificates?.security(of: door, handshakeTimeout: configuration.limits.frameTimeout)
    }

    /// Starts to serve the framed protocol with TLS; `nil` where no address has it.
    func makeServer(
        source: MintSource,
        limiter: ConnectionLimiter,
        tokens: TokenGate?,
        logger: Logger
    ) throws -> FramedServer? {
        guard let first = frames.first, let certificates, let security = security(of: .frames, at: first.address) else {
            return nil
        }
        return try FramedServer(
            listeners: frames,
            source: source,
            threads: Self.threads(configuration),
            limiter: limiter,
            tokens: tokens,
            security: security,
            meter: certificates.meter,
            logger: logger
        )
    }
}
