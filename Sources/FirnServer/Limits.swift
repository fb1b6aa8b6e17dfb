internal import FirnWire

/// All limits of a daemon's sockets. `docs/ARCHITECTURE.md` describes what happens when each one is exceeded.
package struct Limits: Sendable, Equatable {
    /// Bytes of one request's message. A legal request takes at most a hundred.
    package var maximumRequestLength = Frame.maximumRequestLength
    /// IDs of one NextBatch: 16 ticks of the default layout.
    package var maximumBatch: UInt32 = 65_536
    /// Calls of one connection that wait for a tick. At this number the connection is not read.
    package var maximumWaitingCalls = 1024
    /// Bytes of answers that a connection's peer has not read. Beyond this number the connection is not read.
    package var maximumUnsentBytes = 256 * 1024
    /// How long unsent answers may make no progress before the connection is closed.
    package var sendTimeout: Duration = .seconds(10)
    /// The time from a frame's first byte to its last.
    package var frameTimeout: Duration = .seconds(5)
    /// Frames of one connection that are served in one wake-up, so that other connections are served too.
    package var maximumFramesPerWakeup = 64
    /// How long a Unix connection may be silent; `nil`: forever.
    package var unixIdleTimeout: Duration?
    /// How long a TCP connection may be silent; `nil`: forever.
    package var tcpIdleTimeout: Duration? = .seconds(300)
    /// Open connections.
    package var maximumConnections: Int
    /// Descriptors that are reserved: connections cannot use them.
    package var descriptorReserve: DescriptorReserve
    /// Open Unix connections of one user.
    package var maximumConnectionsPerUser: Int
    /// How long connections may take to finish after the daemon was told to stop.
    package var drainTimeout: Duration = .seconds(5)

    /// The defaults for a process that may open `fileDescriptors` descriptors. 64 are kept for listeners, store and
    /// logs (half of all, when there are few). One user cannot use the last eighth of the connections.
    package init(fileDescriptors: Int) {
        descriptorReserve = .ofProcess
        maximumConnections = max(1, fileDescriptors - 64, fileDescriptors / 2)
        maximumConnectionsPerUser = max(1, maximumConnections - maximumConnections / 8)
    }
}
