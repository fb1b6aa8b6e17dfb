package import FirnNIO
package import FirnServer
internal import FirnWindows
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

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
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<HTTPLoop>]
    private let listeners: [HTTPListener]
    private let channels: Mutex<[any Channel]>
    private let drained: [EventLoopFuture<Void>]
    private let heartbeats: [Heartbeat]

    /// Starts serving.
    ///
    /// - Parameters:
    ///   - listeners: the sockets; each is served until ``drain()``.
    ///   - source: what IDs are minted from.
    ///   - admin: the documents that `--admin` listeners serve.
    ///   - policy: what web pages may do.
    ///   - peers: who may connect to Unix sockets.
    ///   - tokens: asked for on TCP sockets; `nil`: no token is.
    package init(
        listeners: [HTTPListener],
        source: MintSource,
        admin: AdminContent?,
        policy: OriginPolicy,
        peers: AccessPolicy = AccessPolicy(),
        tokens: TokenGate? = nil,
        threads: Int,
        limits: HTTPLimits,
        logger: Logger
    ) throws {
        precondition(!listeners.isEmpty && threads > 0, "an HTTP server has a socket and a thread")
        let mints = listeners.contains { $0.purpose == .ids }
        // Documents are read rarely: one thread is enough.
        let threads = mints ? threads : 1
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let limiter = HTTPConnectionLimiter(logger: logger)
        var loops: [NIOLoopBound<HTTPLoop>] = []
        var drained: [EventLoopFuture<Void>] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let promise = eventLoop.makePromise(of: Void.self)
            let wakeup = LoopWakeup(eventLoop)
            let loop = try eventLoop.submit {
                let mint = mints ? source.mint(thread: index, of: threads, listener: wakeup) : nil
                let loop = HTTPLoop(
                    eventLoop: eventLoop,
                    mint: mint,
                    admin: admin,
                    policy: policy,
                    tokens: tokens,
                    limits: limits,
                    limiter: limiter,
                    drained: promise
                )
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.wait()
            wakeup.connect { loop.value.storeAnswered($0) }
            loops.append(loop)
            drained.append(promise.futureResult)
        }
        self.group = group
        self.listeners = listeners
        self.loops = loops
        self.drained = drained
        heartbeats = loops.map { _ in Heartbeat() }
        channels = Mutex([])
        for listener in listeners {
            let channel = try Self.serve(listener, loops, group, peers, limits.descriptorReserve, logger)
            channels.withLock { $0.append(channel) }
        }
    }

    private static func serve(
        _ listener: HTTPListener,
        _ loops: [NIOLoopBound<HTTPLoop>],
        _ group: MultiThreadedEventLoopGroup,
        _ peers: AccessPolicy,
        _ reserve: DescriptorReserve,
        _ logger: Logger
    ) throws -> any Channel {
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: HTTPLimits.readLength)
            )
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: HTTPLimits.maximumUnsentBytes / 2, high: HTTPLimits.maximumUnsentBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let loop = loops.first { $0.eventLoop === channel.eventLoop }!
                    guard !listener.listener.isUnix || channel.isAdmitted(by: peers) else {
                        return channel.close(promise: nil)
                    }
                    guard !channel.isShort(of: reserve, isAdmin: listener.purpose == .admin) else {
                        loop.value.refusedForWantOfDescriptors()
                        return channel.close(promise: nil)
                    }
                    try listener.security?.secure(channel)
                    try loop.value.open(channel, at: listener)
                }
            }
        if !listener.listener.isUnix { bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1) }
        return try bootstrap.withBoundSocket(try listener.listener.duplicate()).wait()
    }

    /// Asks every thread for a heartbeat.
    package func requestHeartbeat() {
        for (heartbeat, loop) in zip(heartbeats, loops) {
            heartbeat.request()
            loop.eventLoop.execute { heartbeat.beat() }
        }
    }

    /// Whether every thread has answered the last request for a heartbeat.
    package var hasHeartbeat: Bool { heartbeats.allSatisfy(\.isAnswered) }

    /// How many heartbeats each thread has answered.
    package var beats: [UInt64] { heartbeats.map(\.beats) }

    /// Stops accepting, answers the requests that have arrived, then closes the connections.
    package func drain() {
        for channel in channels.withLock({ $0 }) { try? channel.close().wait() }
        for listener in listeners { listener.listener.close() }
        for loop in loops { loop.eventLoop.execute { loop.value.startDraining() } }
    }

    /// Waits until the last connection is closed, after ``drain()``.
    package func join() {
        for future in drained { try? future.wait() }
        try? group.syncShutdownGracefully()
    }
}
