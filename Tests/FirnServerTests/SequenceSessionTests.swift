import FirnStore
import FirnWire
import Glibc
import Testing

@testable import FirnServer

/// Calls for tickets and prefixes through sessions: what is there at once, what waits, and what fails.
@Suite struct SequenceSessionTests {
    private static let orders = Name("orders")!

    private static func tickets(_ count: UInt32 = 1, of name: String = "orders") -> Request.Method {
        .nextTickets(sequence: Name(name)!, count: count)
    }

    @Test func whatIsReservedIsGivenAtOnce() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 100 }
        defer { host.sequences.stop() }
        let peer = try host.reactor().connect()
        #expect(peer.tickets("orders") == [1])
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        // Nothing is signaled and nothing is tried again: the answer is there when the call returns.
        for value in 2...20 {
            let call = peer.ask(Self.tickets())
            #expect(peer.answers[call]?.values == [UInt64(value)])
        }
        let batch = peer.ask(Self.tickets(30))
        #expect(peer.answers[batch]?.values == Array(21...50))
    }

    @Test func aCallWaitsForTheStoreWhileIDsGoOn() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        let reactor = try host.reactor()
        let (peer, other) = (reactor.connect(), reactor.connect())
        let ticket = peer.ask(Self.tickets())
        let prefix = peer.ask(.newPrefix(service: Name("ServiceA")!))
        gate.awaitSomebody()
        for _ in 0..<200 {
            let (own, others) = (peer.ask(.nextID), other.ask(.nextBatch(count: 3)))
            #expect(peer.answers[own] != nil && other.answers[others] != nil)
            reactor.wakeUp()
        }
        #expect(peer.isWaiting && peer.answers[ticket] == nil && peer.answers[prefix] == nil)
        gate.open()
        #expect(peer.answer(ticket)?.values == [1])
        #expect(peer.answer(prefix)?.prefix == "ServiceA-1")
        #expect(!peer.isWaiting)
    }

    @Test func twoInstancesOfAServiceGetTwoPrefixes() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let reactor = try host.reactor()
        let service = Name("ServiceA")!
        #expect(reactor.connect().call(.newPrefix(service: service))?.prefix == "ServiceA-1")
        #expect(reactor.connect().call(.newPrefix(service: service))?.prefix == "ServiceA-2")
    }

    @Test func anAbsentStoreIsFeltOnlyOnceTheBlockIsUsedUp() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 10 }
        defer { host.sequences.stop() }
        let peer = try host.reactor().connect()
        #expect(peer.tickets("orders") == [1])
        #expect(peer.tickets("idle", 3) == [1, 2, 3])
        host.store.isAvailable = false
        var given: [UInt64] = [1]
        var refusal: Status?
        while refusal == nil, given.count < 100 {
            let outcome = peer.call(Self.tickets())
            given += outcome?.values ?? []
            refusal = outcome?.status
        }
        // To the last value that was reserved, the block ahead included if it came in time.
        #expect(given == Array(1...UInt64(given.count)))
        #expect(UInt64(given.count) == (host.store.lastReserved("orders")))
        #expect(refusal?.code == .unavailable)
        #expect(refusal.map { $0.retryAfterMilliseconds > 0 && $0.retryAfterMilliseconds <= 2000 } == true)
        #expect(refusal?.message.contains("orders") == true)
        // Others have what they have, and IDs have nothing to do with it.
        #expect(peer.tickets("idle", 5) == Array(4...8))
        #expect(peer.call(.nextID)?.status == nil)
        // Refused at once, without the store, before the time is over.
        let again = peer.ask(Self.tickets())
        #expect(peer.answers[again]?.status?.code == .unavailable)
        host.store.isAvailable = true
        var resumed: [UInt64] = []
        for _ in 0..<400 where resumed.isEmpty {
            resumed = peer.tickets("orders")
            if resumed.isEmpty { usleep(10_000) }
        }
        #expect(resumed == [UInt64(given.count) + 1])
    }

    @Test func aCallIsGivenUpAtItsDeadline() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 8 }
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        let peer = try host.reactor().connect()
        let patient = peer.ask(Self.tickets())
        let start = ContinuousClock.now
        let outcome = peer.call(Self.tickets(), timeoutMilliseconds: 30)
        let took = start.duration(to: .now)
        #expect(outcome?.status?.code == .deadlineExceeded)
        // Not before. That it was given up at all is due to its deadline, as the store keeps the other one.
        #expect(took >= .milliseconds(29))
        let creation = peer.call(
            .createSequence(SequenceDescription(name: Name("late")!)),
            timeoutMilliseconds: 1
        )
        #expect(creation?.status?.code == .deadlineExceeded)
        let list = peer.call(.listSequences(after: nil), timeoutMilliseconds: 1)
        #expect(list?.status?.code == .deadlineExceeded)
        #expect(peer.answers[patient] == nil && peer.isWaiting)
        gate.open()
        #expect(peer.answer(patient)?.values == [1])
        // What was meant for the impatient one serves the next.
        #expect(peer.tickets("orders") == [2])
    }

    @Test func waitingCallsAreLimited() throws {
        var limits = Limits(fileDescriptors: 1024)
        limits.maximumWaitingCalls = 5
        let host = try SequenceHost(limits: limits)
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        let reactor = try host.reactor()
        let peer = reactor.connect()
        for _ in 0..<5 { peer.ask(Self.tickets()) }
        #expect(!peer.wantsInput)
        let requests = (10..<12).map { Request(callID: $0, method: .nextID) }
        #expect(peer.receive(ScriptedPeer.frames(requests)) == .pause)
        #expect(peer.answers.isEmpty)
        gate.open()
        reactor.run { !peer.isWaiting }
        #expect(peer.wantsInput)
        #expect(peer.receive() == .bytes)
        #expect(peer.order == [1, 2, 3, 4, 5, 10, 11])
    }

    @Test func countsOutsideOfABatchAreRefused() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let peer = try host.reactor().connect()
        for count: UInt32 in [0, 65_537, .max] {
            let call = peer.ask(Self.tickets(count))
            #expect(peer.answers[call]?.status?.code == .invalidArgument, "\(count)")
        }
        #expect(try host.record("orders") == nil, "what is refused makes nothing")
        #expect(peer.tickets("orders", 65_536) == Array(1...65_536))
    }

    @Test func stoppingFailsTheCallsThatWait() throws {
        let host = try SequenceHost()
        let gate = Gate(of: host.store)
        gate.shut()
        let reactor = try host.reactor()
        let peer = reactor.connect()
        let call = peer.ask(Self.tickets())
        gate.awaitSomebody()
        peer.failCalls(Status(.unavailable, "stopping", retryAfterMilliseconds: 1))
        #expect(peer.answers[call]?.status?.code == .unavailable)
        #expect(!peer.isWaiting)
        gate.open()
        host.sequences.stop()
        #expect(peer.answers.count == 1)
        // The block that was under way came after the call was gone, and went back.
        #expect(try host.record("orders")?.reserved == 0)
    }

    /// A call that was tried again and waits on asks once for what it lacks, however often it is woken for others.
    @Test func wakeUpsForOthersDoNotMakeBlocksGrow() throws {
        let host = try SequenceHost { $0.keeper.fixedBlock = 10 }
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        let (slow, quick) = (try host.reactor(), try host.reactor())
        let (peer, thief) = (slow.connect(), quick.connect())
        let call = peer.ask(Self.tickets(100))
        gate.awaitSomebody()
        gate.open()
        for _ in 0..<20_000 where host.store.lastReserved("orders") != 100 { usleep(200) }
        // Another reactor is faster, and not enough is left for the call when its own looks.
        #expect(thief.call(Self.tickets(60))?.values == Array(1...60))
        gate.shut()
        #expect(slow.run { peer.isWaiting })
        gate.awaitSomebody()
        for _ in 0..<50 {
            slow.mailbox.storeAnswered(StoreAnswer(.values(of: Sequences.Key(name: Self.orders, use: .tickets))))
            slow.wakeUp()
        }
        gate.open()
        #expect(peer.answer(call)?.values.count == 100)
        let reserved = host.store.lastReserved("orders") ?? .max
        #expect(reserved <= 400, "\(reserved) were reserved for 160")
    }

    /// A session that is gone with its connection leaves nothing behind that others would miss.
    @Test func aPeerThatLeavesHarmsNobody() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let gate = Gate(of: host.store)
        gate.shut()
        do {
            let gone = try host.reactor().connect()
            gone.ask(Self.tickets(500))
            gone.ask(.createSequence(SequenceDescription(name: Name("made")!)))
            gate.awaitSomebody()
        }
        let peer = try host.reactor().connect()
        let call = peer.ask(Self.tickets())
        gate.open()
        #expect(peer.answer(call)?.values.count == 1)
        #expect(peer.tickets("made") == [1])
    }
}

extension MemoryStore {
    /// Looks into the store even while it is away.
    func lastReserved(_ name: String) -> UInt64? {
        let wasAvailable = isAvailable
        isAvailable = true
        defer { isAvailable = wasAvailable }
        let key = SequenceRecord.key(name)
        guard let stored = try? read(key) else { return nil }
        return try? SequenceRecord(key: key, text: stored.value).reserved
    }
}
