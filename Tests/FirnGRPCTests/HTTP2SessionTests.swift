import NIOCore
import NIOHPACK
import Testing

@testable import FirnGRPC

/// The server's side of HTTP/2, byte by byte.
@Suite struct HTTP2SessionTests {
    private typealias Peer = HTTP2SessionUnderTest
    private typealias Frame = HTTP2SessionUnderTest.Frame

    @Test func opensWithSettingsAndAcknowledgesThePeers() {
        let peer = Peer(isOpen: false)
        peer.receive(Peer.opening)
        let settings = Peer.setting(3, 10) + Peer.setting(6, 1000) + Peer.setting(9, 1)
        #expect(peer.frames() == [Frame(kind: 4, payload: settings), Frame(kind: 4, flags: 1)])
        #expect(peer.events == ["settings"])
    }

    @Test func readsTheSameWhateverThePieces() {
        let padded = Peer.frame(1, 0x2C, 3, [2, 0, 0, 0, 0, 16, 0x84, 0, 0])
        let bytes =
            Peer.opening + Peer.headers(1) + Peer.frame(0, 0, 1, [1, 2, 3]) + Peer.frame(0, 9, 1, [1, 7, 8, 0])
            + padded + Peer.frame(6, 1, 0, Peer.zeros(8)) + Peer.frame(59, 0, 0, [1]) + Peer.headers(3, flags: 5)
        let expected = ["settings", "1 fields /", "1 data 5", "1 end", "3 fields /", "ping", "3 end"]
        for split in 0...bytes.count {
            let peer = Peer(isOpen: false)
            peer.receive(Array(bytes[..<split]))
            peer.receive(Array(bytes[split...]))
            #expect(peer.events == expected && !peer.session.isOver, "\(split)")
        }
        let peer = Peer(isOpen: false)
        for byte in bytes { peer.receive([byte]) }
        #expect(peer.events == expected)
    }

    @Test func aStreamIsClosedWhenBothSidesHaveEnded() {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5), Peer.headers(3))
        for stream: Int32 in [1, 3] { peer.session.end(Trailers.http(200), on: stream) }
        #expect(peer.frames().map(\.flags) == [5, 5])
        #expect(peer.events == ["1 fields / last", "3 fields /", "1 closed"])
        peer.receive(Peer.frame(0, 1, 3))
        #expect(peer.events.suffix(2) == ["3 end", "3 closed"])
        // What comes for a closed stream is ignored: a reset may have crossed it.
        peer.receive(Peer.frame(0, 0, 1, [1]), Peer.frame(3, 0, 1, Peer.bytes(8)))
        #expect(peer.frames().isEmpty && !peer.session.isOver && peer.session.streams.isEmpty)
    }

    @Test func sendsWhatBothWindowsAllowAndTheEndAfterIt() {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5))
        peer.session.begin(Trailers.head, on: 1)
        let message = ByteBuffer(repeating: 7, count: 50_000)
        peer.session.send(message, on: 1)
        peer.session.send(message, on: 1)
        let sent = peer.frames().dropFirst()
        peer.session.end(Trailers.ok, on: 1)
        #expect(sent.allSatisfy { $0.kind == 0 && $0.payload.count <= 16_384 })
        #expect(sent.reduce(0) { $0 + $1.payload.count } == 65_535 && peer.passed == 65_535)
        peer.receive(Peer.windowUpdate(1, 100_000))
        #expect(peer.frames().isEmpty, "the connection's window is used up")
        peer.receive(Peer.windowUpdate(0, 100_000))
        let rest = peer.frames()
        #expect(rest.dropLast().reduce(0) { $0 + $1.payload.count } == 34_465 && peer.passed == 100_000)
        #expect(rest.last?.kind == 1 && rest.last?.flags == 5 && peer.events.last == "1 closed")
    }

    @Test func aMessageThatComesLaterIsSentThen() {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5))
        peer.session.begin(Trailers.head, on: 1)
        #expect(peer.frames().map(\.kind) == [1])
        for _ in 0..<2 {
            peer.session.send(ByteBuffer(bytes: [7]), on: 1)
            #expect(peer.frames() == [Frame(kind: 0, stream: 1, payload: [7])])
        }
        peer.session.end(Trailers.ok, on: 1)
        #expect(peer.frames().map(\.kind) == [1] && peer.events.last == "1 closed")
    }

    @Test func streamsTakeTurnsAtTheConnectionsWindow() {
        let peer = Peer()
        peer.receive(Peer.frame(4, 0, 0, Peer.setting(4, 1_000_000)))
        peer.receive(Peer.headers(1, flags: 5), Peer.headers(3, flags: 5))
        for stream: Int32 in [1, 3] {
            peer.session.begin(Trailers.head, on: stream)
            peer.session.send(ByteBuffer(repeating: 7, count: 200_000), on: stream)
        }
        _ = peer.frames()
        peer.receive(Peer.windowUpdate(0, 65_536))
        let sent = peer.frames().map(\.stream)
        #expect(sent.count == 4 && Set(sent.prefix(2)) == [1, 3] && Set(sent.suffix(2)) == [1, 3])
    }

    @Test func aSmallerInitialWindowHoldsOpenStreamsBack() {
        let peer = Peer()
        func passed(_ bytes: [UInt8]) -> Int {
            let before = peer.passed
            peer.receive(bytes)
            _ = peer.frames()
            return peer.passed - before
        }
        peer.receive(Peer.headers(1, flags: 5))
        peer.session.begin(Trailers.head, on: 1)
        peer.session.send(ByteBuffer(repeating: 7, count: 30_000), on: 1)
        _ = peer.frames()
        #expect(peer.passed == 30_000)
        peer.receive(Peer.frame(4, 0, 0, Peer.setting(4, 10_000)))
        peer.session.send(ByteBuffer(repeating: 7, count: 10), on: 1)
        // It is below 0 by 20,000.
        #expect(passed(Peer.windowUpdate(1, 20_000)) == 0)
        #expect(passed(Peer.frame(4, 0, 0, Peer.setting(4, 10_005))) == 5)
        #expect(passed(Peer.windowUpdate(1, 5)) == 5)
    }

    @Test func windowsAreRestoredAsTheyAreUsed() {
        let peer = Peer()
        peer.receive(Peer.headers(1))
        let data = Peer.frame(0, 0, 1, Array(repeating: 7, count: 16_000))
        for _ in 0..<3 { peer.receive(data) }
        #expect(peer.frames() == [0, 1].map { Frame(kind: 8, stream: $0, payload: Peer.bytes(48_000)) })
        for _ in 0..<20 {
            peer.receive(data)
            #expect(peer.frames().allSatisfy { $0.kind == 8 })
        }
        #expect(!peer.session.isOver && peer.events.last == "1 data 368000")
    }

    @Test func readingPausesWhileMuchIsQueued() {
        let peer = Peer(queuedBytes: 10)
        peer.answer = { stream in
            peer.session.begin(Trailers.head, on: stream)
            peer.session.send(ByteBuffer(repeating: 7, count: 20), on: stream)
            peer.session.end(Trailers.ok, on: stream)
            #expect((20..<100).contains(peer.session.queuedBytes), "it was sent before the next request was read")
            #expect(peer.session.takeOutput() == nil, "nghttp2 is not asked for output while it reads")
        }
        peer.receive(
            [1, 3, 5].flatMap { Peer.headers($0) + Peer.frame(0, 1, $0, [1]) },
            // The pause is at the last field, and the last byte.
            Peer.headers(7, flags: 5)
        )
        #expect(peer.flushes == 3 && peer.events.contains("7 fields / last"))
        #expect(peer.events.filter { $0.hasSuffix("closed") } == ["1 closed", "3 closed", "5 closed"])
    }

    /// What is long may be the header fields alone.
    @Test func readingPausesForHeaderFieldsToo() {
        let peer = Peer(queuedBytes: 500)
        let fields = HeaderFields([HeaderFields.Field(name: "grpc-message", value: String(repeating: "x", count: 300))])
        peer.answer = { peer.session.end(fields, on: $0) }
        peer.receive([1, 3, 5, 7, 9].flatMap { Peer.headers($0) + Peer.frame(0, 1, $0, [1]) })
        #expect(peer.flushes == 2)
        #expect(peer.events.filter { $0.hasSuffix("closed") }.count == 4)
    }

    @Test func whatIsNotReadWaitsUntilTheSocketTakesMore() {
        let peer = Peer(queuedBytes: 10)
        peer.answer = { stream in
            peer.session.begin(Trailers.head, on: stream)
            peer.session.send(ByteBuffer(repeating: 7, count: 20), on: stream)
            peer.session.end(Trailers.ok, on: stream)
        }
        peer.isWritable = false
        let calls: [UInt32] = [1, 3, 5, 7]
        let bytes = calls.flatMap { Peer.headers($0) + Peer.frame(0, 1, $0, [1]) }
        peer.receive(Array(bytes.prefix(50)))
        peer.receive(Array(bytes.dropFirst(50)))
        #expect(peer.flushes == 1 && peer.events.last == "1 closed")
        peer.session.goOn()
        #expect(peer.flushes == 2 && peer.events.last == "3 closed")
        peer.isWritable = true
        peer.session.goOn()
        _ = peer.frames()
        #expect(peer.events.filter { $0.hasSuffix("closed") } == calls.map { "\($0) closed" })
        // The pause is at the last byte.
        peer.isWritable = false
        peer.receive(Peer.headers(9), Peer.frame(0, 1, 9, [1]), Peer.headers(11, flags: 5))
        #expect(peer.events.last == "9 closed")
        peer.session.goOn()
        #expect(peer.events.last == "11 fields / last")
    }

    @Test func anEndNeedsNoWindow() {
        let peer = Peer()
        peer.receive(Peer.frame(4, 0, 0, Peer.setting(4, 10)))
        peer.receive(Peer.headers(1, flags: 5), Peer.headers(3, flags: 5))
        for stream: Int32 in [1, 3] { peer.session.begin(Trailers.head, on: stream) }
        peer.session.send(ByteBuffer(repeating: 7, count: 10), on: 1)
        #expect(peer.frames().filter { $0.kind == 0 }.map(\.payload.count) == [10])
        for stream: Int32 in [1, 3] { peer.session.end(Trailers.ok, on: stream) }
        #expect(peer.frames().map(\.flags) == [5, 5] && peer.session.streams.isEmpty)
    }

    private func decoded(_ frames: [Frame], _ decoder: inout HPACKDecoder) throws -> [[String]] {
        try frames.filter { $0.kind == 1 }.map { frame in
            var bytes = ByteBuffer(bytes: frame.payload)
            return try decoder.decodeHeaders(from: &bytes).map { "\($0.name)=\($0.value)" }
        }
    }

    @Test func blocksInTheOrderInWhichTheyAreSent() throws {
        let peer = Peer()
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        peer.receive([1, 3, 5].flatMap { Peer.headers($0, flags: 5) })
        peer.session.begin(Trailers.head, on: 1)
        peer.session.send(ByteBuffer(repeating: 7, count: 70_000), on: 1)
        peer.session.end(Trailers.ok, on: 1)
        peer.session.begin(Trailers.head, on: 3)
        peer.session.end(Trailers.ok, on: 3)
        let text = String(repeating: "x", count: 300)
        let fields = [("grpc-status", "5"), ("grpc-message", text)].map {
            HeaderFields.Field(name: $0.0, value: $0.1, isIndexed: false)
        }
        peer.session.end(HeaderFields(fields), on: 5)
        let head = [":status=200", "content-type=application/grpc"]
        #expect(
            try decoded(peer.frames(), &decoder)
                == [head, head, ["grpc-status=0"], ["grpc-status=5", "grpc-message=" + text]]
        )
        peer.receive(Peer.windowUpdate(0, 70_000), Peer.windowUpdate(1, 70_000))
        #expect(try decoded(peer.frames(), &decoder) == [["grpc-status=0"]])
        peer.receive(Peer.headers(7, flags: 5))
        peer.session.begin(Trailers.head, on: 7)
        #expect(peer.frames().map(\.payload.count) == [2], "both fields are in tables")
    }

    /// They would replace what is sent often in the peer's table.
    @Test func whatDiffersFromCallToCallIsNotInTheTable() {
        let peer = Peer()
        let fields = [HeaderFields.Field(name: "grpc-message", value: "some text", isIndexed: false)]
        let counts = [1, 3].map { stream in
            peer.receive(Peer.headers(UInt32(stream), flags: 5))
            peer.session.end(HeaderFields(fields), on: Int32(stream))
            return peer.frames().first?.payload.count ?? 0
        }
        #expect(counts[0] > 10 && counts[0] == counts[1])
    }

    @Test func aPeerWithASmallTableGetsBlocksThatNeedNone() throws {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5), Peer.headers(3, flags: 5))
        peer.session.begin(Trailers.head, on: 1)
        _ = peer.frames()
        peer.receive(Peer.frame(4, 0, 0, Peer.setting(1, 0)))
        _ = peer.frames()
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator(), maxDynamicTableSize: 0)
        for stream: Int32 in [1, 3] {
            peer.session.end(Trailers.ok, on: stream)
            #expect(try decoded(peer.frames(), &decoder) == [["grpc-status=0"]])
        }
    }

    @Test func aRequestThatIsNotCompleteIsResetAfterItsAnswer() {
        let peer = Peer()
        peer.receive(Peer.headers(1), Peer.headers(3, flags: 5))
        for stream: Int32 in [1, 3] { peer.session.end(Trailers.http(415), on: stream, resets: true) }
        let frames = peer.frames()
        #expect(frames.map(\.kind) == [1, 1, 3])
        #expect(frames.last == Frame(kind: 3, stream: 1, payload: Peer.bytes(0)))
        #expect(peer.session.streams.isEmpty)
    }

    @Test func announcesItsEnd() {
        let peer = Peer()
        peer.receive(Peer.headers(1))
        peer.session.announceEnd()
        let frames = peer.frames()
        #expect(frames.contains(Frame(kind: 7, payload: Peer.bytes(0x7FFF_FFFF) + Peer.bytes(0))))
        #expect(frames.contains { $0.kind == 6 && $0.flags == 0 })
        peer.receive(Peer.headers(3))
        peer.session.refuseStreams("x")
        #expect(peer.frames() == [Frame(kind: 7, payload: Peer.bytes(3) + Peer.bytes(0) + [0x78])])
        peer.receive(Peer.headers(5), Peer.frame(0, 1, 5, [1]), Peer.frame(0, 1, 1))
        #expect(peer.events == ["1 fields /", "3 fields /", "1 end"])
        for stream: Int32 in [1, 3] { peer.session.end(Trailers.http(200), on: stream) }
        #expect(peer.frames().map(\.kind) == [1, 1] && !peer.session.isOver)
        peer.receive(Peer.frame(0, 1, 3))
        #expect(peer.session.isOver)
    }

    @Test func whyItFailsIsToldAfterAnotherGoAway() {
        let peer = Peer()
        peer.receive(Peer.headers(1))
        peer.session.refuseStreams("the end")
        peer.session.fail(.enhanceYourCalm, "too much")
        let reasons = peer.frames().map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) }
        #expect(reasons == ["the end", "too much"] && peer.session.isOver)
    }

    @Test func aPeerThatGoesAwayIsNotWaitedFor() {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5), Peer.frame(7, 0, 0, Peer.zeros(8)))
        _ = peer.frames()
        #expect(!peer.session.isOver)
        peer.session.end(Trailers.http(200), on: 1)
        #expect(peer.frames().count == 1 && peer.session.isOver)
    }
}
