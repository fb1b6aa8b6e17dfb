package import FirnWire
package import NIOCore

/// Splits a connection's bytes into responses, whatever the pieces they arrive in.
package struct ResponseReader: ~Copyable {
    /// The most memory that an empty reader keeps after a large batch.
    private static let keptCapacity = 64 * 1024

    private let decoder = ResponseDecoder()
    private var unread = ByteBuffer()

    package init() {}

    /// Appends bytes that arrived.
    package mutating func append(_ bytes: ByteBuffer) {
        guard unread.readableBytes > 0 else {
            unread = bytes
            return
        }
        unread.discardReadBytes()
        unread.writeImmutableBuffer(bytes)
    }

    /// The next complete response; nil when more bytes have to come first.
    ///
    /// - Throws: A ``Status`` that says what is wrong with the bytes; nothing after them can be read.
    package mutating func next() throws(Status) -> Response? {
        let (response, length) = try readFirst()
        guard let response else { return nil }
        unread.moveReaderIndex(forwardBy: length)
        if unread.readableBytes == 0 {
            if unread.capacity > Self.keptCapacity { unread = ByteBuffer() } else { unread.clear() }
        }
        return response
    }

    private func readFirst() throws(Status) -> (response: Response?, length: Int) {
        let bytes = unread.readableBytesSpan
        switch Frame.read(bytes, maximumLength: Frame.maximumResponseLength) {
        case .partial:
            return (nil, 0)
        case .invalid(let length):
            throw Status(
                .internal,
                "it sent a frame of \(length) bytes, and one has 1 to \(Frame.maximumResponseLength)"
            )
        case .whole(let messageLength):
            let length = Frame.headerLength + messageLength
            return (try decoder.decode(bytes.extracting(Frame.headerLength..<length)), length)
        }
    }
}
