package import FirnNIO
package import FirnServer
internal import FirnWindows
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

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
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<GRPCLoop>]
    private let channels: Mutex<[any Channel]>
    private let drained: [EventLoopFuture<Void>]
    private let heartbeats: [Heartbeat]

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
        precondition(!listeners.isEmpty && threads > 0, "a gRPC server has a socket and a thread")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let limiter = GRPCConnectionLimiter(logger: logger)
        var loops: [NIOLoopBound<GRPCLoop>] = []
        var drained: [EventLoopFuture<Void>] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let promise = eventLoop.makePromise(of: Void.self)
            let wakeup = LoopWakeup(eventLoop)
            let loop = try eventLoop.submit {
                let loop = GRPCLoop(
                    eventLoop: eventLoop,
                    mint: source.mint(thread: index, of: threads, listener: wakeup),
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
        self.listeners = listeners
        self.group = group
        self.loops = loops
        self.drained = drained
        heartbeats = loops.map { _ in Heartbeat() }
        channels = Mutex([])
        for listener in listeners {
            let channel = try Self.serve(listener, loops, group, policy, limits.descriptorReserve, logger)
            channels.withLock { $0.append(channel) }
        }
    }

    private static func serve(
        _ listener: GRPCListener,
        _ loops: [NIOLoopBound<GRPCLoop>],
        _ group: MultiThreadedEventLoopGroup,
        _ policy: AccessPolicy,
        _ reserve: DescriptorReserve,
        _ logger: Logger
    ) throws -> any Channel {
        let isUnix = listener.listener.isUnix
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pause = AcceptPause(
                        logger: logger,
                        message:
                            "no descriptors or memory left for new gRPC connections; those that are open go on, accepting pauses"
                    )
                    try channel.pipeline.syncOperations.addHandler(pause)
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: GRPCLimits.readLength)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let loop = loops.first { $0.eventLoop === channel.eventLoop }!
                    guard !channel.isShort(of: reserve, isAdmin: false), !isUnix || channel.isAdmitted(by: policy)
                    else {
                        loop.value.refused()
                        return channel.close(promise: nil)
                    }
                    try listener.security?.secure(channel)
                    try loop.value.open(channel, isUnix: isUnix)
                }
            }
        if !isUnix { bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1) }
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

    /// Stops accepting, removes the files of Unix sockets, answers the calls that have arrived, then closes the connections.
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
