internal import FirnServer
internal import Logging
internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Pauses accepting when no descriptor is left, as the framed protocol's acceptor does: the connection that waits keeps the
/// socket readable, and a loop that tries at once would keep a processor busy with failing.
///
/// By the channel's `autoRead` and not by holding back reads, as NIO's `AcceptBackoffHandler` does: after an accept that
/// failed the channel goes on watching its socket, whether it is read or not (swift-nio 2.101).
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let logger: Logger

    private static let length = TimeAmount.milliseconds(500)

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        switch error.errnoCode {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            logger.warning(
                "no descriptors or memory left for new HTTP connections; those that are open go on, accepting pauses",
                metadata: [
                    "error": "\(String(cString: strerror(error.errnoCode)))",
                    "pause_ms": "\(Self.length.nanoseconds / 1_000_000)",
                ]
            )
            pause(context.channel)
        default:
            // A pending error of that connection's (accept(2)), and not of ours.
            break
        }
    }

    private func pause(_ channel: any Channel) {
        channel.setOption(.autoRead, value: false).whenComplete { _ in }
        channel.eventLoop.scheduleTask(in: Self.length) {
            channel.setOption(.autoRead, value: true).whenComplete { _ in }
        }
    }
}

extension Channel {
    /// Whether its descriptor is one of those that connections do not get.
    func isShort(of reserve: DescriptorReserve, isAdmin: Bool) -> Bool {
        let isShort = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            reserve.isShort(with: $0, isAdmin: isAdmin)
        }
        return isShort ?? false
    }
}
