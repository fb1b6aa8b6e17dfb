import NIOCore
import NIOHPACK
import Testing

@testable import FirnGRPC

/// The server's side of HTTP/2, byte by byte.
@Suite struct HTTP2SessionTests {
    /// Keeps what the session tells.
    private final class Recorder: HTTP2SessionDelegate {
        var events: [String] = []
        var passed = 0
        var failure: HTTP2Code?

        func received(_ fields: HPACKHeaders, on stream: UInt32, isLast: Bool) {
            events.append(
                "\(stream) fields \(fields.first(name: ":path") ?? "-")\(isLast ? " last" : "")"
            )
        }
        func received(_ bytes: ByteBuffer, on stream: UInt32, isLast: Bool) {
            events.append("\(stream) data \(bytes.readableBytes)\(isLast ? " last" : "")")
        }
        func closed(_ stream: UInt32) { events.append("\(stream) closed") }
        func passed(_ count: Int, of stream: UInt32) { passed += count }
        func receivedSettings() { events.append("settings") }
        func pingAnswered() { events.append("ping") }
        func failed(_ code: HTTP2Code, _ reason: String) {
            failure = code
            #expect(!reason.isEmpty)
        }
    }

    private struct Frame: Equatable {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]
    }

    private static let opening = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4)

    private static func frame(
        _ kind: UInt8,
        _ flags: UInt8 = 0,
        _ stream: UInt32 = 0,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind, flags]
            + bytes(stream) + payload
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func setting(_ name: UInt8, _ value: UInt32) -> [UInt8] {
        [0, name] + bytes(value)
    }

    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

    /// HEADERS with :path /, and with END_HEADERS unless the flags say other.
    private static func headers(_ stream: UInt32, flags: UInt8 = 4) -> [UInt8] {
        frame(1, flags, stream, [0x84])
    }

    private static func session(_ recorder: Recorder, streams: Int = 10) -> HTTP2Session {
        HTTP2Session(
            recorder,
            HTTP2Session.Limits(
                streams: streams,
                headerLength: 1000,
                continuations: 2,
                resets: 5,
                resetWindow: .seconds(10),
                controlFramesPerSecond: 50
            )
        )
    }

    private static func opened(_ recorder: Recorder, streams: Int = 10) -> HTTP2Session {
        let session = session(recorder, streams: streams)
        session.receive(ByteBuffer(bytes: opening))
        _ = session.takeOutput()
        recorder.events = []
        return session
    }

    private static func frames(_ session: HTTP2Session) -> [Frame] {
        var bytes = session.takeOutput() ?? ByteBuffer()
        var frames: [Frame] = []
        while let word: UInt32 = bytes.readInteger(), let flags: UInt8 = bytes.readInteger(),
            let stream: UInt32 = bytes.readInteger(),
            let payload = bytes.readBytes(length: Int(word >> 8))
        {
            frames.append(Frame(kind: UInt8(word & 0xFF), flags: flags, stream: stream, payload: payload))
        }
        return frames
    }

    @Test func opensWithSettingsAndAcknowledgesThePeers() {
        let recorder = Recorder()
        let session = Self.session(recorder)
        session.receive(ByteBuffer(bytes: Self.opening))
        let settings: [UInt8] = [0, 3] + Self.bytes(10) + [0, 6] + Self.bytes(1000)
        #expect(
            Self.frames(session) == [
                Frame(kind: 4, flags: 0, stream: 0, payload: settings),
                Frame(kind: 4, flags: 1, stream: 0, payload: []),
            ]
        )
        #expect(recorder.events == ["settings"])
    }

    @Test func readsTheSameWhateverThePieces() {
        let padded = Self.frame(1, 0x2C, 3, [2, 0, 0, 0, 0, 16, 0x84, 0, 0])
        let bytes =
            Self.opening + Self.headers(1) + Self.frame(0, 0, 1, [1, 2, 3])
            + Self.frame(0, 9, 1, [1, 7, 8, 0]) + padded
            + Self.frame(6, 1, 0, Array(repeating: 0, count: 8)) + Self.frame(9 + 50, 0, 0, [1])
            + Self.headers(3, flags: 5)
        let expected = [
            "settings", "1 fields /", "1 data 3", "1 data 2 last", "3 fields /", "ping",
            "3 fields / last",
        ]
        for split in 0...bytes.count {
            let recorder = Recorder()
            let session = Self.session(recorder)
            session.receive(ByteBuffer(bytes: bytes[..<split]))
            session.receive(ByteBuffer(bytes: bytes[split...]))
            #expect(recorder.events == expected && recorder.failure == nil, "\(split)")
        }
        let recorder = Recorder()
        let session = Self.session(recorder)
        for byte in bytes { session.receive(ByteBuffer(bytes: [byte])) }
        #expect(recorder.events == expected)
    }

    @Test func aStreamIsClosedWhenBothSidesHaveEnded() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1, flags: 5) + Self.headers(3)))
        session.send([":status": "200"], on: 1, isLast: true)
        session.send([":status": "200"], on: 3, isLast: true)
        #expect(recorder.events == ["1 fields / last", "3 fields /", "1 closed"])
        session.receive(ByteBuffer(bytes: Self.frame(0, 1, 3)))
        #expect(recorder.events.suffix(2) == ["3 data 0 last", "3 closed"])
        // What comes for a closed stream is ignored: a reset may have crossed it.
        session.receive(
            ByteBuffer(bytes: Self.frame(0, 0, 1, [1]) + Self.frame(3, 0, 1, Self.bytes(8)))
        )
        #expect(recorder.failure == nil && session.streams.isEmpty)
    }

    @Test func sendsWhatBothWindowsAllowAndTheEndAfterIt() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1, flags: 5)))
        let message = ByteBuffer(repeating: 7, count: 50_000)
        #expect(session.send(message, on: 1) == 50_000)
        #expect(session.send(message, on: 1) == 15_535)
        session.send(["grpc-status": "0"], on: 1, isLast: true)
        let sent = Self.frames(session)
        #expect(sent.allSatisfy { $0.kind == 0 && $0.payload.count <= 16_384 })
        #expect(sent.reduce(0) { $0 + $1.payload.count } == 65_535)
        session.receive(ByteBuffer(bytes: Self.frame(8, 0, 1, Self.bytes(100_000))))
        #expect(Self.frames(session).isEmpty, "the connection's window is used up")
        session.receive(ByteBuffer(bytes: Self.frame(8, 0, 0, Self.bytes(100_000))))
        let rest = Self.frames(session)
        #expect(
            rest.dropLast().reduce(0) { $0 + $1.payload.count } == 34_465 && recorder.passed == 34_465
        )
        #expect(rest.last?.kind == 1 && rest.last?.flags == 5 && recorder.events.last == "1 closed")
    }

    @Test func streamsTakeTurnsAtTheConnectionsWindow() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.frame(4, 0, 0, Self.setting(4, 1_000_000))))
        session.receive(ByteBuffer(bytes: Self.headers(1, flags: 5) + Self.headers(3, flags: 5)))
        for stream: UInt32 in [1, 3] {
            _ = session.send(ByteBuffer(repeating: 7, count: 200_000), on: stream)
        }
        _ = session.takeOutput()
        session.receive(ByteBuffer(bytes: Self.frame(8, 0, 0, Self.bytes(65_536))))
        let sent = Self.frames(session)
        #expect(sent.map(\.stream) == [1, 3, 1, 3] && sent.allSatisfy { $0.payload.count == 16_384 })
    }

    @Test func aSmallerInitialWindowHoldsOpenStreamsBack() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1, flags: 5)))
        #expect(session.send(ByteBuffer(repeating: 7, count: 30_000), on: 1) == 30_000)
        session.receive(ByteBuffer(bytes: Self.frame(4, 0, 0, Self.setting(4, 10_000))))
        #expect(session.send(ByteBuffer(repeating: 7, count: 10), on: 1) == 0)
        // It is below 0 by 20,000.
        session.receive(ByteBuffer(bytes: Self.frame(8, 0, 1, Self.bytes(20_000))))
        #expect(recorder.passed == 0)
        session.receive(ByteBuffer(bytes: Self.frame(4, 0, 0, Self.setting(4, 10_005))))
        #expect(recorder.passed == 5)
        session.receive(ByteBuffer(bytes: Self.frame(8, 0, 1, Self.bytes(5))))
        #expect(recorder.passed == 10)
    }

    @Test func windowsAreRestoredAsTheyAreUsed() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1)))
        let data = Self.frame(0, 0, 1, Array(repeating: 7, count: 16_000))
        for _ in 0..<3 { session.receive(ByteBuffer(bytes: data)) }
        #expect(
            Self.frames(session)
                == [0, 1].map { Frame(kind: 8, flags: 0, stream: $0, payload: Self.bytes(48_000)) }
        )
        for _ in 0..<20 { session.receive(ByteBuffer(bytes: data)) }
        #expect(recorder.failure == nil)
    }

    @Test func blocksInTheOrderInWhichTheyAreSent() throws {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        func decoded() throws -> [[String]] {
            try Self.frames(session).filter { $0.kind == 1 }.map { frame in
                var bytes = ByteBuffer(bytes: frame.payload)
                return try decoder.decodeHeaders(from: &bytes).map { "\($0.name)=\($0.value)" }
            }
        }
        session.receive(
            ByteBuffer(
                bytes: Self.headers(1, flags: 5) + Self.headers(3, flags: 5) + Self.headers(5, flags: 5)
            )
        )
        _ = session.send(ByteBuffer(repeating: 7, count: 70_000), on: 1)
        session.send(Trailers.ok, on: 1, isLast: true)
        session.send(Trailers.head, on: 3, isLast: false)
        session.send(Trailers.ok, on: 3, isLast: true)
        session.send(
            ["grpc-status": "5", "grpc-message": String(repeating: "x", count: 300)],
            on: 5,
            isLast: true
        )
        let head = [":status=200", "content-type=application/grpc"]
        #expect(
            try decoded() == [
                head, ["grpc-status=0"],
                ["grpc-status=5", "grpc-message=" + String(repeating: "x", count: 300)],
            ]
        )
        session.receive(
            ByteBuffer(bytes: [UInt32(0), 1].flatMap { Self.frame(8, 0, $0, Self.bytes(70_000)) })
        )
        #expect(try decoded() == [["grpc-status=0"]])
        session.receive(ByteBuffer(bytes: Self.headers(7, flags: 5)))
        session.send(Trailers.head, on: 7, isLast: false)
        let again = Self.frames(session)
        #expect(again.map(\.payload.count) == [2], "both fields are in tables")
    }

    @Test func aPeerWithASmallTableGetsBlocksThatNeedNone() throws {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1, flags: 5) + Self.headers(3, flags: 5)))
        session.send(Trailers.head, on: 1, isLast: false)
        _ = session.takeOutput()
        session.receive(ByteBuffer(bytes: Self.frame(4, 0, 0, Self.setting(1, 0))))
        _ = session.takeOutput()
        for (stream, first): (UInt32, UInt8) in [(1, 0x20), (3, 0x00)] {
            session.send(Trailers.ok, on: stream, isLast: true)
            let payload = try #require(Self.frames(session).first?.payload)
            #expect(payload.first == first)
            var decoder = HPACKDecoder(allocator: ByteBufferAllocator(), maxDynamicTableSize: 0)
            var bytes = ByteBuffer(bytes: payload)
            #expect(try decoder.decodeHeaders(from: &bytes).first(name: "grpc-status") == "0")
        }
    }

    private struct Violation {
        var code: HTTP2Code
        var bytes: [UInt8]

        init(_ code: HTTP2Code, _ parts: [UInt8]...) {
            self.code = code
            bytes = parts.flatMap { $0 }
        }
    }

    private static let empties = (0..<60).flatMap { _ in frame(0, 0, 1) }
    private static let pings = (0..<60).flatMap { _ in frame(6, 0, 0, zeros(8)) }
    private static let resets = (0..<6).flatMap {
        headers(2 * $0 + 1) + frame(3, 0, 2 * $0 + 1, bytes(8))
    }

    private static let violations: [Violation] = [
        Violation(.protocolError, Array("GET / HTTP/1.1\r\n".utf8)),
        Violation(.protocolError, Array(opening.prefix(24)), headers(1)),
        Violation(.protocolError, Array(opening.prefix(24)), frame(4, 1)),
        Violation(.frameSizeError, opening, [0, 0x40, 1, 0, 0], bytes(1)),
        Violation(.protocolError, opening, headers(2)),
        Violation(.protocolError, opening, headers(0)),
        Violation(.protocolError, opening, frame(0, 0, 1, [1])),
        Violation(.protocolError, opening, frame(0, 0, 0, [1])),
        Violation(.protocolError, opening, headers(1, flags: 0), headers(1)),
        Violation(.protocolError, opening, headers(1, flags: 0), frame(9, 4, 3)),
        Violation(.protocolError, opening, frame(9, 4, 1)),
        Violation(
            .enhanceYourCalm,
            opening,
            headers(1, flags: 0),
            frame(9, 0, 1),
            frame(9, 0, 1),
            frame(9, 0, 1)
        ),
        Violation(.enhanceYourCalm, opening, headers(1, flags: 0), frame(9, 0, 1, zeros(1000))),
        Violation(.compressionError, opening, frame(1, 4, 1, [0xFF, 0xFF])),
        Violation(.protocolError, opening, frame(1, 12, 1, [9, 0x84])),
        Violation(.frameSizeError, opening, frame(1, 0x24, 1, [0, 0])),
        Violation(.streamClosed, opening, headers(1, flags: 5), frame(0, 0, 1, [1])),
        Violation(.streamClosed, opening, headers(1, flags: 5), headers(1, flags: 5)),
        Violation(.protocolError, opening, headers(1), headers(1)),
        Violation(.protocolError, opening, frame(8, 0, 0, bytes(0))),
        Violation(.flowControlError, opening, frame(8, 0, 0, bytes(0x7FFF_FFFF))),
        Violation(.flowControlError, opening, headers(1), frame(8, 0, 1, bytes(0x7FFF_FFFF))),
        Violation(.frameSizeError, opening, frame(8, 0, 0, [0])),
        Violation(.protocolError, opening, frame(4, 0, 1)),
        Violation(.frameSizeError, opening, frame(4, 0, 0, [0])),
        Violation(.frameSizeError, opening, frame(4, 1, 0, zeros(6))),
        Violation(.flowControlError, opening, frame(4, 0, 0, setting(4, 0x8000_0000))),
        Violation(.protocolError, opening, frame(4, 0, 0, setting(5, 100))),
        Violation(.frameSizeError, opening, frame(6, 0, 0, [0])),
        Violation(.protocolError, opening, frame(6, 0, 1, zeros(8))),
        Violation(.protocolError, opening, frame(3, 0, 1, bytes(8))),
        Violation(.frameSizeError, opening, headers(1), frame(3, 0, 1, [0])),
        Violation(.protocolError, opening, frame(5, 4, 1)),
        Violation(.enhanceYourCalm, opening, pings),
        Violation(.enhanceYourCalm, opening, headers(1), empties),
        Violation(.enhanceYourCalm, opening, resets),
    ]

    @Test(arguments: 0..<36) func violationsFail(_ index: Int) {
        #expect(Self.violations.count == 36)
        let (code, bytes) = (Self.violations[index].code, Self.violations[index].bytes)
        let recorder = Recorder()
        let session = Self.session(recorder)
        session.receive(ByteBuffer(bytes: bytes))
        #expect(recorder.failure == code)
        let count = recorder.events.count
        session.receive(ByteBuffer(bytes: Self.headers(99)))
        #expect(recorder.events.count == count, "nothing is read any more")
    }

    @Test func moreBytesThanTheWindowFail() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1) + Self.headers(3)))
        session.send([":status": "200"], on: 1, isLast: true)
        // Its answer is complete, so its window is not restored.
        let data = Self.frame(0, 0, 1, Array(repeating: 7, count: 16_000))
        for _ in 0..<4 { session.receive(ByteBuffer(bytes: data)) }
        #expect(recorder.failure == nil)
        session.receive(ByteBuffer(bytes: data))
        #expect(recorder.failure == .flowControlError)
    }

    @Test func moreStreamsThanAllowedAreRefused() {
        let recorder = Recorder()
        let session = Self.opened(recorder, streams: 2)
        session.receive(ByteBuffer(bytes: [1, 3, 5].flatMap { Self.headers($0) }))
        #expect(recorder.events == ["1 fields /", "3 fields /"])
        #expect(Self.frames(session) == [Frame(kind: 3, flags: 0, stream: 5, payload: Self.bytes(7))])
    }

    @Test func streamsAfterTheLastGoAwayAreIgnored() {
        let recorder = Recorder()
        let session = Self.opened(recorder)
        session.receive(ByteBuffer(bytes: Self.headers(1)))
        session.sendGoAway(.noError, "x", lastStream: session.lastStream)
        session.takesNoMoreStreams = true
        session.receive(
            ByteBuffer(bytes: Self.headers(3) + Self.frame(0, 1, 3, [1]) + Self.frame(0, 1, 1))
        )
        #expect(recorder.events == ["1 fields /", "1 data 0 last"] && recorder.failure == nil)
        #expect(
            Self.frames(session) == [
                Frame(kind: 7, flags: 0, stream: 0, payload: Self.bytes(1) + Self.bytes(0) + [0x78])
            ]
        )
    }
}
