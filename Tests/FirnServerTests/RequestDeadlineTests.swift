import FirnWire
import Testing

@testable import FirnServer

/// Requests that are given up, and when a thread wakes up for it.
@Suite struct RequestDeadlineTests {
    private let scheduler = ScriptedScheduler()
    private var requests: RequestScheduler<ScriptedShard> { scheduler.requests }
    private var shard: ScriptedShard { scheduler.shards[0] }

    init() {
        // No IDs, unless a test says so.
        shard.capacity = 0
    }

    @Test func aRequestIsGivenUpAtItsDeadlineAndNotBefore() {
        let peer = requests.join()
        scheduler.ask(peer, .nextID, timeoutMilliseconds: 3)
        scheduler.advance(milliseconds: 2)
        #expect(scheduler.read(peer).isEmpty)
        scheduler.advance()
        #expect(scheduler.read(peer).map(\.outcome) == [.error(Status(.deadlineExceeded, "1 IDs"))])
        #expect(!requests.isPending(peer) && !shard.isWaiting && requests.nextWakeUp == .max)
    }

    @Test func itComesBeforeALateAnswer() {
        let peer = requests.join()
        scheduler.ask(peer, .nextID, timeoutMilliseconds: 3)
        let patient = scheduler.ask(peer, .nextID)
        shard.capacity = 16
        scheduler.advance(milliseconds: 3)
        let answers = scheduler.read(peer)
        #expect(answers.map(\.code) == [.deadlineExceeded, nil] && answers[1].callID == patient)
    }

    @Test func aDeadlineBeforeTheNextTickWakesTheThread() {
        let peer = requests.join()
        shard.capacity = 16
        shard.firstTick = scheduler.tick + 500
        scheduler.ask(peer, .nextID, timeoutMilliseconds: 7)
        #expect(requests.nextWakeUp == scheduler.now + 7_000_000)
        scheduler.advance(milliseconds: 7)
        #expect(scheduler.read(peer).map(\.code) == [.deadlineExceeded])
    }

    @Test func aBatchHalfGatheredIsGivenUpAsAWhole() {
        let peer = requests.join()
        shard.capacity = 16
        scheduler.ask(peer, .nextBatch(count: 40), timeoutMilliseconds: 2)
        let next = scheduler.ask(peer, .nextBatch(count: 5))
        scheduler.advance(milliseconds: 2)
        let answers = scheduler.read(peer)
        #expect(answers.map(\.outcome.status?.message) == ["24 IDs", nil])
        #expect(answers[1].callID == next && answers[1].ids.count == 5, "it has nothing of the other's")
    }

    @Test func othersOfThePeerGoOn() {
        let peer = requests.join()
        let start = scheduler.now
        let calls = [0, 2, 5, 2, 0].map { scheduler.ask(peer, .nextID, timeoutMilliseconds: $0) }
        scheduler.advance(milliseconds: 2)
        #expect(scheduler.read(peer).map(\.callID) == [calls[1], calls[3]])
        #expect(requests.deadlines.deadline(of: peer.slot) == start + 5_000_000)
        shard.capacity = 16
        scheduler.advance()
        #expect(scheduler.read(peer).map(\.callID) == [calls[0], calls[2], calls[4]])
        #expect(requests.nextWakeUp == .max, "a deadline that was met wakes nobody")
    }

    /// 10,000 peers with deadlines: those that are due are told, in the order of their deadlines.
    @Test func onlyThoseAreToldWhoseTimeIsOver() {
        let peers = (0..<10_000).map { _ in requests.join() }
        let start = scheduler.now
        for (index, peer) in peers.enumerated() {
            scheduler.ask(peer, .nextID, timeoutMilliseconds: UInt32(10 + index * 7 % 10_000))
        }
        #expect(requests.deadlines.earliest == start + 10_000_000)
        scheduler.advance(milliseconds: 9)
        #expect(scheduler.answers.isEmpty)
        scheduler.advance(milliseconds: 10)
        #expect(scheduler.answers.count == 10)
        #expect(requests.deadlines.earliest == start + 20_000_000 && requests.deadlines.count == 9_990)
        for peer in peers { requests.leave(peer) }
        #expect(requests.deadlines.count == 0)
    }

    @Test func aPeerThatDoesNotReadIsToldWhenItDoes() {
        let peer = requests.join()
        scheduler.ask(peer, .nextID, timeoutMilliseconds: 5)
        scheduler.room[peer] = 0
        scheduler.advance()
        #expect(requests.isParked(peer) && requests.nextWakeUp == .max)
        scheduler.advance(milliseconds: 20)
        #expect(scheduler.read(peer).isEmpty)
        requests.hasRead(peer)
        #expect(requests.nextWakeUp <= scheduler.now)
        scheduler.wakeUp()
        #expect(scheduler.read(peer).map(\.code) == [.deadlineExceeded])
    }

    @Test func requestsAtTheStoreHaveDeadlinesToo() {
        let (peer, other) = (requests.join(), requests.join())
        let late = scheduler.tickets(peer, "a", timeoutMilliseconds: 4)
        let patient = scheduler.tickets(peer, "a", timeoutMilliseconds: 9)
        let waiting = scheduler.tickets(other, "a")
        let list = scheduler.ask(peer, .listSequences(after: nil), timeoutMilliseconds: 4)
        #expect(requests.nextWakeUp == scheduler.now + 4_000_000)
        scheduler.advance(milliseconds: 4)
        let told = scheduler.read(peer)
        #expect(told.map(\.callID) == [late, list] && told.allSatisfy { $0.outcome.status?.message == "store" })
        #expect(requests.nextWakeUp == scheduler.now + 5_000_000)
        scheduler.storeHas(2, of: "a")
        #expect(scheduler.read(peer).map(\.callID) == [patient])
        #expect(scheduler.read(other).map(\.callID) == [waiting])
        #expect(requests.nextWakeUp == .max && requests.storeRequests.count == 0)
    }
}
