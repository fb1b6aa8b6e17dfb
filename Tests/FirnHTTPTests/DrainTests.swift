import FirnLayout
import FirnTestSupport
import Foundation
import Testing

@testable import FirnHTTP

@Suite struct DrainTests {
    /// 2 IDs a second: a batch that takes hours.
    private static let slow = try! Layout(parsing: "time:32s@2025-01-01T00:00:00Z,worker:10,sequence:1")

    /// Runs `body` beside a drain of the HTTP server.
    private func whileDraining(_ server: HTTPServerUnderTest, _ body: () throws -> Void) rethrows -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        server.server.drain()
        try body()
        server.server.join()
        return start.duration(to: clock.now)
    }

    @Test func whatWasReceivedIsAnsweredAndTheIdleAreClosed() throws {
        let drainTimeout = Duration.seconds(60)
        let server = try HTTPServerUnderTest(layout: HTTPServerUnderTest.narrow, threads: 1) {
            $0.drainTimeout = drainTimeout
        }
        let (idle, busy, begun) = (try server.connect(), try server.connect(), try server.connect())
        for peer in [idle, busy, begun] { #expect(try peer.ask("GET", "/").status == 200) }
        // Two seconds' IDs.
        try busy.send(HTTPPeer.request("GET", "/ids?count=32000"))
        try begun.send("GET / HT")
        try server.hasReadWhatWasSent()
        let time = try whileDraining(server) {
            #expect(throws: (any Error).self) { try server.ask("GET", "/") }
            let answer = try busy.answer()
            #expect((answer.json["ids"] as? [String])?.count == 32_000)
            #expect(answer.fields["connection"] == "close")
            #expect(try busy.isClosed())
            #expect(try idle.isClosed())
            try begun.send("TP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try begun.answer().fields["connection"] == "close")
        }
        #expect(time < drainTimeout, "it ends with the last answer, and not with its time")
    }

    @Test func whatCannotBeAnsweredInTimeIsRefused() throws {
        let drainTimeout = Duration.milliseconds(300)
        let server = try HTTPServerUnderTest(layout: Self.slow, threads: 1) { $0.drainTimeout = drainTimeout }
        let (busy, silent) = (try server.connect(), try server.connect())
        // A batch that takes hours, and a request that never comes.
        try busy.send(HTTPPeer.request("GET", "/ids?count=65536"))
        try silent.send("GET")
        try server.hasReadWhatWasSent()
        let time = try whileDraining(server) {
            // Sooner than the call's own timeout of ten seconds, after which a peer gives up too.
            let answer = try busy.answer()
            #expect(answer.status == 503 && answer.fields["connection"] == "close")
            #expect(try silent.isClosed())
        }
        #expect(time >= drainTimeout, "it is given its time")
    }
}
