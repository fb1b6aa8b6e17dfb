package import FirnServer
package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// What one event loop of a server serves with. Belongs to the event loop.
package protocol ServingLoop: AnyObject {
    func storeAnswered(_ answer: StoreAnswer)
    /// Answers what has arrived, then closes the connections. Once there are none, succeeds ``LoopPlace/drained``.
    func startDraining()
}

/// Where a ``ServingLoop`` runs.
package struct LoopPlace: Sendable {
    package let eventLoop: any EventLoop
    /// The event loop's number, from 0.
    package let index: Int
    /// Tells the loop of the store's answers.
    package let wakeup: LoopWakeup
    package let drained: EventLoopPromise<Void>
}

/// How much of a connection is read at once, and how much may wait to be sent.
package struct ChannelBuffers: Sendable {
    let firstRead: Int
    let maximumRead: Int
    let unsent: ClosedRange<Int>?

    /// - Parameters:
    ///   - firstRead: bytes of a connection's first read; later ones depend on what comes.
    ///   - maximumRead: bytes of a read, at most.
    ///   - unsent: a channel is not writable from the upper bound on until its unsent bytes have fallen to the lower
    ///     one; `nil`: SwiftNIO's bounds.
    package init(firstRead: Int, maximumRead: Int, unsent: ClosedRange<Int>? = nil) {
        self.firstRead = firstRead
        self.maximumRead = maximumRead
        self.unsent = unsent
    }
}

/// The event loops of a server, each with a thread, and the sockets from which they accept connections.
package final class ServingLoops<Loop: ServingLoop>: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<Loop>]
    private let drained: [EventLoopFuture<Void>]
    private let heartbeats: [Heartbeat]
    private let channels = Mutex<[any Channel]>([])

    /// - Parameter make: makes what an event loop serves with, on that event loop.
    package init(threads: Int, make: @escaping @Sendable (LoopPlace) throws -> Loop) throws {
        precondition(threads > 0, "a server has a thread")
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        var loops: [NIOLoopBound<Loop>] = []
        var drained: [EventLoopFuture<Void>] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let place = LoopPlace(
                eventLoop: eventLoop,
                index: index,
                wakeup: LoopWakeup(eventLoop),
                drained: eventLoop.makePromise()
            )
            let loop = try eventLoop.submit { NIOLoopBound(try make(place), eventLoop: eventLoop) }.wait()
            place.wakeup.connect { loop.value.storeAnswered($0) }
            loops.append(loop)
            drained.append(place.drained.futureResult)
        }
        self.loops = loops
        self.drained = drained
        heartbeats = loops.map { _ in Heartbeat() }
    }

    /// Accepts a socket's connections until ``drain()``.
    ///
    /// - Parameters:
    ///   - kind: what the connections are called in the log.
    ///   - open: adds the handlers of a new connection, on its event loop.
    package func serve(
        _ listener: Listener,
        _ kind: String,
        buffers: ChannelBuffers,
        logger: Logger,
        open: @escaping @Sendable (any Channel, Loop) throws -> Void
    ) throws {
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(kind, logger: logger))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 512,
                    initial: buffers.firstRead,
                    maximum: buffers.maximumRead
                )
            )
            .childChannelInitializer { [loops] channel in
                channel.eventLoop.makeCompletedFuture {
                    try open(channel, loops.first { $0.eventLoop === channel.eventLoop }!.value)
                }
            }
        if let unsent = buffers.unsent {
            bootstrap = bootstrap.childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: unsent.lowerBound, high: unsent.upperBound)
            )
        }
        if !listener.isUnix { bootstrap = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1) }
        let channel = try bootstrap.withBoundSocket(try listener.duplicate()).wait()
        channels.withLock { $0.append(channel) }
    }

    // MARK: - Heartbeats

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

    // MARK: - The end

    /// Stops accepting, and has every loop answer what has arrived and close its connections.
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
