internal import FirnWire

/// Every limit of a daemon's sockets. What lies past each is in `docs/ARCHITECTURE.md`.
package struct Limits: Sendable, Equatable {
    /// Bytes of one request's message. A legal request takes at most a hundred.
    package var maximumRequestLength = Frame.maximumRequestLength
    /// IDs of one NextBatch: 16 ticks of the default layout.
    package var maximumBatch: UInt32 = 65_536
    /// Calls of one connection that wait for a tick; past it the connection is not read.
    package var maximumWaitingCalls = 1024
    /// Bytes of answers that a connection's peer has not taken; past it the connection is not read.
    package var maximumUnsentBytes = 256 * 1024
    /// How long unsent answers may make no progress before the connection is closed.
    package var sendTimeout: Duration = .seconds(10)
    /// From a frame's first byte to its last.
    package var frameTimeout: Duration = .seconds(5)
    /// Frames that one connection is served in one wake-up, so that others get their turn.
    package var maximumFramesPerWakeup = 64
    /// How long a Unix connection may be silent; `nil`: forever.
    package var unixIdleTimeout: Duration?
    /// How long a TCP connection may be silent; `nil`: forever.
    package var tcpIdleTimeout: Duration? = .seconds(300)
    /// Open connections.
    package var maximumConnections: Int
    /// Descriptors that connections do not get.
    package var descriptorReserve: DescriptorReserve
    /// Open Unix connections of one user.
    package var maximumConnectionsPerUser: Int
    /// How long connections are given to finish once the daemon was told to stop.
    package var drainTimeout: Duration = .seconds(5)

    /// The defaults, for a process that may open `fileDescriptors`: 64 are kept for listeners, store and logs (half,
    /// where there are few), and one user cannot take the last eighth of the connections from the others.
    package init(fileDescriptors: Int) {
        descriptorReserve = .ofProcess
        maximumConnections = max(1, fileDescriptors - 64, fileDescriptors / 2)
        maximumConnectionsPerUser = max(1, maximumConnections - maximumConnections / 8)
    }
}
