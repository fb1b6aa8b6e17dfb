import FirnStore
import FirnWire
import Testing

@testable import FirnServer

/// Creations and lists wait for a store that may never answer: how many may is limited, by connection and in all.
@Suite struct SequenceReplyLimitTests {
    private static let ticket = Request.Method.nextTickets(sequence: Name("orders")!, count: 1)

    @Test func aConnectionMayHaveSixteenRepliesOpen() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        let peer = try host.reactor().connect()
        // The gate stands before writes: a ticket's block waits there, and what comes after it waits behind.
        let ticket = peer.ask(Self.ticket)
        gate.awaitSomebody()
        let calls = (0..<16).map { _ in peer.ask(.listSequences(after: nil)) }
        let refused = peer.ask(.listSequences(after: nil))
        #expect(peer.answers[refused]?.status?.code == .resourceExhausted)
        #expect(calls.allSatisfy { peer.answers[$0] == nil })
        // Tickets are no replies: the connection may go on asking for them.
        let another = peer.ask(Self.ticket)
        #expect(peer.answers[ticket] == nil && peer.answers[another] == nil)
    }

    @Test func aThousandConnectionsCannotFillTheQueue() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        let reactor = try host.reactor()
        reactor.connect().ask(Self.ticket)
        gate.awaitSomebody()
        let peers = (0..<66).map { _ in reactor.connect() }
        let calls = peers.flatMap { peer in
            (0..<16).map { _ in (peer: peer, call: peer.ask(.listSequences(after: nil))) }
        }
        reactor.wakeUp()
        let refused = calls.filter { peer, call in peer.answers[call]?.status?.code == .resourceExhausted }
        #expect(refused.count == 66 * 16 - 1024)
        gate.open()
        for (peer, call) in calls { #expect(peer.answer(call) != nil) }
    }
}
