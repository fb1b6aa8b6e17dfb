internal import FirnEngine
internal import FirnLayout
internal import NIOCore
internal import NIOHTTP1

/// Turns answers into HTTP/1.1's bytes. One for each of the gateway's threads.
struct AnswerWriter {
    private var date = ""
    private var dateSecond = Int64.min
    private let clock = SystemTimeSource()

    /// Writes an answer's head, and its body or the first piece of it.
    ///
    /// - Parameters:
    ///   - omitsBody: whether the request was HEAD.
    ///   - mayChunk: whether the peer knows chunks; HTTP/1.0 does not, and takes the connection's end for the body's.
    ///   - closes: whether the connection ends with this answer.
    /// - Returns: the rest of the body, to be written in chunks; `nil` when there is none.
    mutating func write(
        _ answer: HTTPAnswer,
        to buffer: inout ByteBuffer,
        omitsBody: Bool,
        mayChunk: Bool,
        closes: Bool
    ) -> IDList? {
        if answer.status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\ncontent-type: ")
        } else {
            buffer.writeString("HTTP/1.1 \(answer.status.code) \(answer.status.reasonPhrase)\r\ncontent-type: ")
        }
        buffer.writeString(answer.contentType)
        buffer.writeStaticString("\r\ndate: ")
        buffer.writeString(present())
        if !answer.isCacheable { buffer.writeStaticString("\r\ncache-control: no-store") }
        if let allow = answer.allow { buffer.writeString("\r\nallow: \(allow)") }
        if let seconds = answer.retryAfterSeconds { buffer.writeString("\r\nretry-after: \(seconds)") }
        if closes { buffer.writeString("\r\nconnection: close") }
        switch answer.body {
        case .id(let id):
            let digits = String(id.rawValue)
            writeLength(digits.utf8.count + 9, &buffer)
            guard !omitsBody else { return nil }
            buffer.writeStaticString("{\"id\":\"")
            buffer.writeString(digits)
            buffer.writeStaticString("\"}")
        case .text(let text):
            writeLength(text.utf8.count, &buffer)
            if !omitsBody { buffer.writeString(text) }
        case .bytes(let bytes):
            writeLength(bytes.count, &buffer)
            if !omitsBody { buffer.writeBytes(bytes) }
        case .ids(var list):
            var piece = ByteBuffer()
            list.writePiece(to: &piece)
            if list.isFinished {
                writeLength(piece.readableBytes, &buffer)
                if !omitsBody { buffer.writeBuffer(&piece) }
            } else {
                buffer.writeString(mayChunk ? "\r\ntransfer-encoding: chunked\r\n\r\n" : "\r\n\r\n")
                guard !omitsBody else { return nil }
                Self.writeChunk(&piece, to: &buffer, isFramed: mayChunk)
                return list
            }
        }
        return nil
    }

    /// Writes the next piece of a body, and behind the last one its end.
    static func writePiece(of list: inout IDList, to buffer: inout ByteBuffer, isFramed: Bool) {
        var piece = ByteBuffer()
        list.writePiece(to: &piece)
        writeChunk(&piece, to: &buffer, isFramed: isFramed)
        if list.isFinished, isFramed { buffer.writeString("0\r\n\r\n") }
    }

    private static func writeChunk(_ piece: inout ByteBuffer, to buffer: inout ByteBuffer, isFramed: Bool) {
        if isFramed { buffer.writeString(String(piece.readableBytes, radix: 16) + "\r\n") }
        buffer.writeBuffer(&piece)
        if isFramed { buffer.writeString("\r\n") }
    }

    private func writeLength(_ length: Int, _ buffer: inout ByteBuffer) {
        buffer.writeStaticString("\r\ncontent-length: ")
        buffer.writeString(String(length))
        buffer.writeStaticString("\r\n\r\n")
    }

    private mutating func present() -> String {
        let second = clock.wallNanoseconds() / 1_000_000_000
        if second != dateSecond {
            dateSecond = second
            date = UTCTime(unixSeconds: second).httpDate
        }
        return date
    }
}
