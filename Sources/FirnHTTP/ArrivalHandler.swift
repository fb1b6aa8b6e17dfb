internal import NIOCore

/// Stands before the HTTP decoder. It notes when bytes arrive, and whether they end at the end of a request or inside
/// one, which the decoder does not report. It discards bytes once no more requests are read.
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
        // Line ends between two requests belong to neither.
        connection.sawRequestEnd =
            !connection.hasPartialRequest && bytes.readableBytesView.allSatisfy(Self.isLineEnd)
        if bytes.getInteger(at: bytes.writerIndex - 4, as: UInt32.self) == Self.blankLine {
            // The bytes end with a blank line, so no request's head is incomplete at their end.
            forward(bytes, context)
        } else {
            forwardInParts(bytes, context)
        }
        connection.hasPartialRequest = !connection.sawRequestEnd
        connection.noteRest()
    }

    /// Passes the last byte that is not a line end to the decoder separately from the bytes before it. If a request
    /// ends at this byte or after it, no part of another request follows.
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
