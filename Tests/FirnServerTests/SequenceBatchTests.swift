import FirnStore
import FirnWire
import Synchronization
import Testing

@testable import FirnServer

/// Many sequences at once, counted in calls to the store. Nothing here depends on how long anything takes.
@Suite struct SequenceBatchTests {
    private struct Asked {
        let peer: SequencePeer
        let call: UInt64
    }

    private func ask(_ peers: [SequencePeer], _ names: [String]) -> [Asked] {
        names.enumerated().map { number, name in
            let peer = peers[number % peers.count]
            return Asked(peer: peer, call: peer.ask(.nextTickets(sequence: Name(name)!, count: 1)))
        }
    }

    private static let names = (0..<1000).map { "s.\($0)" }

    /// The thread is kept in the midst of a write until a thousand blocks have been requested. With one round trip of two
    /// for each of them, it made 2,000 calls.
    @Test func aThousandBusySequencesShareACall() throws {
        let store = CountingStore()
        // Strict: each call is a reservation.
        let host = try SequenceHost(counting: store) { $0.keeper.fixedBlock = 1 }
        defer { host.sequences.stop() }
        let gate = Gate(of: store.memory)
        let reactor = try host.reactor()
        let peers = (0..<50).map { _ in reactor.connect() }
        for round in 1...4 as ClosedRange<UInt64> {
            gate.shut()
            let first = ask(peers, ["first"])[0]
            gate.awaitSomebody()
            let before = store.calls
            let asked = ask(peers, Self.names)
            gate.open()
            for one in asked { #expect(one.peer.answer(one.call)?.values == [round]) }
            #expect(first.peer.answer(first.call)?.values == [round])
            // The first time, the records are read.
            #expect(store.calls - before == (round == 1 ? 2 : 1), "in round \(round)")
        }
        #expect(store.mostAtOnce == 1 && store.largestBatch <= SequenceClaims.maximumBatch + 1)
    }

    /// More than one call takes: in parts, and all are answered.
    @Test func whatExceedsABatchGoesIntoTheNext() throws {
        let store = CountingStore()
        let host = try SequenceHost(counting: store) { $0.keeper.fixedBlock = 1 }
        defer { host.sequences.stop() }
        let gate = Gate(of: store.memory)
        let reactor = try host.reactor()
        let peers = (0..<150).map { _ in reactor.connect() }
        gate.shut()
        let first = ask(peers, ["first"])[0]
        gate.awaitSomebody()
        let before = store.calls
        let asked = ask(peers, (0..<3000).map { "s.\($0)" })
        gate.open()
        for one in [first] + asked { #expect(one.peer.answer(one.call)?.values == [1]) }
        #expect(store.calls - before == 6 && store.largestBatch == SequenceClaims.maximumBatch + 1)
    }

    @Test func aBrokenRecordStopsNoOthers() throws {
        let store = CountingStore()
        let host = try SequenceHost(counting: store)
        defer { host.sequences.stop() }
        _ = try store.memory.write("sequences/s.7", "edited by hand", ifVersion: nil)
        let gate = Gate(of: store.memory)
        let reactor = try host.reactor()
        let peers = (0..<4).map { _ in reactor.connect() }
        gate.shut()
        _ = ask(peers, ["first"])
        gate.awaitSomebody()
        let asked = ask(peers, (0..<20).map { "s.\($0)" })
        gate.open()
        for (number, one) in asked.enumerated() {
            let outcome = one.peer.answer(one.call)
            if number == 7 {
                #expect(outcome?.status?.code == .unavailable)
                #expect(outcome?.status?.message.contains("record sequences/s.7") == true, "\(outcome as Any)")
            } else {
                #expect(outcome?.values == [1])
            }
        }
    }

    /// Two daemons with the same sequences, with answers that are lost and writes that come late.
    @Test func twoDaemonsOnTheSameSequences() throws {
        let memory = MemoryStore()
        let hosts = try (0..<2).map { _ in try SequenceHost(store: memory) { $0.keeper.fixedBlock = 1 } }
        defer { hosts.forEach { $0.sequences.stop() } }
        let reactors = try hosts.map { try $0.reactor() }
        let peers = reactors.map { reactor in (0..<4).map { _ in reactor.connect() } }
        let names = (0..<40).map { "s.\($0)" }
        var given: [String: [UInt64]] = [:]
        for round in 0..<30 {
            if round % 3 == 1 { memory.loseNextAnswers(5) }
            if round % 5 == 2 { memory.delayNextWrites(3) }
            let asked = peers.map { ask($0, names) }
            for answers in asked {
                for (name, one) in zip(names, answers) {
                    given[name, default: []] += one.peer.answer(one.call)?.values ?? []
                }
            }
            memory.deliverDelayedWrites()
        }
        for name in names {
            let values = given[name] ?? []
            #expect(Set(values).count == values.count && values.count > 10, "\(name): \(values.sorted())")
        }
    }

    // MARK: - Making room

    private func full(_ store: CountingStore) throws -> (SequenceHost, SequencePeer) {
        let host = try SequenceHost(counting: store) { configuration in
            configuration.keeper.fixedBlock = 20
            configuration.maximumSequences = 64
        }
        let peer = try host.reactor().connect()
        for number in 0..<64 { #expect(peer.tickets("s.\(number)", 3) == [1, 2, 3]) }
        return (host, peer)
    }

    @Test func theLeastUsedGoBackInOneCallAfterTheFirst() throws {
        let store = CountingStore()
        let (host, peer) = try full(store)
        defer { host.sequences.stop() }
        let before = store.calls
        #expect(peer.tickets("another", 3) == [1, 2, 3])
        #expect(peer.reactor.run { host.sequences.table.withLock(\.count) == 56 })
        // A read and a write for the new one, and two writes for nine.
        #expect(peer.reactor.run { store.calls == before + 4 })
        for number in 0..<9 { #expect(try host.record("s.\(number)")?.reserved == 3) }
        #expect(try host.record("s.9")?.reserved == 20)
    }

    /// Their values are what a daemon has while its store is away.
    @Test func withoutTheStoreNoMoreThanOneIsGivenUp() throws {
        let store = CountingStore()
        let (host, peer) = try full(store)
        defer { host.sequences.stop() }
        store.memory.isAvailable = false
        #expect(peer.tickets("another", 3) == [])
        #expect(peer.reactor.run { host.sequences.table.withLock(\.count) == 64 })
        for number in 1..<64 { #expect(peer.tickets("s.\(number)", 3) == [4, 5, 6]) }
    }
}
