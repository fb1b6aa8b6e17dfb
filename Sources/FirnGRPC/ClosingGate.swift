internal import NIOCore

/// Stands before the HTTP/2 handler, and discards what arrives once the connection is closing.
final class ClosingGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private unowned let connection: GRPCConnection

    init(_ connection: GRPCConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.phase != .lingering else { return }
        context.fireChannelRead(data)
    }
}
