import NIOCore
import Testing

@testable import FirnGRPC

/// Peers that violate HTTP/2 or exceed limits.
@Suite struct HTTP2ViolationTests {
    private typealias Peer = HTTP2SessionUnderTest
    private typealias Frame = HTTP2SessionUnderTest.Frame

    private enum Code: UInt32 {
        case protocolError = 1
        case flowControlError = 3
        case streamClosed = 5
        case frameSizeError = 6
        case refusedStream = 7
        case compressionError = 9
        case enhanceYourCalm = 11
    }

    private struct Violation {
        var code: Code
        var bytes: [UInt8]

        init(_ code: Code, _ parts: [UInt8]...) {
            self.code = code
            bytes = parts.flatMap { $0 }
        }
    }

    private static func frame(
        _ kind: UInt8,
        _ flags: UInt8 = 0,
        _ stream: UInt32 = 0,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        Peer.frame(kind, flags, stream, payload)
    }

    private static let opening = Peer.opening
    private static let empties = (0..<60).flatMap { _ in frame(0, 0, 1) }
    private static let pings = (0..<60).flatMap { _ in frame(6, 0, 0, Peer.zeros(8)) }
    private static let settings = (0..<30).flatMap { _ in frame(4) }
    private static let late = (0..<60).flatMap { _ in Peer.headers(1) }
    private static let resets = (1...6).flatMap { Peer.headers(2 * $0 + 1) + frame(3, 0, 2 * $0 + 1, Peer.bytes(8)) }
    /// Each makes the session reset a stream.
    private static let overflows = (0..<6).flatMap {
        Peer.headers(2 * $0 + 1) + Peer.windowUpdate(2 * $0 + 1, 0x7FFF_FFFF)
    }

    private static let violations: [Violation] = [
        Violation(.protocolError, Peer.preface, Peer.headers(1)),
        Violation(.protocolError, Peer.preface, frame(4, 1)),
        Violation(.frameSizeError, opening, [0, 0x40, 1, 0, 0], Peer.bytes(1)),
        Violation(.protocolError, opening, Peer.headers(2)),
        Violation(.protocolError, opening, Peer.headers(0)),
        Violation(.protocolError, opening, frame(0, 0, 1, [1])),
        Violation(.protocolError, opening, frame(0, 0, 0, [1])),
        Violation(.protocolError, opening, Peer.headers(1, flags: 0), Peer.headers(1)),
        Violation(.protocolError, opening, Peer.headers(1, flags: 0), frame(9, 4, 3)),
        Violation(.protocolError, opening, frame(9, 4, 1)),
        Violation(.enhanceYourCalm, opening, Peer.headers(1, flags: 0), (0..<3).flatMap { _ in frame(9, 0, 1) }),
        Violation(.enhanceYourCalm, opening, Peer.headers(1, flags: 0), frame(9, 0, 1, Peer.zeros(1000))),
        // 30 times :path /, which are 38 bytes each.
        Violation(.enhanceYourCalm, opening, frame(1, 4, 1, Array(repeating: 0x84, count: 30))),
        Violation(.compressionError, opening, frame(1, 4, 1, [0xFF, 0xFF])),
        Violation(.protocolError, opening, frame(1, 12, 1, [9, 0x84])),
        Violation(.frameSizeError, opening, frame(1, 0x24, 1, [0, 0])),
        Violation(.streamClosed, opening, Peer.headers(1, flags: 5), frame(0, 0, 1, [1])),
        Violation(.streamClosed, opening, Peer.headers(1, flags: 5), Peer.headers(1, flags: 5)),
        Violation(.protocolError, opening, Peer.windowUpdate(0, 0)),
        Violation(.flowControlError, opening, Peer.windowUpdate(0, 0x7FFF_FFFF)),
        Violation(.frameSizeError, opening, frame(8, 0, 0, [0])),
        Violation(.protocolError, opening, frame(4, 0, 1)),
        Violation(.frameSizeError, opening, frame(4, 0, 0, [0])),
        Violation(.frameSizeError, opening, frame(4, 1, 0, Peer.zeros(6))),
        Violation(.flowControlError, opening, frame(4, 0, 0, Peer.setting(4, 0x8000_0000))),
        Violation(.protocolError, opening, frame(4, 0, 0, Peer.setting(5, 100))),
        Violation(.frameSizeError, opening, frame(6, 0, 0, [0])),
        Violation(.protocolError, opening, frame(6, 0, 1, Peer.zeros(8))),
        Violation(.protocolError, opening, frame(3, 0, 1, Peer.bytes(8))),
        Violation(.frameSizeError, opening, Peer.headers(1), frame(3, 0, 1, [0])),
        Violation(.protocolError, opening, Peer.headers(1), frame(5, 4, 1, Peer.bytes(2))),
        Violation(.enhanceYourCalm, opening, pings),
        Violation(.enhanceYourCalm, opening, settings),
        Violation(.enhanceYourCalm, opening, Peer.headers(1), empties),
        Violation(.enhanceYourCalm, opening, Peer.headers(1), frame(3, 0, 1, Peer.bytes(8)), late),
        Violation(.enhanceYourCalm, opening, resets),
        Violation(.enhanceYourCalm, opening, overflows),
    ]

    @Test(arguments: 0..<37) func violationsEndTheSession(_ index: Int) {
        #expect(Self.violations.count == 37)
        let violation = Self.violations[index]
        let peer = Peer(isOpen: false)
        peer.receive(violation.bytes)
        let ends = peer.frames().filter { $0.kind == 7 }
        #expect(ends.map(\.code) == [violation.code.rawValue])
        // Limits are ours, and are explained.
        if violation.code == .enhanceYourCalm { #expect((ends.first?.payload.count ?? 0) > 20) }
        #expect(peer.session.isOver)
        let count = peer.events.count
        peer.receive(Peer.headers(99), Self.frame(6, 0, 0, Peer.zeros(8)))
        #expect(peer.events.count == count && peer.frames().isEmpty, "nothing is read or sent any more")
    }

    @Test func anotherProtocolEndsTheSession() {
        let peer = Peer(isOpen: false)
        peer.receive(Array("GET / HTTP/1.1\r\n".utf8))
        #expect(peer.session.isOver && peer.events.isEmpty)
    }

    @Test func moreBytesThanTheWindowEndTheStream() {
        let peer = Peer()
        peer.receive(Peer.headers(1), Peer.headers(3))
        peer.session.end(Trailers.http(200), on: 1)
        _ = peer.frames()
        // Its answer is complete, so its window is not restored; the connection's is.
        let data = Self.frame(0, 0, 1, Array(repeating: 7, count: 16_000))
        for _ in 0..<4 { peer.receive(data) }
        #expect(peer.frames() == [Frame(kind: 8, payload: Peer.bytes(48_000))])
        peer.receive(data)
        #expect(peer.frames().contains(Frame(kind: 3, stream: 1, payload: Peer.bytes(Code.flowControlError.rawValue))))
        #expect(!peer.session.isOver)
    }

    @Test func trailersThatDoNotEndTheirStreamResetIt() {
        let peer = Peer()
        peer.receive(Peer.headers(1), Peer.headers(1))
        #expect(peer.frames() == [Frame(kind: 3, stream: 1, payload: Peer.bytes(Code.protocolError.rawValue))])
        #expect(peer.events == ["1 fields /", "1 closed"])
    }

    @Test func moreStreamsThanAllowedAreRefused() {
        let peer = Peer(streams: 2)
        peer.receive([1, 3, 5].flatMap { Peer.headers($0) })
        #expect(peer.events == ["1 fields /", "3 fields /"])
        #expect(peer.frames() == [Frame(kind: 3, stream: 5, payload: Peer.bytes(Code.refusedStream.rawValue))])
        // It has acknowledged the setting, and so knows the limit.
        peer.receive(Self.frame(4, 1), Peer.headers(7))
        #expect(peer.frames().map(\.code) == [Code.protocolError.rawValue] && peer.session.isOver)
    }

    @Test func refusedStreamsCountAsResets() {
        let peer = Peer(streams: 2)
        for stream: UInt32 in 0..<7 { peer.receive(Peer.headers(2 * stream + 1)) }
        #expect(peer.frames().filter { $0.kind == 3 }.count == 5 && !peer.session.isOver)
        peer.receive(Peer.headers(15))
        #expect(peer.frames().map(\.code).last == Code.enhanceYourCalm.rawValue && peer.session.isOver)
    }

    /// nghttp2 has a limit of its own, which is lower.
    @Test func asManyResetsAsTheLimitAllowsDoNotEndTheSession() {
        let peer = Peer(resets: 3000)
        for stream in (0..<3000).map({ UInt32(2 * $0 + 1) }) {
            peer.receive(Peer.headers(stream), Self.frame(3, 0, stream, Peer.bytes(8)))
        }
        #expect(!peer.frames().contains { $0.kind == 7 } && !peer.session.isOver)
    }

    @Test func whatFollowsAFloodIsNotRead() {
        let rest = Peer.headers(99, flags: 5) + Self.frame(0, 1, 1, [1]) + Self.frame(6, 1, 0, Peer.zeros(8))
        for flood in [Self.pings, (0..<60).flatMap { _ in Self.frame(4) }, Self.resets] {
            let peer = Peer()
            peer.receive(Peer.headers(1))
            peer.receive(flood + rest)
            #expect(peer.frames().last?.code == Code.enhanceYourCalm.rawValue)
            #expect(!peer.events.contains { $0.hasPrefix("99") || $0 == "1 end" || $0 == "ping" })
            #expect(peer.events.filter { $0 == "settings" }.count <= 20)
        }
    }

    @Test func failsOnceAndSaysWhy() {
        let peer = Peer()
        peer.receive(Peer.headers(1, flags: 5))
        peer.session.fail(.enhanceYourCalm, "too much")
        peer.session.fail(.noError, "again")
        let expected = Peer.bytes(1) + Peer.bytes(11) + Array("too much".utf8)
        #expect(peer.frames() == [Frame(kind: 7, payload: expected)])
        #expect(peer.session.isOver)
    }
}
