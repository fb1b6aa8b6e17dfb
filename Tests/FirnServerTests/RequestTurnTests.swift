import FirnEngine
import FirnWire
import Testing

@testable import FirnServer

/// Requests for IDs that wait: their order, their turns, and what a peer may have unread. Ticks have 16 IDs, turns 4.
@Suite struct RequestTurnTests {
    private let scheduler = ScriptedScheduler()
    private var requests: RequestScheduler<ScriptedShard> { scheduler.requests }

    /// A scheduler with these batches waiting, one for each of as many peers. The tick is used up.
    private static func waiting(
        _ counts: [UInt32],
        capacity: UInt64 = 16
    ) -> (scheduler: ScriptedScheduler, peers: [PeerID]) {
        let scheduler = ScriptedScheduler(capacity: capacity)
        scheduler.shards[0].useUp(scheduler.tick)
        let peers = counts.map { _ in scheduler.requests.join() }
        for (peer, count) in zip(peers, counts) {
            scheduler.ask(peer, count == 1 ? .nextID : .nextBatch(count: count))
            #expect(scheduler.read(peer).isEmpty)
        }
        return (scheduler, peers)
    }

    @Test func whatTheTickHasIsAnsweredAtOnce() {
        let peer = requests.join()
        scheduler.ask(peer, .nextID)
        scheduler.ask(peer, .nextBatch(count: 15))
        #expect(scheduler.read(peer).map(\.ids.count) == [1, 15])
        #expect(!requests.isPending(peer) && requests.nextWakeUp == .max && !requests.waitsForTime)
        #expect(!scheduler.shards[0].isWaiting)
    }

    @Test func aBatchSpansTicksAndIsAnsweredWhole() {
        let peer = requests.join()
        scheduler.ask(peer, .nextBatch(count: 40))
        #expect(scheduler.shards[0].isWaiting)
        for tick in 1...2 {
            #expect(scheduler.read(peer).isEmpty)
            #expect(requests.nextWakeUp == scheduler.now + 1_000_000)
            scheduler.advance()
            if tick == 1 { #expect(requests.isPending(peer)) }
        }
        let answers = scheduler.read(peer)
        #expect(answers.map(\.ids.count) == [40])
        #expect(strictlyRise(answers[0].ids) && Set(answers[0].ids.map { $0 >> 20 }).count == 3)
        #expect(!scheduler.shards[0].isWaiting && requests.nextWakeUp == .max)
    }

    @Test func aPeersRequestsAreAnsweredInTheirOrder() {
        let peer = requests.join()
        let calls = (0..<30).map { scheduler.ask(peer, $0 % 3 == 0 ? .nextBatch(count: 7) : .nextID) }
        for _ in 0..<10 { scheduler.advance() }
        let answers = scheduler.read(peer)
        #expect(answers.map(\.callID) == calls && strictlyRise(answers.flatMap(\.ids)))
    }

    /// There are IDs, but somebody came before.
    @Test func nobodyOvertakesThoseWhoWait() {
        let (scheduler, peers) = Self.waiting([1, 1])
        scheduler.time.advance(nanoseconds: 1_000_000)
        scheduler.requests.wakeUp()
        let newcomer = scheduler.requests.join()
        #expect(!scheduler.requests.isFree(newcomer))
        scheduler.ask(newcomer, .nextID)
        #expect(scheduler.read(newcomer).isEmpty)
        scheduler.wakeUp()
        let ids = (peers + [newcomer]).flatMap { scheduler.read($0).flatMap(\.ids) }
        #expect(ids.count == 3 && strictlyRise(ids))
    }

    // MARK: - Shares

    @Test func peersTakeTurns() {
        let (scheduler, peers) = Self.waiting([30, 1, 6])
        scheduler.advance()
        // Shares of four: the single ID, the six after two turns; what is left of the tick is the giant's.
        #expect(scheduler.read(peers[1]).map(\.ids.count) == [1])
        #expect(scheduler.read(peers[2]).map(\.ids.count) == [6])
        #expect(scheduler.read(peers[0]).isEmpty)
        #expect(scheduler.turns.map(\.slot) == [0, 1, 2, 0, 2, 0])
        scheduler.advance(milliseconds: 1)
        scheduler.advance(milliseconds: 1)
        let giant = scheduler.read(peers[0])
        #expect(giant.map(\.ids.count) == [30] && strictlyRise(giant[0].ids))
    }

    @Test func whoIsAloneHasAllOfTheTick() {
        let (scheduler, peers) = Self.waiting([16])
        scheduler.advance()
        #expect(scheduler.turns.count == 1 && scheduler.read(peers[0]).map(\.ids.count) == [16])
    }

    @Test func runsOfOneTickBecomeOneAcrossTurns() {
        let (scheduler, peers) = Self.waiting([20, 20], capacity: 40)
        scheduler.advance()
        for peer in peers {
            guard case .nextBatch(let runs) = scheduler.read(peer)[0].outcome else { return #expect(Bool(false)) }
            #expect(runs.count > 1 && runs.reduce(0) { $0 + $1.count } == 20)
        }
        // The second one's turns follow each other, as the third one takes nothing.
        let (alone, others) = Self.waiting([4, 40, 20], capacity: 48)
        alone.room[others[2]] = 0
        alone.advance()
        #expect(alone.turns.map(\.slot) == [0, 1, 2, 1])
        guard case .nextBatch(let runs) = alone.read(others[1])[0].outcome else { return #expect(Bool(false)) }
        #expect(runs.map(\.count) == [40])
    }

    @Test func aBatchThatEndsWithItsShareIsAnswered() {
        let (scheduler, peers) = Self.waiting([4, 4])
        scheduler.advance()
        #expect(scheduler.turns == peers, "one turn each")
        #expect(peers.allSatisfy { scheduler.read($0).map(\.ids.count) == [4] })
    }

    @Test func aTurnServesNoMoreThanItsShare() {
        let (scheduler, peers) = Self.waiting([1, 100])
        for _ in 0..<9 { scheduler.ask(peers[0], .nextID) }
        scheduler.advance()
        #expect(scheduler.turns.map(\.slot) == [0, 1, 0, 1, 0])
        #expect(scheduler.read(peers[0]).count == 8)
    }

    /// Ticks are smaller than a share: the batch would have each of them until it is whole.
    @Test func aSingleIDDoesNotWaitForABatchOfManyTicks() {
        let scheduler = ScriptedScheduler(capacity: 16, turnShare: 256)
        let (giant, small) = (scheduler.requests.join(), scheduler.requests.join())
        scheduler.ask(giant, .nextBatch(count: 1000))
        for _ in 0..<10 {
            scheduler.ask(small, .nextID)
            scheduler.advance()
            scheduler.advance()
            #expect(scheduler.read(small).count == 1, "it was given an ID in one of two ticks")
        }
        for _ in 0..<60 { scheduler.advance() }
        let answers = scheduler.read(giant)
        #expect(answers.map(\.ids.count) == [1000] && strictlyRise(answers[0].ids))
    }

    /// As many single IDs of one peer are no more than a batch.
    @Test func manySingleIDsOfOnePeerDoNotKeepEveryTick() {
        let scheduler = ScriptedScheduler(capacity: 16, turnShare: 256)
        let (giant, small) = (scheduler.requests.join(), scheduler.requests.join())
        for _ in 0..<500 { scheduler.ask(giant, .nextID) }
        scheduler.ask(small, .nextID)
        scheduler.advance()
        scheduler.advance()
        #expect(scheduler.read(small).count == 1)
    }

    @Test func onePeerThatFoundNothingBeginsTheNextTick() {
        let (scheduler, peers) = Self.waiting([16, 16, 16])
        scheduler.advance()
        // Four turns of four: the fifth found nothing, and is first now.
        #expect(scheduler.turns.map(\.slot) == [0, 1, 2, 0, 1])
        scheduler.turns = []
        scheduler.advance()
        #expect(scheduler.turns.first == peers[1])
    }

    @Test func peersAreSpreadOverTheShards() {
        let scheduler = ScriptedScheduler(shards: 3)
        let peers = (0..<9).map { _ in scheduler.requests.join() }
        #expect(scheduler.requests.lines.map(\.peers) == [3, 3, 3])
        for peer in peers where scheduler.requests.peers[peer.slot].shard == 1 { scheduler.requests.leave(peer) }
        for _ in 0..<3 { _ = scheduler.requests.join() }
        #expect(scheduler.requests.lines.map(\.peers) == [3, 3, 3])
    }

    @Test func eachShardHasALineOfItsOwn() {
        let scheduler = ScriptedScheduler(shards: 2)
        let peers = (0..<2).map { _ in scheduler.requests.join() }
        scheduler.shards[0].firstTick = scheduler.tick + 3
        for peer in peers { scheduler.ask(peer, .nextBatch(count: 20)) }
        #expect(scheduler.shards.allSatisfy { $0.isWaiting })
        scheduler.advance()
        let early = peers.map { scheduler.read($0).count }
        #expect(early == [0, 1])
        #expect(scheduler.requests.nextWakeUp == scheduler.now + 2_000_000)
        scheduler.advance(milliseconds: 2)
        scheduler.advance()
        let late = peers.map { scheduler.read($0).count }
        #expect(late == [1, 0])
    }

    // MARK: - A wake-up costs what it serves

    /// 10,000 wait, and nobody is asked for before the tick; then as many as it serves.
    @Test func aWakeUpLooksAtNobodyWhoIsNotServed() {
        let (scheduler, peers) = Self.waiting(Array(repeating: 1000, count: 10_000))
        let before = scheduler.shards[0].asked
        for _ in 0..<100 { scheduler.wakeUp() }
        #expect(scheduler.shards[0].asked == before && scheduler.turns.isEmpty)
        scheduler.advance()
        #expect(scheduler.turns.map(\.slot) == [0, 1, 2, 3, 4], "four have a share, and one finds nothing")
        #expect(scheduler.shards[0].asked == before + 5)
        for peer in peers { scheduler.requests.leave(peer) }
        #expect(!scheduler.shards[0].isWaiting && scheduler.requests.peers.count == 0)
    }

    // MARK: - Refusals

    @Test func aShardThatIsClosedRefusesAllWhoWaitForIt() {
        for (condition, code) in [
            (ScriptedShard.Condition.closed, Status.Code.unavailable), (.expired, .failedPrecondition),
        ] {
            let (scheduler, peers) = Self.waiting([30, 1, 20])
            scheduler.advance()
            scheduler.shards[0].condition = condition
            scheduler.advance()
            #expect(scheduler.read(peers[0]).map(\.code) == [code])
            #expect(scheduler.read(peers[2]).map(\.code) == [code])
            #expect(!scheduler.shards[0].isWaiting)
            let peer = scheduler.requests.join()
            scheduler.ask(peer, .nextBatch(count: 3))
            #expect(scheduler.read(peer).map(\.code) == [code])
        }
    }

    @Test func aFarTickIsNotWaitedFor() {
        let (scheduler, peers) = Self.waiting([20, 1])
        scheduler.advance()
        scheduler.shards[0].firstTick = scheduler.tick + 5000
        scheduler.advance()
        let refused = scheduler.read(peers[0])
        #expect(refused.map(\.code) == [.unavailable])
        #expect(refused[0].outcome.status?.retryAfterMilliseconds == 4999)
    }

    /// What was found of the old worker's ticks says nothing any more.
    @Test func anotherWorkerIsAskedAtOnce() {
        let peer = requests.join()
        scheduler.shards[0].firstTick = scheduler.tick + 900
        scheduler.ask(peer, .nextBatch(count: 3))
        scheduler.advance()
        #expect(scheduler.read(peer).isEmpty)
        scheduler.shards[0].firstTick = 0
        scheduler.wakeUp()
        #expect(scheduler.read(peer).isEmpty, "nobody has said that there is another one")
        scheduler.shards[0].isReplaced = true
        scheduler.wakeUp()
        #expect(scheduler.read(peer).map(\.ids.count) == [3])
    }

    @Test func countsThatNobodyGivesAreRefused() {
        let peer = requests.join()
        for count: UInt32 in [0, 65_537] { scheduler.ask(peer, .nextBatch(count: count)) }
        scheduler.ask(peer, .unknown)
        scheduler.ask(peer, .refused(Status(.permissionDenied, "no")))
        let codes = scheduler.read(peer).map(\.code)
        #expect(codes == [.invalidArgument, .invalidArgument, .unimplemented, .permissionDenied])
    }

    // MARK: - What a peer may have unread

    @Test func aPeerWithoutRoomLeavesTheLineUntilItHasRead() {
        let (scheduler, peers) = Self.waiting([1, 1])
        for _ in 0..<5 { scheduler.ask(peers[0], .nextID) }
        scheduler.room[peers[0]] = 30
        scheduler.advance()
        #expect(scheduler.read(peers[0]).count == 2, "one answer past the limit at most")
        #expect(scheduler.requests.isParked(peers[0]))
        #expect(scheduler.read(peers[1]).count == 1, "others go on")
        #expect(!scheduler.shards[0].isWaiting && scheduler.requests.nextWakeUp == .max)
        scheduler.advance(milliseconds: 5)
        #expect(scheduler.read(peers[0]).isEmpty)
        // It goes on in this tick, of which there is something left.
        scheduler.room[peers[0]] = 1000
        scheduler.requests.hasRead(peers[0])
        #expect(scheduler.requests.nextWakeUp == scheduler.now)
        scheduler.wakeUp()
        #expect(scheduler.read(peers[0]).count == 4 && !scheduler.requests.isPending(peers[0]))
    }

    @Test func aPeerThatHasReadGoesBehindThoseWhoWait() {
        let (scheduler, peers) = Self.waiting([1, 40])
        scheduler.room[peers[0]] = 0
        scheduler.advance()
        #expect(scheduler.requests.isParked(peers[0]))
        scheduler.ask(peers[0], .nextID)
        scheduler.room[peers[0]] = nil
        scheduler.requests.hasRead(peers[0])
        scheduler.requests.hasRead(peers[0])
        scheduler.turns = []
        scheduler.advance()
        #expect(scheduler.turns.prefix(2) == [peers[1], peers[0]])
        #expect(scheduler.read(peers[0]).count == 2)
    }

    // MARK: - Peers that leave

    @Test func aPeerThatLeavesIsNotServedAndNobodyMissesIt() {
        let (scheduler, peers) = Self.waiting([20, 20, 20])
        scheduler.advance()
        scheduler.requests.leave(peers[1])
        for _ in 0..<4 { scheduler.advance() }
        let others = [0, 2].map { scheduler.read(peers[$0]).map(\.ids.count) }
        #expect(others == [[20], [20]])
        #expect(scheduler.read(peers[1]).isEmpty && !scheduler.shards[0].isWaiting)
        // Its number is another's, who has nothing of it.
        let next = scheduler.requests.join()
        #expect(next == peers[1] && !scheduler.requests.isPending(next) && scheduler.requests.isFree(next))
    }

    @Test func whatIsDroppedIsNotAnsweredAndThePeerStays() {
        let (scheduler, peers) = Self.waiting([20])
        scheduler.requests.drop(peers[0])
        #expect(!scheduler.shards[0].isWaiting)
        scheduler.advance()
        #expect(scheduler.read(peers[0]).isEmpty)
        scheduler.ask(peers[0], .nextBatch(count: 16))
        #expect(scheduler.read(peers[0]).map(\.ids.count) == [16])
    }

    @Test func atTheEndAllAreRefusedOnce() {
        let (scheduler, peers) = Self.waiting([20, 1, 20])
        _ = scheduler.tickets(peers[1], "a")
        scheduler.room[peers[2]] = 0
        scheduler.advance()
        scheduler.ask(peers[1], .nextBatch(count: 100), timeoutMilliseconds: 9)
        _ = scheduler.read(peers[1])
        scheduler.refuse(peers[0])
        #expect(scheduler.read(peers[0]).map(\.code) == [.unavailable])
        scheduler.refuse()
        #expect(scheduler.read(peers[0]).isEmpty)
        #expect(scheduler.read(peers[1]).map(\.code) == [.unavailable, .unavailable])
        #expect(scheduler.read(peers[2]).map(\.code) == [.unavailable])
        #expect(scheduler.requests.nextWakeUp == .max && !scheduler.shards[0].isWaiting)
        scheduler.advance(milliseconds: 20)
        scheduler.storeHas(5, of: "a")
        #expect(peers.allSatisfy { scheduler.read($0).isEmpty })
    }
}
