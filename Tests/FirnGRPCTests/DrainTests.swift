import FirnServer
import FirnTestSupport
import FirnWire
import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing

@testable import FirnGRPC

/// How the server stops.
@Suite struct DrainTests {
    @Test func endsStreamsAnswersCallsAndCloses() throws {
        let server = try GRPCServerUnderTest(layout: GRPCServerUnderTest.slow, threads: 1) {
            $0.drainTimeout = .milliseconds(500)
        }
        let peer = try server.connect()
        let watch = peer.begin("/grpc.health.v1.Health/Watch")
        peer.send(GRPCPeer.prefixed([]), on: watch, isLast: true)
        _ = try peer.messages(1, on: watch)
        let waiting = peer.begin("/firn.v1.IDService/NextBatch")
        peer.send(GRPCPeer.prefixed(UnaryCallTests.request(1, 100)), on: waiting, isLast: true)
        #expect(try peer.call("/firn.v1.IDService/Describe").status == 0)
        let idle = try server.connect()
        _ = try idle.setting(.maxConcurrentStreams)
        server.availability.startedDraining()
        server.stop()
        #expect(try peer.goAway() == .noError)
        #expect(try peer.end(of: watch).status == 14)
        #expect(try peer.end(of: waiting).status == 14)
        #expect(try idle.goAway() == .noError)
        #expect(try peer.isClosed() && idle.isClosed())
    }

    /// A client may begin streams until it has learnt that none are taken any more.
    @Test func endsStreamsThatBeginAfterTheAnnouncement() throws {
        let server = try GRPCServerUnderTest(threads: 1) { $0.drainTimeout = .seconds(120) }
        let peer = try server.connect()
        // It does not answer PINGs.
        let raw = try HTTPPeer(port: server.port)
        try raw.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
        try raw.waitForBytes()
        var block = ByteBuffer()
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        try encoder.encode(headers: GRPCPeer.fields("/grpc.health.v1.Health/Watch"), to: &block)
        let fields = Array(block.readableBytesView)
        let began = ContinuousClock.now
        server.server.drain()
        #expect(try peer.goAway() == .noError)
        let message: [UInt8] = [0, 0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]
        try raw.send([0, 0, UInt8(fields.count), 1, 4, 0, 0, 0, 1] + fields + message)
        server.stop()
        #expect(began.duration(to: .now) < .seconds(60))
    }

    @Test func whatHasNotEndedInTimeIsToldSo() throws {
        let server = try GRPCServerUnderTest(threads: 1) { $0.drainTimeout = .milliseconds(500) }
        let peer = try server.connect()
        let conversation = peer.begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        var question = ProtobufWriter()
        question.put(7, text: "*")
        peer.send(GRPCPeer.prefixed(question.bytes), on: conversation)
        _ = try peer.messages(1, on: conversation)
        server.stop()
        #expect(try peer.end(of: conversation).status == 14)
    }
}
