internal import NIOCore

/// What uses an ``HTTP2Session``. Except for `sendQueued`, all is told from within nghttp2: answers are queued then, and sent
/// once the session is no longer busy.
protocol HTTP2SessionDelegate: AnyObject {
    func received(_ fields: RequestFields, on stream: Int32, isLast: Bool)
    func received(_ bytes: ByteBuffer, on stream: Int32)
    func receivedEnd(of stream: Int32)
    /// A stream is closed, by both sides' ends or by a reset.
    func closed(_ stream: Int32)
    /// Bytes of a stream's messages have passed flow control.
    func passed(_ count: Int, of stream: Int32)
    func receivedSettings()
    func pingAnswered()
    /// Much is queued, and more is still to be read.
    ///
    /// - Returns: false when the peer has to read first; then ``HTTP2Session/goOn()`` continues.
    func sendQueued() -> Bool
}

/// Error codes of HTTP/2 (RFC 9113, section 7).
enum HTTP2Code: UInt32 {
    case noError = 0
    case protocolError = 1
    case enhanceYourCalm = 11
}
