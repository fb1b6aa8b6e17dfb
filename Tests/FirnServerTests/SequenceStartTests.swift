import FirnLayout
import FirnStore
import FirnWire
import Testing

@testable import FirnServer

/// A start that is raised while daemons hold blocks of the sequence.
@Suite struct SequenceStartTests {
    private func create(_ peer: SequencePeer, start: UInt64) {
        let sequence = SequenceDescription(
            name: Name("orders")!,
            kind: .plain,
            next: start,
            increment: 1,
            offset: 0,
            maximum: 0
        )
        let answer = peer.create(sequence)
        #expect(answer?.sequence?.next == start, "\(String(describing: answer))")
    }

    /// The daemon that answered gives nothing below it from then on.
    @Test func theDaemonThatAnswersDropsWhatItHolds() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 100 }
        defer { host.sequences.stop() }
        let (reactor, other) = (try host.reactor(), try host.reactor())
        let peer = reactor.connect()
        #expect(peer.tickets("orders", 2) == [1, 2])
        create(peer, start: 500)
        #expect(peer.tickets("orders", 3) == [500, 501, 502])
        #expect(other.connect().tickets("orders", 2) == [503, 504])
        // To ask again changes nothing.
        let again = SequenceDescription(
            name: Name("orders")!,
            kind: .plain,
            next: 500,
            increment: 1,
            offset: 0,
            maximum: 0
        )
        #expect(peer.create(again)?.sequence != nil)
        #expect(peer.tickets("orders", 1) == [505])
    }

    /// Another daemon goes on with its block until the next one comes, and no batch has values of both.
    @Test func anotherDaemonDropsItsBlockWithItsNextReservation() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 20 }
        let second = try SequenceHost(store: host.store) { $0.keeper.fixedBlock = 20 }
        defer { [host, second].forEach { $0.sequences.stop() } }
        let peer = try second.reactor().connect()
        #expect(peer.tickets("orders", 1) == [1])
        create(try host.reactor().connect(), start: 1000)
        var batches: [[UInt64]] = []
        for _ in 0..<20 { batches.append(peer.tickets("orders", 3)) }
        for batch in batches { #expect(batch.allSatisfy { $0 < 1000 } || batch.allSatisfy { $0 >= 1000 }, "\(batch)") }
        let values = batches.flatMap(\.self)
        #expect(Set(values).count == values.count && values == values.sorted())
        #expect(values.filter { $0 < 1000 }.count < 20 && values.last! >= 1000)
    }

    /// The second daemon is asked for the start that the first one has set already, while it holds a block from before.
    @Test func aStartThatIsThereAlreadyIsHeededToo() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 100 }
        let second = try SequenceHost(store: host.store) { $0.keeper.fixedBlock = 100 }
        defer { [host, second].forEach { $0.sequences.stop() } }
        let peer = try second.reactor().connect()
        #expect(peer.tickets("orders", 1) == [1])
        create(try host.reactor().connect(), start: 1000)
        create(peer, start: 1000)
        #expect(peer.tickets("orders", 2) == [1000, 1001])
    }
}
