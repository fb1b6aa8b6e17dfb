package import FirnServer

/// Every limit of the gRPC server. `docs/GRPC.md` says what happens past each.
package struct GRPCLimits: Sendable {
    /// Open connections.
    package var maximumConnections: Int
    /// Open calls of one connection, which the peer is told in SETTINGS.
    package var maximumStreams: Int
    /// Bytes of a request's message.
    package var maximumMessageLength: Int
    /// Bytes of a connection's answers that are not sent. Beyond this number streams pause, and new calls are refused.
    package var maximumUnsentBytes: Int
    /// How long a connection may be silent while it has no call, by its kind of socket; `nil`: forever.
    package var unixIdleTimeout: Duration?
    package var tcpIdleTimeout: Duration?
    /// From a connection's or a call's beginning until its HTTP/2 preface or its message is complete.
    package var requestTimeout: Duration
    /// How long unsent bytes may make no progress before the connection is closed.
    package var sendTimeout: Duration
    /// How long connections have to finish after the daemon was told to stop.
    package var drainTimeout: Duration
    /// Descriptors that connections may not use.
    package var descriptorReserve: DescriptorReserve

    static let resetWindowSeconds: Int64 = 10
    /// Bytes of a call's header fields.
    static let maximumHeaderLength = 16 * 1024
    /// CONTINUATION frames of one header block.
    static let maximumContinuations = 5
    /// RST_STREAM frames of one connection in ten seconds. Clients send one for each call that they give up.
    package var maximumResets = 5_000
    /// PING, PRIORITY and empty DATA frames of one connection per second. Clients in Go and C++ measure the connection's
    /// bandwidth with a PING for nearly each flight of data.
    static let maximumControlFramesPerSecond = 20_000
    /// Bytes of answers that are collected before they are given to the socket, within a turn.
    static let maximumCollectedBytes = 32 * 1024
    /// SETTINGS frames of one connection per second. Each may change the windows of all its streams.
    static let maximumSettingsPerSecond = 100
    /// Creations and lists of sequences of one connection that wait for the store.
    static let maximumStoreCalls = 16
    /// Bytes per read.
    static let readLength = 16 * 1024
    /// Unsent bytes of a stream past which no more is minted for it.
    static let maximumUnsentStreamBytes = 4 * 1024
    /// How often readiness is compared for those who watch it.
    static let watchIntervalMilliseconds: Int64 = 250

    /// Uses the framed protocol's limits where they mean the same, and `maximumConnections`.
    package init(maximumConnections: Int, _ limits: Limits) {
        self.maximumConnections = maximumConnections
        maximumStreams = limits.maximumWaitingCalls
        maximumMessageLength = limits.maximumRequestLength
        maximumUnsentBytes = limits.maximumUnsentBytes
        unixIdleTimeout = limits.unixIdleTimeout
        tcpIdleTimeout = limits.tcpIdleTimeout
        requestTimeout = limits.frameTimeout
        sendTimeout = limits.sendTimeout
        drainTimeout = limits.drainTimeout
        descriptorReserve = limits.descriptorReserve
    }
}
