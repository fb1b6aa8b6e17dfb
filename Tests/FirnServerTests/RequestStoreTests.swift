import FirnWire
import Testing

@testable import FirnServer

/// Requests that wait for the store, with its answers as they are told to come.
@Suite struct RequestStoreTests {
    private let scheduler = ScriptedScheduler()
    private var requests: RequestScheduler<ScriptedShard> { scheduler.requests }

    @Test func oneThatCanBeServedAtOnceDoesNotWait() {
        let peer = requests.join()
        scheduler.sequences.values = ["a": 3]
        _ = scheduler.tickets(peer, "a", 3)
        #expect(scheduler.read(peer).map(\.values) == [[1, 2, 3]])
        #expect(!requests.isPending(peer))
    }

    @Test func itDoesNotWaitForIDsNorTheyForIt() {
        let peer = requests.join()
        let ticket = scheduler.tickets(peer, "a")
        let id = scheduler.ask(peer, .nextID)
        #expect(scheduler.read(peer).map(\.callID) == [id])
        scheduler.shards[0].useUp(scheduler.tick)
        scheduler.ask(peer, .nextID)
        scheduler.storeHas(1, of: "a")
        #expect(scheduler.read(peer).map(\.callID) == [ticket])
        #expect(requests.pendingCount(of: peer) == 1)
    }

    /// A block arrives after the first was told to wait: the second would take what the first came for.
    @Test func ofOneSequenceNoneOvertakes() {
        let peers = (0..<4).map { _ in requests.join() }
        _ = scheduler.tickets(peers[0], "a", 5)
        _ = scheduler.tickets(peers[1], "a")
        _ = scheduler.tickets(peers[2], "b")
        _ = scheduler.tickets(peers[3], "a")
        scheduler.sequences.asked = []
        scheduler.storeHas(2, of: "a")
        #expect(scheduler.sequences.asked == ["a"] && scheduler.answers.isEmpty)
        scheduler.storeHas(4, of: "a")
        #expect(scheduler.sequences.asked == ["a", "a", "a", "a"], "the last one waits on")
        #expect(scheduler.read(peers[0]).map(\.values) == [[1, 2, 3, 4, 5]])
        #expect(scheduler.read(peers[1]).map(\.values) == [[6]])
        #expect(scheduler.answers.isEmpty)
        scheduler.storeHas(1, of: "b")
        #expect(scheduler.read(peers[2]).count == 1)
        scheduler.storeHas(9, of: "a")
        #expect(scheduler.read(peers[3]).map(\.values) == [[7]] && requests.storeRequests.count == 0)
    }

    /// 10,000 wait for a sequence each: an answer is for one of them.
    @Test func anAnswerOfTheStoreLooksAtNobodyElse() {
        let peers = (0..<10_000).map { _ in requests.join() }
        for (index, peer) in peers.enumerated() { _ = scheduler.tickets(peer, "s.\(index)") }
        scheduler.sequences.asked = []
        scheduler.storeHas(1, of: "s.77")
        #expect(scheduler.sequences.asked == ["s.77"])
        #expect(scheduler.answers.count == 1 && scheduler.read(peers[77]).map(\.values) == [[1]])
        scheduler.advance(milliseconds: 1000)
        #expect(scheduler.sequences.asked == ["s.77"])
    }

    @Test func aReplyIsForItsRequest() {
        let (peer, other) = (requests.join(), requests.join())
        let made = scheduler.ask(peer, .createSequence(SequenceDescription(name: Name("a")!)))
        let listed = scheduler.ask(other, .listSequences(after: nil))
        let numbers = scheduler.sequences.replies.keys.sorted()
        scheduler.reply(to: numbers[1], .page([], more: true))
        #expect(scheduler.read(other).map(\.callID) == [listed])
        scheduler.reply(to: numbers[0], .refused(Status(.failedPrecondition, "no")))
        let answers = scheduler.read(peer)
        #expect(answers.map(\.callID) == [made] && answers[0].code == .failedPrecondition)
    }

    /// The first one is given up, and its number is another's when the store has answered it.
    @Test func aReplyThatComesTooLateIsNobodysElse() {
        let peer = requests.join()
        scheduler.ask(peer, .listSequences(after: nil), timeoutMilliseconds: 1)
        let late = scheduler.sequences.replies.first!
        scheduler.advance(milliseconds: 1)
        #expect(scheduler.read(peer).map(\.code) == [.deadlineExceeded])
        let call = scheduler.ask(peer, .listSequences(after: nil))
        #expect(scheduler.sequences.replies.keys.contains(late.key), "it has the same number")
        late.value.give(.page([], more: true))
        scheduler.storeAnswered(.reply(to: late.key))
        #expect(scheduler.read(peer).isEmpty)
        scheduler.reply(to: late.key, .page([], more: false))
        let answers = scheduler.read(peer)
        #expect(answers.map(\.callID) == [call] && answers[0].outcome == .listSequences([], more: false))
        // Nobody has it any more, or somebody who wants values.
        scheduler.storeAnswered(.reply(to: late.key))
        _ = scheduler.tickets(peer, "a")
        scheduler.storeAnswered(.reply(to: late.key))
        #expect(scheduler.read(peer).isEmpty)
    }

    @Test func aPeerMayHaveSixteenRepliesOpen() {
        let peer = requests.join()
        for _ in 0..<16 { scheduler.ask(peer, .listSequences(after: nil)) }
        #expect(scheduler.read(peer).isEmpty)
        scheduler.ask(peer, .listSequences(after: nil))
        #expect(scheduler.read(peer).map(\.code) == [.resourceExhausted])
        scheduler.reply(to: scheduler.sequences.replies.keys.first!, .page([], more: false))
        _ = scheduler.read(peer)
        scheduler.ask(peer, .listSequences(after: nil))
        #expect(scheduler.read(peer).isEmpty)
    }

    @Test func whoLeavesIsNotAskedFor() {
        let (gone, stays) = (requests.join(), requests.join())
        _ = scheduler.tickets(gone, "a", 5, timeoutMilliseconds: 9)
        _ = scheduler.tickets(stays, "a")
        _ = scheduler.tickets(gone, "b")
        scheduler.ask(gone, .listSequences(after: nil))
        requests.leave(gone)
        #expect(requests.storeRequests.count == 1 && requests.nextWakeUp == .max)
        scheduler.sequences.asked = []
        scheduler.storeHas(1, of: "b")
        scheduler.storeHas(1, of: "a")
        #expect(scheduler.sequences.asked == ["a"] && scheduler.read(stays).map(\.values) == [[1]])
    }

    @Test func withoutSequencesTheyAreUnimplemented() {
        let peer = ScriptedHost().connect()
        peer.call(1, .listSequences(after: nil))
        #expect(peer.read().map(\.error?.code) == [.unimplemented])
    }
}
