package import FirnNIO
package import FirnServer
package import Logging
internal import NIOCore

/// A socket that the HTTP server serves, and what it serves there.
package struct HTTPListener: Sendable {
    package enum Purpose: Sendable {
        /// IDs, as `/openapi.json` describes it.
        case ids
        /// The documents of an ``AdminContent``.
        case admin
    }

    package let listener: Listener
    package let purpose: Purpose
    /// What secures its connections; `nil`: they are in the clear.
    package let security: ChannelSecurity?

    package init(_ listener: Listener, _ purpose: Purpose, security: ChannelSecurity? = nil) {
        self.listener = listener
        self.purpose = purpose
        self.security = security
    }

    /// Clients on other hosts use host names that the daemon cannot know.
    var checksHost: Bool { listener.isLoopback && !listener.isUnix }
}

/// The HTTP/1.1 server in front of the daemon's engine. It has its own event loops; each mints from its own shards.
///
/// It uses SwiftNIO's sockets and HTTP parser and no web framework; `docs/ARCHITECTURE.md` says why.
package final class HTTPServer: Sendable {
    private let loops: ServingLoops<HTTPLoop>

    /// Starts serving.
    ///
    /// - Parameters:
    ///   - listeners: the sockets; each is served until ``drain()``.
    ///   - source: what IDs are minted from.
    ///   - admin: the documents that `--admin` listeners serve.
    ///   - policy: what web pages may do.
    ///   - tokens: asked for on TCP sockets; `nil`: no token is.
    package init(
        listeners: [HTTPListener],
        source: MintSource,
        admin: AdminContent?,
        policy: OriginPolicy,
        tokens: TokenGate? = nil,
        threads: Int,
        limits: HTTPLimits,
        logger: Logger
    ) throws {
        precondition(!listeners.isEmpty, "an HTTP server has a socket")
        let mints = listeners.contains { $0.purpose == .ids }
        // Documents are read rarely: one thread is enough.
        let threads = mints ? threads : 1
        let limiter = HTTPConnectionLimiter(logger: logger)
        loops = try ServingLoops(threads: threads) { place in
            HTTPLoop(
                place,
                mint: mints ? source.mint(thread: place.index, of: threads, listener: place.wakeup) : nil,
                admin: admin,
                policy: policy,
                tokens: tokens,
                limits: limits,
                limiter: limiter
            )
        }
        let unsent = HTTPLimits.maximumUnsentBytes / 2...HTTPLimits.maximumUnsentBytes
        let buffers = ChannelBuffers(firstRead: 1024, maximumRead: HTTPLimits.readLength, unsent: unsent)
        for listener in listeners {
            try loops.serve(listener.listener, "HTTP", buffers: buffers, logger: logger) { channel, loop in
                guard !channel.isShort(of: limits.descriptorReserve, isAdmin: listener.purpose == .admin) else {
                    loop.refusedForWantOfDescriptors()
                    return channel.close(promise: nil)
                }
                try listener.security?.secure(channel)
                try loop.open(channel, at: listener)
            }
        }
    }

    package func requestHeartbeat() { loops.requestHeartbeat() }
    package var hasHeartbeat: Bool { loops.hasHeartbeat }
    package var beats: [UInt64] { loops.beats }

    /// Stops accepting, answers the requests that have arrived, then closes the connections.
    package func drain() { loops.drain() }

    /// Waits until the last connection is closed, after ``drain()``.
    package func join() { loops.join() }
}
