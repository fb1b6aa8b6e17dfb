package import FirnServer

/// Every limit of the HTTP server. `docs/ARCHITECTURE.md` says what happens past each.
package struct HTTPLimits: Sendable {
    /// Open connections to listeners that give out IDs.
    package var maximumConnections: Int
    /// Open connections to `--admin` listeners: probes, scrapers and people.
    package var maximumAdminConnections = 64
    /// Connections past the limit that get an answer; further ones are closed at once.
    package var maximumRefused = 64
    /// How long a connection may be silent between two requests.
    package var idleTimeout: Duration = .seconds(60)
    /// From the first byte of a request to its last.
    package var requestTimeout: Duration
    /// How long an answer may wait for the peer to read more of it.
    package var sendTimeout: Duration
    /// How long connections have to finish after the daemon was told to stop.
    package var drainTimeout: Duration
    /// Descriptors that connections may not use.
    package var descriptorReserve: DescriptorReserve

    /// How long a request may wait for a tick or for the store. This is longer than either takes in normal operation:
    /// 65,536 IDs in Sonyflake's layout take 2.6 s.
    static let callTimeoutMilliseconds: UInt32 = 10_000
    /// Bytes of one header field, or of the request line.
    static let maximumFieldLength = 8 * 1024
    /// Bytes of all header fields of a request.
    static let maximumHeaderLength = 16 * 1024
    /// Header fields of a request.
    static let maximumFields = 64
    /// Bytes of a request's body. No request needs one; a body is read and discarded.
    static let maximumBodyLength = 4 * 1024
    /// Bytes per read, and so the limit for pipelined requests.
    static let readLength = 8 * 1024
    /// Unsent bytes of an answer past which the connection is not read and no more is written to it.
    static let maximumUnsentBytes = 64 * 1024
    /// Uses the framed protocol's limits where they mean the same, and `maximumConnections`.
    package init(maximumConnections: Int, _ limits: Limits) {
        self.maximumConnections = maximumConnections
        requestTimeout = limits.frameTimeout
        sendTimeout = limits.sendTimeout
        drainTimeout = limits.drainTimeout
        descriptorReserve = limits.descriptorReserve
    }
}
