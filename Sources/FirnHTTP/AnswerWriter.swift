internal import FirnEngine
internal import FirnLayout
internal import NIOCore
internal import NIOHTTP1

/// Serializes answers as HTTP/1.1. There is one for each of the HTTP server's threads.
struct AnswerWriter {
    private var date = ""
    private var dateSecond = Int64.min
    private let clock = SystemTimeSource()
    /// Created for the first body that is compressed.
    private var deflater: Deflater?

    /// Writes an answer's head, and its body or the first piece of it.
    ///
    /// - Returns: the rest of the body, which is written in pieces, or `nil` when there is none; and whether the
    ///   connection closes after the answer.
    mutating func write(
        _ answer: HTTPAnswer,
        to buffer: inout ByteBuffer,
        _ manner: AnswerManner
    ) -> (rest: AnswerRest?, closes: Bool) {
        var closes = manner.closes
        var rest: AnswerRest?
        var first = ByteBuffer()
        if case .ids(let list) = answer.body {
            var body = AnswerRest(list, mayCompress: manner.mayCompress, isChunked: manner.mayChunk)
            body.list.writePiece(to: &first)
            if !body.list.isFinished {
                rest = body
                // A client that does not support chunks reads the body until the connection closes.
                closes = closes || !manner.mayChunk
            }
        }
        if answer.status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\ndate: ")
        } else {
            buffer.writeString("HTTP/1.1 \(answer.status.code) \(answer.status.reasonPhrase)\r\ndate: ")
        }
        buffer.writeString(present())
        if !answer.isCacheable { buffer.writeStaticString("\r\ncache-control: no-store") }
        if let tag = answer.entityTag { buffer.writeString("\r\netag: \(tag)") }
        if let allow = answer.allow { buffer.writeString("\r\nallow: \(allow)") }
        if let seconds = answer.retryAfterSeconds { buffer.writeString("\r\nretry-after: \(seconds)") }
        if answer.asksForToken { buffer.writeStaticString("\r\nwww-authenticate: Bearer") }
        if answer.readers != nil || answer.variesByOrigin || rest != nil {
            Self.writeVariety(answer, isLongList: rest != nil, to: &buffer)
        }
        if closes {
            buffer.writeStaticString("\r\nconnection: close")
        } else if manner.saysThatItStays {
            buffer.writeStaticString("\r\nconnection: keep-alive")
        }
        if case .none = answer.body {
            buffer.writeStaticString("\r\n\r\n")
            return (nil, closes)
        }
        buffer.writeStaticString("\r\ncontent-type: ")
        buffer.writeString(answer.contentType)
        if rest != nil {
            if manner.mayCompress { buffer.writeStaticString("\r\ncontent-encoding: gzip") }
            buffer.writeString(manner.mayChunk ? "\r\ntransfer-encoding: chunked\r\n\r\n" : "\r\n\r\n")
            guard !manner.omitsBody else { return (nil, closes) }
            write(first, of: &rest!, to: &buffer)
            return (rest, closes)
        }
        switch answer.body {
        case .id(let id):
            let digits = String(id.rawValue)
            writeLength(digits.utf8.count + 9, &buffer)
            guard !manner.omitsBody else { break }
            buffer.writeStaticString("{\"id\":\"")
            buffer.writeString(digits)
            buffer.writeStaticString("\"}")
        case .text(let text):
            writeLength(text.utf8.count, &buffer)
            if !manner.omitsBody { buffer.writeString(text) }
        case .bytes(let bytes):
            writeLength(bytes.count, &buffer)
            if !manner.omitsBody { buffer.writeBytes(bytes) }
        case .ids:
            writeLength(first.readableBytes, &buffer)
            if !manner.omitsBody { buffer.writeBuffer(&first) }
        case .none: break
        }
        return (nil, closes)
    }

    /// Writes who may read the answer (CORS), and which request fields it depends on (`Vary`).
    private static func writeVariety(_ answer: HTTPAnswer, isLongList: Bool, to buffer: inout ByteBuffer) {
        let fields = (isLongList ? ["accept-encoding"] : []) + (answer.variesByOrigin ? ["origin"] : [])
        if !fields.isEmpty { buffer.writeString("\r\nvary: \(fields.joined(separator: ", "))") }
        guard let readers = answer.readers else { return }
        buffer.writeString("\r\naccess-control-allow-origin: \(readers)")
        guard let methods = answer.preflightMethods else {
            buffer.writeStaticString("\r\naccess-control-expose-headers: etag, retry-after")
            return
        }
        // No other header field that a page could add has an effect, so all are allowed. `*` does not include
        // Authorization (Fetch, section 3.3.3).
        buffer.writeString(
            "\r\naccess-control-allow-methods: \(methods)\r\naccess-control-allow-headers: *, authorization"
                + "\r\naccess-control-max-age: \(OriginPolicy.maximumAge)"
        )
    }

    /// Writes the next piece of a body, and the body's end after the last one.
    mutating func writePiece(of rest: inout AnswerRest, to buffer: inout ByteBuffer) {
        var piece = ByteBuffer()
        rest.list.writePiece(to: &piece)
        write(piece, of: &rest, to: &buffer)
    }

    private mutating func write(_ piece: ByteBuffer, of rest: inout AnswerRest, to buffer: inout ByteBuffer) {
        var piece = piece
        if rest.gzip != nil {
            if deflater == nil { deflater = Deflater() }
            var compressed = ByteBuffer()
            rest.gzip!.write(piece, isLast: rest.list.isFinished, to: &compressed, by: deflater!)
            piece = compressed
        }
        if rest.isChunked { buffer.writeString(String(piece.readableBytes, radix: 16) + "\r\n") }
        buffer.writeBuffer(&piece)
        guard rest.isChunked else { return }
        buffer.writeStaticString(rest.list.isFinished ? "\r\n0\r\n\r\n" : "\r\n")
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

/// How an answer is written; follows from its request.
struct AnswerManner {
    /// The request was HEAD.
    var omitsBody = false
    /// The peer supports chunks; HTTP/1.0 does not.
    var mayChunk = true
    /// The peer supports gzip.
    var mayCompress = false
    /// The connection closes after this answer.
    var closes = false
    /// The peer expects the connection to close unless the answer says otherwise.
    var saysThatItStays = false
}

/// The part of a long list's body that is not written yet.
struct AnswerRest {
    var list: IDList
    var gzip: GzipBody?
    let isChunked: Bool

    init(_ list: IDList, mayCompress: Bool, isChunked: Bool) {
        self.list = list
        gzip = mayCompress ? GzipBody() : nil
        self.isChunked = isChunked
    }
}
