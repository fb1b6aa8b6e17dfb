import FirnStore
import FirnWire
import Testing

@testable import FirnServer

/// What goes back to the store at the end: of many sequences in one call, and not for longer than is allowed.
@Suite struct SequenceStopTests {
    private func hostWithSequences(_ count: Int, _ store: CountingStore = CountingStore()) throws -> SequenceHost {
        let host = try SequenceHost(counting: store) { $0.keeper.fixedBlock = 20 }
        let peer = try host.reactor().connect()
        for number in 0..<count { #expect(peer.tickets("s.\(number)", 3) == [1, 2, 3]) }
        return host
    }

    /// One by one, it took 48 s of a store on a disk.
    @Test func twoThousandGoBackInTwoCalls() throws {
        let store = CountingStore()
        let host = try hostWithSequences(2000, store)
        let before = store.calls
        #expect(host.sequences.stop(within: .seconds(60)) == 0)
        #expect(store.calls - before == 2)
        for number in 0..<2000 { #expect(try host.record("s.\(number)")?.reserved == 3) }
    }

    /// However long the store keeps a call: nothing is waited for once the time is over, and what is left is counted.
    @Test func aStoreThatHangsIsNotWaitedFor() throws {
        let host = try hostWithSequences(40)
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        #expect(host.sequences.stop(within: .milliseconds(200)) == 40)
    }

    /// The thread itself is kept by the store in the midst of a reservation.
    @Test func aReservationThatHangsIsNotWaitedFor() throws {
        let host = try hostWithSequences(10)
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        try host.reactor().connect().ask(.nextTickets(sequence: Name("another")!, count: 1))
        gate.awaitSomebody()
        #expect(host.sequences.stop(within: .milliseconds(200)) == 10)
    }

    @Test func aStoreThatFailsIsNotAskedAgain() throws {
        let store = CountingStore()
        let host = try hostWithSequences(1500, store)
        let before = store.calls
        host.store.isAvailable = false
        #expect(host.sequences.stop(within: .seconds(60)) == 1500)
        #expect(store.calls - before == 1)
    }

    /// Those whose writes fail are counted, and the others go back.
    @Test func aStoreThatFailsForSomeGetsTheOthers() throws {
        let store = CountingStore()
        let host = try hostWithSequences(1500, store)
        host.store.failNext(7)
        #expect(host.sequences.stop(within: .seconds(60)) == 7)
        let reserved = try (0..<1500).map { try host.record("s.\($0)")?.reserved }
        #expect(reserved.count { $0 == 3 } == 1493)
    }
}
