internal import NIOCore

/// In front of HTTP's decoder: notes when bytes come, which the decoder tells only of whole requests, and throws them
/// away once no more is to be read as requests.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.phase == .open else { return }
        connection.lastActivity = .now()
        if !connection.isAnswering, connection.requestBegan == nil { connection.requestBegan = connection.lastActivity }
        context.fireChannelRead(data)
    }
}
