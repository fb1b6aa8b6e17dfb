#if TLS
    package import FirnNIO
    package import FirnServer
    internal import FirnWindows
    internal import FirnWire
    package import Logging
    internal import NIOCore
    internal import NIOPosix
    internal import Synchronization

    /// The framed protocol over TLS: ``FirnServer``'s sessions in channels of SwiftNIO. It has its own event loops; each
    /// mints from its own shards.
    ///
    /// The reactors of `Server` stay without TLS: BoringSSL's connections want a host that is made for them, and what is
    /// slower is the encryption, not the host.
    package final class FramedServer: Sendable {
        private let group: MultiThreadedEventLoopGroup
        private let loops: [NIOLoopBound<FramedLoop>]
        private let channels: Mutex<[any Channel]>
        private let drained: [EventLoopFuture<Void>]
        private let heartbeats: [Heartbeat]

        /// Starts serving.
        ///
        /// - Parameters:
        ///   - listeners: the sockets; each is served until ``drain()``.
        ///   - source: what IDs are minted from.
        ///   - limiter: counts the connections of this and of all other servers of the framed protocol.
        ///   - tokens: asked for before any call; nil: none is.
        ///   - security: gives the connections TLS.
        ///   - meter: counts the accepted and refused connections.
        package init(
            listeners: [Listener],
            source: MintSource,
            threads: Int,
            limiter: ConnectionLimiter,
            tokens: TokenGate?,
            security: ChannelSecurity,
            meter: TLSMeter,
            logger: Logger
        ) throws {
            precondition(!listeners.isEmpty && threads > 0, "a server has a socket and a thread")
            let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
            var loops: [NIOLoopBound<FramedLoop>] = []
            var drained: [EventLoopFuture<Void>] = []
            for (index, eventLoop) in group.makeIterator().enumerated() {
                let promise = eventLoop.makePromise(of: Void.self)
                let wakeup = LoopWakeup(eventLoop)
                let loop = try eventLoop.submit {
                    let host = source.sessions(thread: index, of: threads, listener: wakeup)
                    let loop = FramedLoop(
                        eventLoop: eventLoop,
                        host: host,
                        limiter: limiter,
                        tokens: tokens,
                        drained: promise
                    )
                    return NIOLoopBound(loop, eventLoop: eventLoop)
                }.wait()
                wakeup.connect { loop.value.storeAnswered($0) }
                loops.append(loop)
                drained.append(promise.futureResult)
            }
            self.group = group
            self.loops = loops
            self.drained = drained
            heartbeats = loops.map { _ in Heartbeat() }
            channels = Mutex([])
            let door = Accepting(
                loops: loops,
                limits: source.limits,
                limiter: limiter,
                security: security,
                meter: meter,
                logger: logger
            )
            for listener in listeners {
                let channel = try door.serve(listener, group)
                channels.withLock { $0.append(channel) }
            }
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

        /// Accepts no more connections, sends every peer a GoAway, answers what was received, and closes.
        package func drain() {
            for channel in channels.withLock({ $0 }) { try? channel.close().wait() }
            for loop in loops { loop.eventLoop.execute { loop.value.startDraining() } }
        }

        /// Waits until the last connection is closed, after ``drain()``.
        package func join() {
            for future in drained { try? future.wait() }
            try? group.syncShutdownGracefully()
        }
    }

    /// Accepts connections, and closes those that are too many. They are told nothing: a refusal that they could read
    /// would take a handshake.
    private struct Accepting: Sendable {
        let loops: [NIOLoopBound<FramedLoop>]
        let limits: Limits
        let limiter: ConnectionLimiter
        let security: ChannelSecurity
        let meter: TLSMeter
        let logger: Logger

        /// Bytes per read. One read's frames may wait for a peer to read its answers.
        private static let readLength = 16 * 1024

        func serve(_ listener: Listener, _ group: MultiThreadedEventLoopGroup) throws -> any Channel {
            let bootstrap = ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pause = AcceptPause(
                            logger: logger,
                            message:
                                "no descriptors or memory left for new TLS connections; those that are open go on, accepting pauses"
                        )
                        try channel.pipeline.syncOperations.addHandler(pause)
                    }
                }
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: Self.readLength)
                )
                .childChannelOption(
                    .writeBufferWaterMark,
                    value: .init(low: limits.maximumUnsentBytes / 4, high: limits.maximumUnsentBytes / 2)
                )
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try welcome(channel) }
                }
            return try bootstrap.withBoundSocket(try listener.duplicate()).wait()
        }

        private func welcome(_ channel: any Channel) throws {
            if channel.isShort(of: limits.descriptorReserve, isAdmin: false) {
                return refuse(channel, "the daemon has no descriptors left but those that it keeps for its store")
            }
            if let refusal = limiter.enter(user: nil) { return refuse(channel, refusal.message) }
            meter.accepted()
            do {
                try security.secure(channel)
            } catch {
                limiter.leave(user: nil)
                throw error
            }
            try loops.first { $0.eventLoop === channel.eventLoop }!.value.open(channel)
        }

        private func refuse(_ channel: any Channel, _ reason: String) {
            meter.refused()
            logger.notice("a TLS connection was refused", metadata: ["reason": "\(reason)"])
            channel.close(promise: nil)
        }
    }
#endif
