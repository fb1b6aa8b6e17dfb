import FirnServer
import FirnWire
import Foundation
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
}
