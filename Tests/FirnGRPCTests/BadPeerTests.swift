import FirnTestSupport
import FirnWire
import Foundation
import NIOHTTP2
import Testing

@testable import FirnGRPC

/// Peers that violate the protocol or want too much. Others are served all the while.
@Suite struct BadPeerTests {
    private static let nextID = "/firn.v1.IDService/NextID"
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    /// Waits until the daemon has closed the connection; SETTINGS and GOAWAY come before.
    private static func expectEnd(of peer: HTTPPeer) throws {
        #expect(throws: HTTPPeer.Failure.ended) { while true { _ = try peer.answer() } }
    }

    @Test func aFloodOfResetsEndsTheConnection() throws {
        try withGRPCServer(threads: 1, { $0.maximumResets = 100 }) { server in
            let other = try server.connect()
            let peer = try server.connect()
            for _ in 0..<300 { peer.reset(peer.begin(Self.nextID)) }
            #expect(try peer.goAway() == .enhanceYourCalm)
            #expect(try peer.isClosed())
            #expect(try other.call(Self.nextID).status == 0)
        }
    }

    @Test func aFewResetsDoNot() throws {
        try withGRPCServer(threads: 1, { $0.maximumResets = 100 }) { server in
            let peer = try server.connect()
            for _ in 0..<90 { peer.reset(peer.begin(Self.nextID)) }
            #expect(try peer.call(Self.nextID).status == 0)
        }
    }

    @Test func aFloodOfContinuationsEndsTheConnection() throws {
        try withGRPCServer(threads: 1) { server in
            let other = try server.connect()
            let peer = try HTTPPeer(port: server.port)
            try peer.send(Self.preface + Self.frame(4, stream: 0) + Self.frame(1, stream: 1, [0x82]))
            // A literal field that is never finished.
            let part = Self.frame(9, stream: 1, Array(repeating: 0x82, count: 100))
            for _ in 0..<20 { try? peer.send(part) }
            try Self.expectEnd(of: peer)
            #expect(try other.call(Self.nextID).status == 0)
        }
    }

    @Test func aFloodOfPingsEndsTheConnection() throws {
        try withGRPCServer(threads: 1) { server in
            let other = try server.connect()
            let peer = try HTTPPeer(port: server.port)
            try peer.send(Self.preface + Self.frame(4, stream: 0))
            let pings = (0..<1000).flatMap { _ in Self.frame(6, stream: 0, Array(repeating: 1, count: 8)) }
            #expect(throws: HTTPPeer.Failure.ended) {
                for _ in 0..<100_000 { try peer.send(pings) }
            }
            #expect(try other.call(Self.nextID).status == 0)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
    ])
    func bytesOfOtherProtocolsEndTheConnection(_ text: String) throws {
        try withGRPCServer { server in
            let peer = try HTTPPeer(port: server.port)
            try peer.send(text + String(repeating: "x", count: 100))
            try Self.expectEnd(of: peer)
        }
    }

    @Test func aThousandCallsOnOneConnection() throws {
        try withGRPCServer(threads: 1) { server in
            let peer = try server.connect()
            #expect(try peer.setting(.maxConcurrentStreams) == 1024)
            let streams = (0..<1000).map { _ in peer.begin(Self.nextID) }
            #expect(try server.connect().call(Self.nextID).status == 0)
            for stream in streams { peer.send(GRPCPeer.prefixed([]), on: stream, isLast: true) }
            var ids: Set<UInt64> = []
            for stream in streams { ids.insert(try UnaryCallTests.number(1, of: peer.end(of: stream).message)) }
            #expect(ids.count == 1000)
        }
    }

    @Test func moreCallsThanAllowedEndTheConnection() throws {
        try withGRPCServer(threads: 1, { $0.maximumStreams = 10 }) { server in
            let peer = try server.connect()
            _ = try peer.setting(.maxConcurrentStreams)
            let raw = try HTTPPeer(port: server.port)
            // :method POST, :scheme http, :path /: indexed fields.
            let calls = (0..<100).flatMap { Self.frame(1, flags: 4, stream: UInt8(2 * $0 + 1), [0x83, 0x86, 0x84]) }
            _ = try? raw.send(Self.preface + Self.frame(4, stream: 0) + calls)
            #expect(try peer.call(Self.nextID).status == 0)
        }
    }

    @Test func answersThatAreNotReadEndTheirNumber() throws {
        try withGRPCServer(threads: 1, { $0.maximumUnsentBytes = 20_000 }) { server in
            let peer = try server.connect()
            // Answers of 2,400 bytes each: 27 fill the peer's window, and 9 more the daemon's limit.
            var question = ProtobufWriter()
            question.put(4, text: "firn.v1.IDService")
            let streams = (0..<60).map { _ in peer.begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") }
            for stream in streams { peer.send(GRPCPeer.prefixed(question.bytes), on: stream, isLast: true) }
            _ = try peer.end(of: streams.last!)
            let statuses = streams.map { peer.answer(on: $0).status }
            #expect(statuses.last == 8, "\(statuses) \(peer.answer(on: streams.last!))")
            #expect(statuses.filter { $0 != 8 }.count < 40)
            let refused = try peer.call(Self.nextID)
            #expect(refused.status == 8 && refused.text.contains("its client has not read"), "\(refused)")
            #expect(try server.connect().call(Self.nextID).status == 0)
        }
    }

    @Test func answersThatAreReadAreNotRefused() throws {
        try withGRPCServer(threads: 1, { $0.maximumUnsentBytes = 20_000 }) { server in
            let peer = try server.connect()
            peer.write(.rootStream, .windowUpdate(windowSizeIncrement: 2_000_000_000))
            var question = ProtobufWriter()
            question.put(4, text: "firn.v1.IDService")
            // They are sent in one write, and answered with 144,000 bytes.
            let streams = peer.burst(
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                GRPCPeer.prefixed(question.bytes),
                times: 60
            )
            for stream in streams { #expect(try peer.end(of: stream).status == 0) }
        }
    }

    @Test func idleConnectionsAreClosed() throws {
        try withGRPCServer({ $0.tcpIdleTimeout = .milliseconds(600) }) { server in
            let idle = try server.connect()
            #expect(try idle.goAway() == .noError)
            #expect(try idle.isClosed())
        }
    }

    @Test func slowAndSilentPeersAreClosed() throws {
        // A busy machine, above all under ThreadSanitizer, may need seconds for a connection's preface.
        try withGRPCServer({ $0.requestTimeout = .seconds(10) }) { server in
            let silent = try HTTPPeer(port: server.port)
            let slow = try server.connect()
            let stream = slow.begin(Self.nextID)
            slow.send([0, 0], on: stream)
            let answer = try slow.end(of: stream)
            #expect(answer.status == 4 && answer.text.contains("not complete in time"))
            try Self.expectEnd(of: silent)
        }
    }

    @Test func tooManyConnectionsAreToldSo() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.slow, threads: 1, { $0.maximumConnections = 2 }) { server in
            let busy = try (0..<2).map { _ in try server.connect() }
            for peer in busy {
                let stream = peer.begin("/firn.v1.IDService/NextBatch")
                peer.send(GRPCPeer.prefixed(UnaryCallTests.request(1, 100)), on: stream, isLast: true)
                #expect(try peer.call("/firn.v1.IDService/Describe").status == 0)
            }
            let refused = try server.connect()
            #expect(try refused.goAway() == .enhanceYourCalm)
            #expect(try refused.isClosed())
        }
    }

    @Test func idleConnectionsMakeRoom() throws {
        try withGRPCServer(threads: 1, { $0.maximumConnections = 50 }) { server in
            let peers = try (0..<150).map { _ in try server.connect() }
            #expect(try peers.last!.call(Self.nextID).status == 0)
            #expect(try peers.first!.isClosed())
        }
    }
}
