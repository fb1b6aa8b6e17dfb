package import FirnServer

/// Every limit of the HTTP side. What lies past each is in `docs/ARCHITECTURE.md`.
package struct HTTPLimits: Sendable {
    /// Open connections to listeners that give out IDs.
    package var maximumConnections: Int
    /// Open connections to `--admin` listeners: probes, scrapers and people.
    package var maximumAdminConnections = 64
    /// Connections past the limit that are told so; others are closed without a word.
    package var maximumRefused = 64
    /// How long a connection may be silent between two requests.
    package var idleTimeout: Duration = .seconds(60)
    /// From a request's first byte to its last.
    package var requestTimeout: Duration
    /// How long an answer may wait for the peer to take more of it.
    package var sendTimeout: Duration
    /// How long connections are given to finish once the daemon was told to stop.
    package var drainTimeout: Duration
    /// Descriptors that connections do not get.
    package var descriptorReserve: DescriptorReserve

    /// How long a request may wait for a tick or for the store. Longer than either takes when all is well: 65,536 IDs in
    /// Sonyflake's layout are there in 2.6 s.
    static let callTimeoutMilliseconds: UInt32 = 10_000
    /// Bytes of one header field, the request line among them.
    static let maximumFieldLength = 8 * 1024
    /// Bytes of all header fields of a request.
    static let maximumHeaderLength = 16 * 1024
    /// Header fields of a request.
    static let maximumFields = 64
    /// Bytes of a request's body. No request needs one; what comes is read and thrown away.
    static let maximumBodyLength = 4 * 1024
    /// Bytes that are read at once, and so what pipelined requests may hold.
    static let readLength = 8 * 1024
    /// Unsent bytes of an answer past which the connection is neither read nor given more.
    static let maximumUnsentBytes = 64 * 1024
    /// The framed protocol's limits where they mean the same, and `maximumConnections`.
    package init(maximumConnections: Int, _ limits: Limits) {
        self.maximumConnections = maximumConnections
        requestTimeout = limits.frameTimeout
        sendTimeout = limits.sendTimeout
        drainTimeout = limits.drainTimeout
        descriptorReserve = limits.descriptorReserve
    }
}
