internal import NIOCore

extension HTTP2Session {
    struct Limits {
        var streams: Int
        var headerLength: Int
        var continuations: Int
        var resets: Int
        var resetWindow: TimeAmount
        var controlFramesPerSecond: Int
        var settingsPerSecond: Int
        /// Bytes of answers past which reading pauses until they are sent, or held back by flow control.
        var queuedBytes: Int
    }

    /// A stream that is not closed.
    final class Stream {
        /// What is not sent of its messages.
        var pending = ByteBuffer()
        var hasBegun = false
        /// The header fields that end the answer, once `pending` is sent.
        var end: HeaderFields?
        /// Whether the answer is complete, though perhaps not sent.
        var isAnswered = false
        /// Whether nghttp2 asks for no more until it is told that there is more.
        var isDeferred = false
        /// Whether the stream is reset after the answer's end.
        var isResetAtEnd = false
    }

    /// The header block that is being received.
    struct HeaderBlock {
        var reader = RequestFieldReader()
        var isRequest = false
        /// Bytes of its frames.
        var length = 0
        /// Bytes of its fields, with 32 for each (RFC 9113, section 10.5.1).
        var listLength = 0
        var continuations = 0
    }
}
