import FirnTestSupport
import Foundation
import Testing

@testable import FirnGateway

@Suite struct DrainTests {
    /// Runs `body` beside a drain of the gateway.
    private func whileDraining(_ gateway: GatewayUnderTest, _ body: () throws -> Void) rethrows -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        gateway.gateway.drain()
        try body()
        gateway.gateway.join()
        return start.duration(to: clock.now)
    }

    @Test func whatWasReceivedIsAnsweredAndTheIdleAreClosed() throws {
        let gateway = try GatewayUnderTest(layout: GatewayUnderTest.narrow)
        let (idle, busy, begun) = (try gateway.connect(), try gateway.connect(), try gateway.connect())
        #expect(try idle.ask("GET", "/").status == 200)
        // Half a second's IDs.
        try busy.send(HTTPPeer.request("GET", "/ids?count=8000"))
        try begun.send("GET / HT")
        usleep(100_000)
        let time = try whileDraining(gateway) {
            #expect(throws: (any Error).self) { try gateway.ask("GET", "/") }
            let answer = try busy.answer()
            #expect((answer.json["ids"] as? [String])?.count == 8000)
            #expect(answer.fields["connection"] == "close")
            #expect(try busy.isClosed())
            #expect(try idle.isClosed())
            try begun.send("TP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try begun.answer().fields["connection"] == "close")
        }
        #expect(time < .seconds(5))
    }

    @Test func whatCannotBeAnsweredInTimeIsRefused() throws {
        let gateway = try GatewayUnderTest(layout: GatewayUnderTest.narrow) { $0.drainTimeout = .milliseconds(300) }
        let (busy, silent) = (try gateway.connect(), try gateway.connect())
        // Four seconds' IDs, and a request that never comes.
        try busy.send(HTTPPeer.request("GET", "/ids?count=65536"))
        try silent.send("GET")
        usleep(100_000)
        let time = try whileDraining(gateway) {
            let answer = try busy.answer()
            #expect(answer.status == 503 && answer.fields["connection"] == "close")
            #expect(try silent.isClosed())
        }
        #expect(time < .seconds(3))
    }
}
