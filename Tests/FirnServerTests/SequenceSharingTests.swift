import FirnServer
import FirnStore
import FirnWindows
import FirnWire
import Glibc
import Synchronization
import Testing

/// One sequence and many who take from it: connections, threads, daemons; and what goes back to the store.
@Suite struct SequenceSharingTests {
    /// Takes tickets on several threads, each a reactor with two connections, and gives the number of each back.
    private static func takeOnThreads(
        _ hosts: [SequenceHost],
        threads: Int,
        rounds: Int,
        name: @escaping @Sendable (Int) -> String
    ) throws -> [[String: [UInt64]]] {
        let results = Mutex<[[String: [UInt64]]]>([])
        // Each reactor is one thread's from here on.
        let reactors = try (0..<threads).map { Handed(try hosts[$0 % hosts.count].reactor()) }
        let workers = reactors.enumerated().map { index, handed in
            NativeThread(name: "taker-\(index)") {
                let reactor = handed.value
                let peers = [reactor.connect(), reactor.connect()]
                var taken: [String: [UInt64]] = [:]
                for round in 0..<rounds {
                    let sequence = name(round)
                    let count = UInt32(1 + (round * 7 + index) % 40)
                    let calls = peers.map { $0.ask(.nextTickets(sequence: Name(sequence)!, count: count)) }
                    reactor.run { zip(peers, calls).allSatisfy { $0.answers[$1] != nil } }
                    for (peer, call) in zip(peers, calls) {
                        let values = peer.answers[call]?.values ?? []
                        guard values.count == Int(count) else { preconditionFailure("\(peer.answers[call] as Any)") }
                        taken[sequence, default: []] += values
                    }
                }
                results.withLock { $0.append(taken) }
            }
        }
        workers.forEach { $0.join() }
        return results.withLock { $0 }
    }

    private static func duplicates(_ values: [UInt64]) -> Int { values.count - Set(values).count }

    @Test(arguments: [nil, 1, 64] as [UInt64?])
    func noThreadGetsWhatAnotherHas(_ block: UInt64?) throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = block }
        let taken = try Self.takeOnThreads([host], threads: 4, rounds: 300) { _ in "orders" }
        host.sequences.stop()
        let values = taken.flatMap { $0["orders"] ?? [] }
        #expect(Self.duplicates(values) == 0)
        let reserved = try host.record("orders")?.reserved ?? 0
        #expect(reserved >= values.max() ?? 0)
        if block != 1 { #expect(reserved == values.max(), "the rest went back") }
    }

    /// What one connection was told is below what any other is told when it asks afterwards.
    @Test(arguments: [nil, 1, 3] as [UInt64?])
    func aLaterCallGetsAHigherValueWhereverItComesFrom(_ block: UInt64?) throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = block }
        defer { host.sequences.stop() }
        let peers = try (0..<3).map { _ in try host.reactor() }.flatMap { [$0.connect(), $0.connect()] }
        var values: [UInt64] = []
        for turn in 0..<400 { values += peers[(turn * 5) % peers.count].tickets("orders", UInt32(1 + turn % 4)) }
        #expect(strictlyRise(values) && values.count == 1000)
        if block == 1 || block == nil { #expect(values.first == 1) }
    }

    @Test func twoDaemonsNeverShareAValue() throws {
        let first = try SequenceHost()
        let second = try SequenceHost(store: first.store)
        let taken = try Self.takeOnThreads([first, second], threads: 4, rounds: 200) { "s.\($0 % 3)" }
        first.sequences.stop()
        second.sequences.stop()
        for name in ["s.0", "s.1", "s.2"] {
            #expect(Self.duplicates(taken.flatMap { $0[name] ?? [] }) == 0, "\(name)")
        }
    }

    @Test func blocksOfOneRiseAcrossDaemons() throws {
        let first = try SequenceHost { $0.keeper.fixedBlock = 1 }
        let second = try SequenceHost(store: first.store) { $0.keeper.fixedBlock = 1 }
        let peers = [try first.reactor().connect(), try second.reactor().connect()]
        var values: [UInt64] = []
        for turn in 0..<60 { values += peers[turn % 7 % 2].tickets("orders", UInt32(1 + turn % 2)) }
        #expect(values == Array(1...90))
        first.sequences.stop()
        second.sequences.stop()
    }

    @Test func whatTwoDaemonsMakeAtOnceIsOneSequence() throws {
        for round in 0..<30 {
            let store = MemoryStore()
            // Both have read that there is none before either writes.
            let readers = Atomic(0)
            store.onOperation { operation, _ in
                guard operation == .write else { return }
                readers.wrappingAdd(1, ordering: .relaxed)
                for _ in 0..<100_000 where readers.load(ordering: .relaxed) < 2 { usleep(100) }
            }
            let hosts = [try SequenceHost(store: store), try SequenceHost(store: store)]
            let peers = try hosts.map { try $0.reactor().connect() }
            let created = SequenceDescription(name: Name("made")!, next: 100)
            let calls = peers.map { peer in
                round.isMultiple(of: 2)
                    ? peer.ask(.createSequence(created)) : peer.ask(.nextTickets(sequence: Name("made")!, count: 1))
            }
            let answers = zip(peers, calls).map { $0.answer($1) }
            if round.isMultiple(of: 2) {
                #expect(answers.allSatisfy { $0?.sequence?.next == 100 }, "\(answers)")
            } else {
                #expect(Set(answers.flatMap { $0?.values ?? [] }).count == 2, "\(answers)")
            }
            store.onOperation(nil)
            #expect(readers.load(ordering: .relaxed) >= 2, "they did not meet")
            #expect(try store.list(prefix: SequenceRecord.keyPrefix).count == 1)
            hosts.forEach { $0.sequences.stop() }
        }
    }

    @Test func sequencesPastTheLimitGoBackAndNothingRepeats() throws {
        let host = try SequenceHost {
            $0.maximumSequences = 8
            $0.keeper.fixedBlock = 50
        }
        let taken = try Self.takeOnThreads([host], threads: 3, rounds: 300) { "s.\($0 % 14)" }
        host.sequences.stop()
        for number in 0..<14 {
            let values = taken.flatMap { $0["s.\(number)"] ?? [] }
            #expect(Self.duplicates(values) == 0, "s.\(number)")
            // The newest rest always went back: evicted or stopped, nothing was lost at the end.
            #expect(try host.record("s.\(number)")?.reserved == values.max(), "s.\(number)")
        }
    }

    @Test func theLeastUsedGoesBackAtOnce() throws {
        let host = try SequenceHost {
            $0.maximumSequences = 8
            $0.keeper.fixedBlock = 50
        }
        defer { host.sequences.stop() }
        let peer = try host.reactor().connect()
        for number in 0..<8 { #expect(peer.tickets("s.\(number)") == [1]) }
        #expect(try host.record("s.0")?.reserved == 50)
        #expect(peer.tickets("s.0") == [2], "s.1 is the least used now")
        #expect(peer.tickets("s.8") == [1])
        for _ in 0..<2000 where try host.record("s.1")?.reserved != 1 { usleep(1000) }
        #expect(try host.record("s.1")?.reserved == 1)
        #expect(try host.record("s.0")?.reserved == 50)
        #expect(peer.tickets("s.1") == [2], "without a gap")
    }

    @Test func aCleanStopLeavesNoGap() throws {
        let store = MemoryStore()
        var expected: UInt64 = 1
        for run in 0..<20 {
            let host = try SequenceHost(store: store) { $0.keeper.fixedBlock = run.isMultiple(of: 2) ? 100 : nil }
            let peer = try host.reactor().connect()
            for _ in 0...run {
                #expect(peer.tickets("orders") == [expected])
                expected += 1
            }
            host.sequences.stop()
        }
    }

    @Test func aStopWhileABlockIsUnderWayWaitsForIt() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 10 }
        let gate = Gate(of: host.store)
        let peer = try host.reactor().connect()
        #expect(peer.tickets("orders") == [1])
        gate.shut()
        // The next block is asked for when half is left, and stands before the gate.
        #expect(peer.tickets("orders", 6) == Array(2...7))
        gate.awaitSomebody()
        let opener = NativeThread(name: "opener") {
            usleep(20_000)
            gate.open()
        }
        host.sequences.stop()
        opener.join()
        #expect(try host.record("orders")?.reserved == 7, "both blocks went back as one rest")
    }
}

/// A value on its way to the one thread that will use it.
private struct Handed<Value>: @unchecked Sendable {
    // Proof: made on one thread and read on another after that one was started; never touched by both.
    let value: Value

    init(_ value: Value) { self.value = value }
}
