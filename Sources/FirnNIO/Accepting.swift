package import FirnServer
package import Logging
package import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Pauses accepting when no descriptor is left, as the framed protocol's acceptor does. The pending connection keeps
/// the socket readable, and a loop that retries at once would keep a processor busy with failing accepts.
///
/// It sets the channel's `autoRead` and does not hold back reads as NIO's `AcceptBackoffHandler` does: after a failed
/// accept the channel keeps watching its socket, whether it is read or not (swift-nio 2.101).
package final class AcceptPause: ChannelInboundHandler {
    package typealias InboundIn = any Channel

    private let logger: Logger
    private let message: Logger.Message

    private static let length = TimeAmount.milliseconds(500)

    /// - Parameter message: what the log says when it pauses.
    package init(
        logger: Logger,
        message: Logger.Message =
            "no descriptors or memory left for new HTTP connections; those that are open go on, accepting pauses"
    ) {
        self.logger = logger
        self.message = message
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        switch error.errnoCode {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            logger.warning(
                message,
                metadata: [
                    "error": "\(String(cString: strerror(error.errnoCode)))",
                    "pause_ms": "\(Self.length.nanoseconds / 1_000_000)",
                ]
            )
            pause(context.channel)
        default:
            // A pending error of the new connection (accept(2)), not of the listener.
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
    /// Whether its descriptor is in the reserve, which connections may not use.
    package func isShort(of reserve: DescriptorReserve, isAdmin: Bool) -> Bool {
        let isShort = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            reserve.isShort(with: $0, isAdmin: isAdmin)
        }
        return isShort ?? false
    }

    /// Whether the user who has connected on a Unix socket may.
    package func isAdmitted(by policy: AccessPolicy) -> Bool {
        let isAdmitted = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            policy.examinePeer(of: $0).refusal == nil
        }
        return isAdmitted ?? false
    }
}
