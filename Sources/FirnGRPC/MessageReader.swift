internal import FirnWire
internal import NIOCore

/// Splits a stream's DATA into gRPC messages, whatever the pieces they arrive in: a byte that says whether the message
/// is compressed, four with its length, and the message.
struct MessageReader {
    /// Bytes before each message.
    static let prefixLength = 5

    private(set) var unread = ByteBuffer()
    private let maximumLength: Int

    init(maximumLength: Int) {
        self.maximumLength = maximumLength
    }

    /// Whether a part of a message has arrived.
    var hasPart: Bool { unread.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        guard hasPart else { return unread = bytes }
        unread.writeImmutableBuffer(bytes)
    }

    /// To be called once ``next()`` has returned nil: a part of a message must not keep the memory of all that was read with it.
    mutating func keepPart() {
        if hasPart { unread = ByteBuffer(bytes: unread.readableBytesView) }
    }

    /// The next message; `nil` when more of it must arrive first.
    ///
    /// - Throws: a ``Status`` when no message can be read any more.
    mutating func next() throws(Status) -> ByteBuffer? {
        guard let length = unread.getInteger(at: unread.readerIndex + 1, as: UInt32.self) else { return nil }
        let flag: UInt8 = unread.getInteger(at: unread.readerIndex)!
        guard flag == 0 else {
            throw flag == 1
                ? Status(
                    .unimplemented,
                    "the message is compressed, and this daemon reads none that are; send it with the encoding identity"
                )
                : Status(.internal, "the message's first byte is \(flag) and not 0 or 1: this is not gRPC's framing")
        }
        guard length <= UInt32(maximumLength) else {
            throw Status(
                .resourceExhausted,
                "the message has \(length) bytes, and \(maximumLength) are enough for every request; send a smaller one"
            )
        }
        guard unread.readableBytes >= Self.prefixLength + Int(length) else { return nil }
        unread.moveReaderIndex(forwardBy: Self.prefixLength)
        let message = unread.readSlice(length: Int(length))!
        // A message in pieces, and streams of them, keep no bytes that were read.
        if unread.readableBytes == 0 { unread = ByteBuffer() } else { unread.discardReadBytes() }
        return message
    }
}
