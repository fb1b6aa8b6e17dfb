import CZlib
import FirnTestSupport
import NIOCore
import Testing

@testable import FirnHTTP

/// Long lists compressed, for who accepts that.
@Suite struct CompressionTests {
    /// What gzip makes of it; `nil` where it is not whole, or has a wrong checksum.
    private func decompressed(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // 16: a frame of gzip's.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: 4 << 20)
        let status = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return inflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END, stream.avail_in == 0 else { return nil }
        return Array(output[..<Int(stream.total_out)])
    }

    @Test func aLongListIsCompressedForWhoAcceptsThat() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            for target in ["/ids?count=1500&format=hex", "/ids?count=65536"] {
                let plain = try peer.ask("GET", target)
                #expect(plain.fields["content-encoding"] == nil && plain.fields["vary"] == "accept-encoding")
                let answer = try peer.ask("GET", target, fields: ["Accept-Encoding: deflate, gzip"])
                #expect(answer.fields["content-encoding"] == "gzip" && answer.fields["vary"] == "accept-encoding")
                #expect(answer.fields["content-type"] == "application/json")
                #expect(answer.bytes.count * 3 < plain.bytes.count, "\(answer.bytes.count) of \(plain.bytes.count)")
                let body = try #require(decompressed(answer.bytes))
                let whole = HTTPPeer.Answer(status: 200, fields: [:], bytes: body)
                let ids = try #require(whole.json["ids"] as? [String])
                #expect(ids.count == (plain.json["ids"] as? [String])?.count)
                #expect(Set(ids).count == ids.count && Set(ids).isDisjoint(with: plain.json["ids"] as? [String] ?? []))
                let head = try peer.ask("HEAD", target, fields: ["Accept-Encoding: gzip"])
                #expect(head.fields["content-encoding"] == "gzip" && head.fields["transfer-encoding"] == "chunked")
            }
            // What is short is sent as it is, and so is every other answer.
            for target in ["/", "/ids?count=3", "/ids/17", "/nope"] {
                let answer = try peer.ask("GET", target, fields: ["Accept-Encoding: gzip"])
                #expect(answer.fields["content-encoding"] == nil && answer.fields["vary"] == nil)
            }
            try peer.send("GET /ids?count=5000 HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
            let old = try peer.answer()
            #expect(old.fields["content-encoding"] == "gzip" && decompressed(old.bytes) != nil)
        }
    }

    @Test func whoReadsSlowlyGetsItWholeToo() throws {
        try withHTTPServer(threads: 1) { server in
            let request = HTTPPeer.request("GET", "/ids?count=20000", fields: ["Accept-Encoding: gzip"])
            let peers = try (0..<4).map { _ in try server.connect() }
            for peer in peers { try peer.send(request + request + request) }
            for _ in 0..<3 {
                for peer in peers { #expect(decompressed(try peer.answer().bytes) != nil) }
            }
        }
    }

    /// Pieces of two bodies by turns, through the one compressor that their thread has.
    @Test func bodiesDoNotMixAndAnyPieceFits() {
        var generator = SeededGenerator(seed: 7)
        let deflater = Deflater()
        var bodies = [GzipBody(), GzipBody(), GzipBody()]
        var (plain, compressed) = ([[UInt8]](repeating: [], count: 3), [ByteBuffer](repeating: ByteBuffer(), count: 3))
        for round in 0..<60 {
            let index = round % 3
            let length = [0, 1, 100, 16_384, 40_000].randomElement(using: &generator)!
            let range: ClosedRange<UInt8> = index == 0 ? 0...255 : 48...57
            let piece = (0..<length).map { _ in UInt8.random(in: range, using: &generator) }
            plain[index] += piece
            bodies[index].write(ByteBuffer(bytes: piece), isLast: round >= 57, to: &compressed[index], by: deflater)
        }
        for index in 0..<3 { #expect(decompressed(Array(compressed[index].readableBytesView)) == plain[index]) }
    }

    @Test func theDescriptionIsNotSentToWhoHasIt() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            let tag = try #require(try peer.ask("GET", "/openapi.json").fields["etag"])
            #expect(tag.first == "\"" && tag.last == "\"" && tag.count > 2)
            for method in ["GET", "HEAD"] {
                let answer = try peer.ask(method, "/openapi.json", fields: ["If-None-Match: \"other\", W/\(tag)"])
                #expect(answer.status == 304 && answer.fields["etag"] == tag && answer.bytes.isEmpty)
            }
            let other = try peer.ask("GET", "/openapi.json", fields: ["If-None-Match: \"other\""])
            #expect(other.status == 200 && other.body == OpenAPI.text)
            #expect(try peer.ask("GET", "/ids", fields: ["If-None-Match: *"]).status == 200)
        }
    }
}
