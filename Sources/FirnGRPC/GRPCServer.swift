package import FirnNIO
package import FirnServer
package import Logging
internal import NIOCore

/// A socket that the gRPC server serves.
package struct GRPCListener: Sendable {
    package let listener: Listener
    /// What secures its connections; `nil`: they are in the clear.
    package let security: ChannelSecurity?

    package init(_ listener: Listener, security: ChannelSecurity? = nil) {
        self.listener = listener
        self.security = security
    }
}

/// The gRPC server in front of the daemon's engine. It has its own event loops; each mints from its own shards.
///
/// It uses SwiftNIO's sockets and nghttp2, and no gRPC framework; `docs/ARCHITECTURE.md` says why.
package final class GRPCServer: Sendable {
    private let listeners: [GRPCListener]
    private let loops: ServingLoops<GRPCLoop>

    /// Starts serving.
    ///
    /// - Parameters:
    ///   - listeners: the sockets; each is served until ``drain()``.
    ///   - source: what IDs are minted from, with a description.
    ///   - policy: who may connect to Unix sockets.
    ///   - tokens: asked for on TCP sockets; `nil`: no token is.
    package init(
        listeners: [GRPCListener],
        source: MintSource,
        policy: AccessPolicy,
        tokens: TokenGate? = nil,
        threads: Int,
        limits: GRPCLimits,
        logger: Logger
    ) throws {
        precondition(!listeners.isEmpty, "a gRPC server has a socket")
        self.listeners = listeners
        let limiter = GRPCConnectionLimiter(logger: logger)
        loops = try ServingLoops(threads: threads) { place in
            GRPCLoop(
                place,
                mint: source.mint(thread: place.index, of: threads, listener: place.wakeup),
                tokens: tokens,
                limits: limits,
                limiter: limiter
            )
        }
        let buffers = ChannelBuffers(firstRead: 2048, maximumRead: GRPCLimits.readLength)
        for listener in listeners {
            let isUnix = listener.listener.isUnix
            try loops.serve(listener.listener, "gRPC", buffers: buffers, logger: logger) { channel, loop in
                guard !channel.isShort(of: limits.descriptorReserve, isAdmin: false),
                    !isUnix || channel.isAdmitted(by: policy)
                else {
                    loop.refused()
                    return channel.close(promise: nil)
                }
                try listener.security?.secure(channel)
                try loop.open(channel, isUnix: isUnix)
            }
        }
    }

    package func requestHeartbeat() { loops.requestHeartbeat() }
    package var hasHeartbeat: Bool { loops.hasHeartbeat }
    package var beats: [UInt64] { loops.beats }

    /// Stops accepting, removes the files of Unix sockets, answers the calls that have arrived, then closes the connections.
    package func drain() {
        loops.drain()
        for listener in listeners { listener.listener.close() }
    }

    /// Waits until the last connection is closed, after ``drain()``.
    package func join() { loops.join() }
}

extension Channel {
    /// Whether the user who has connected on a Unix socket may.
    fileprivate func isAdmitted(by policy: AccessPolicy) -> Bool {
        let isAdmitted = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            policy.examinePeer(of: $0).refusal == nil
        }
        return isAdmitted ?? false
    }
}
