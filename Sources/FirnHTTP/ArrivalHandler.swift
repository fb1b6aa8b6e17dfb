internal import NIOCore

/// In front of HTTP's decoder: notes when bytes come, and whether they end with a request or within one, which the decoder
/// does not tell; and throws them away once no more is to be read as requests.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    /// CR, LF, CR, LF: how a request without a body ends.
    private static let blankLine: UInt32 = 0x0D0A_0D0A

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.phase == .open else { return }
        connection.lastActivity = .now()
        let bytes = unwrapInboundIn(data)
        // Line ends between two requests belong to none.
        connection.sawRequestEnd =
            !connection.hasPartialRequest && bytes.readableBytesView.allSatisfy(Self.isLineEnd)
        if bytes.getInteger(at: bytes.writerIndex - 4, as: UInt32.self) == Self.blankLine {
            // Behind a blank line there is no part of a request whose head has not been seen.
            forward(bytes, context)
        } else {
            forwardInParts(bytes, context)
        }
        connection.hasPartialRequest = !connection.sawRequestEnd
        connection.noteRest()
    }

    /// Gives the decoder the last byte that is no line's end apart from those before it: if a request ends there or
    /// behind it, no part of another follows.
    private func forwardInParts(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let last = bytes.readableBytesView.lastIndex(where: { !Self.isLineEnd($0) }) else {
            return forward(bytes, context)
        }
        var bytes = bytes
        if let before = bytes.readSlice(length: last - bytes.readerIndex), before.readableBytes > 0 {
            forward(before, context)
            connection.sawRequestEnd = false
        }
        forward(bytes.readSlice(length: 1)!, context)
        if bytes.readableBytes > 0 { forward(bytes, context) }
    }

    private func forward(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard connection.phase == .open, !connection.isBroken else { return }
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }
}
