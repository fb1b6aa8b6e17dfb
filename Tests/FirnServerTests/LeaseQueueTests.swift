import FirnEngine
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWire
import Glibc
import Synchronization
import Testing

@testable import FirnServer

/// Calls for leases that wait for the store's thread, whose desk is scripted.
@Suite struct LeaseQueueTests {
    /// Listens to nothing.
    private final class Listener: StoreListener {
        func storeAnswered(_ answer: StoreAnswer) {}
    }

    /// Has one call stand in its way until it is opened, and notes the order of the others.
    private final class Desk: Sendable {
        private let order = Mutex<[String]>([])
        private let isOpen = Atomic(false)

        var answered: [String] { order.withLock { $0 } }

        func open() { isOpen.store(true, ordering: .relaxed) }

        func stand() -> StoreReply.Content {
            order.withLock { $0.append("first") }
            while !isOpen.load(ordering: .relaxed) { usleep(200) }
            return .refused(Status(.unavailable, "it was in the way"))
        }

        func answer(_ name: String) -> StoreReply.Content {
            order.withLock { $0.append(name) }
            return .leaseReleased(freeFromTick: 1)
        }
    }

    private let desk = Desk()
    private let listener = Listener()

    private func ask(
        _ sequences: Sequences,
        _ name: String,
        in line: JobLines<SequenceThread.Job>.Line
    ) -> StoreReply {
        sequences.atStore(StoreReply(to: 0, of: listener), in: line) { [desk] in desk.answer(name) }
    }

    private func standing(_ sequences: Sequences) throws {
        _ = sequences.atStore(StoreReply(to: 0, of: listener)) { [desk] in desk.stand() }
        #expect(eventually { desk.answered == ["first"] })
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard .now < end else { return false }
            usleep(200)
        }
        return true
    }

    @Test func anExtensionGoesBeforeTheNewLeasesThatCameFirst() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        try standing(host.sequences)
        let new = (0..<10).map { ask(host.sequences, "new \($0)", in: .newLeases) }
        let extensions = (0..<3).map { ask(host.sequences, "extension \($0)", in: .heldLeases) }
        desk.open()
        #expect(eventually { desk.answered.count == 14 })
        #expect(Array(desk.answered[1...3]) == ["extension 0", "extension 1", "extension 2"])
        for reply in new + extensions { #expect(eventually { reply.take() != nil }) }
    }

    /// The others are told at once when to ask again, and extensions have room all the same.
    @Test func soManyNewLeasesWaitAndNoMore() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        try standing(host.sequences)
        let replies = (0..<200).map { ask(host.sequences, "new \($0)", in: .newLeases) }
        let refused = replies.compactMap { reply -> Status? in
            if case .refused(let status)? = reply.take() { status } else { nil }
        }
        #expect(refused.count == 136)
        for status in refused {
            #expect(status.code == .resourceExhausted && status.retryAfterMilliseconds == 1000)
            #expect(status.message.contains("64 calls for new leases wait"))
        }
        let extensions = (0..<1000).map { ask(host.sequences, "extension \($0)", in: .heldLeases) }
        #expect(extensions.allSatisfy { $0.take() == nil })
        desk.open()
        #expect(eventually { desk.answered.count == 1 + 64 + 1000 })
        #expect(ask(host.sequences, "another", in: .newLeases).take() == nil, "there is room again")
    }

    // MARK: - Answers that nobody takes

    private func unwanted() -> (reply: StoreReply, count: () -> Int) {
        let count = Count()
        let reply = StoreReply(to: 0, of: listener, unwanted: { _ in count.raise() })
        return (reply, { count.value })
    }

    private final class Count: Sendable {
        private let number = Atomic(0)
        var value: Int { number.load(ordering: .relaxed) }
        func raise() { number.wrappingAdd(1, ordering: .relaxed) }
    }

    @Test func anAnswerThatNobodyTakesIsUnwanted() {
        let late = unwanted()
        late.reply.abandon()
        late.reply.give(.leaseReleased(freeFromTick: 1))
        #expect(late.count() == 1 && late.reply.take() == nil && late.reply.isAbandoned)
        // The request ends when the answer is there, and before its thread has read it.
        let early = unwanted()
        early.reply.give(.leaseReleased(freeFromTick: 1))
        #expect(early.count() == 0)
        early.reply.abandon()
        #expect(early.count() == 1 && early.reply.take() == nil)
        early.reply.abandon()
        #expect(early.count() == 1)
    }

    @Test func anAnswerThatIsTakenIsWanted() {
        let (reply, count) = unwanted()
        reply.give(.leaseReleased(freeFromTick: 1))
        #expect(reply.take() != nil && reply.take() == nil)
        reply.abandon()
        #expect(count() == 0)
    }

    /// A caller that goes away while the lease is made, and one that goes when it is made, keep no worker.
    @Test(arguments: [true, false]) func aLeaseWhoseCallerHasGoneIsGivenBack(_ isEarly: Bool) throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let layout = Layout.snowflake
        let leases = LeaseDesk(
            claims: WorkerClaims(
                store: host.store,
                holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 9),
                maximumWorker: 1023,
                maximumTick: Space.endTick(of: layout) - 1,
                windowTicks: 3000
            ),
            layout: layout,
            clock: TickClock(layout: layout),
            configuration: LeaseDesk.Configuration(
                maximumCount: 10,
                window: .seconds(60),
                maximumWindow: .seconds(300),
                clockTolerance: .seconds(3600)
            )
        )
        let context = SequenceContext(
            sequences: host.sequences,
            desks: Desks(leases: leases),
            listener: listener
        )
        let gate = Gate(of: host.store, prefix: "workers/")
        if isEarly { gate.shut() }
        let call = LeaseCall.begin(LeaseCall.Beginning(name: Name("orders")!))
        let reply = try #require(context.lease(call, for: 0))
        if isEarly {
            gate.awaitSomebody()
            reply.abandon()
            gate.open()
        } else {
            #expect(eventually { leases.count == 1 })
            reply.abandon()
        }
        #expect(
            eventually { (try? host.store.list(prefix: "workers/").first?.value.contains("lessee=orders")) == true }
        )
        #expect(eventually { leases.count == 0 })
    }
}
