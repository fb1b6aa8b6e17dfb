package import NIOCore
internal import NIOPosix

/// Connections of bytes for the command's tools that measure daemons: without a pool, without calls, and without a state
/// machine, but with the addresses, the TLS and the messages of ``FirnClient``.
package enum BareChannel {
    /// Threads for them; the caller shuts them down.
    package static func eventLoops(threads: Int) -> any EventLoopGroup {
        MultiThreadedEventLoopGroup(numberOfThreads: threads)
    }

    /// Connects to a daemon's address, and adds a handler before the first byte is read.
    ///
    /// - Parameter makeHandler: is called on the event loop.
    /// - Returns: the channel; the future fails with a ``FirnClientError``.
    package static func connect(
        to address: FirnAddress,
        on eventLoop: any EventLoop,
        tls: FirnTLSConfiguration,
        within timeout: Duration,
        makeHandler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.autoRead, value: false)
            .connect(to: address)
            .flatMap { channel in channel.secured(as: address, tls, by: deadline) }
            .hop(to: eventLoop)
            .flatMapThrowing { channel in
                try channel.pipeline.syncOperations.addHandler(makeHandler())
                try channel.syncOptions?.setOption(.autoRead, value: true)
                return channel
            }
            .flatMapErrorThrowing { error in
                throw FirnClientError(connectingTo: address, within: timeout, error)
            }
    }
}
