import FirnLayout
import FirnServer
import FirnWire
import Testing

/// Promise 7: what a peer can make a session keep is bounded.
@Suite struct SessionLimitTests {
    @Test func aThousandWaitingCallsPauseTheInput() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        #expect(peer.call(singleCalls(1100)) == .pause)
        #expect(!peer.wantsInput)
        let left = peer.unread.count
        #expect(left == ScriptedPeer.frames(singleCalls(76, from: 1025)).count, "1,024 wait, 76 are not read")
        // Handing the same in again changes nothing.
        #expect(peer.receive() == .pause)
        #expect(peer.unread.count == left)
        host.advance()
        peer.takeTurn()
        #expect(peer.read().map(\.callID) == Array(1...16))
        #expect(peer.wantsInput)
        #expect(peer.receive() == .pause)
        while peer.isWaiting {
            host.advance()
            peer.takeTurn()
            peer.call([])
            peer.read()
        }
        #expect(peer.answers.map(\.callID) == Array(1...1100))
        #expect(peer.unread.isEmpty)
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
    }

    @Test func exactlyTheLimitDoesNotPause() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        #expect(peer.call(singleCalls(1024)) == .bytes)
        #expect(!peer.wantsInput)
        #expect(peer.call(1025, .describe) == .pause, "not even what could be answered at once is read")
        #expect(peer.read().isEmpty)
    }

    @Test func aPausedSessionStillSeesABrokenFrame() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call(singleCalls(1024))
        #expect(peer.receive([0, 0, 0, 0]) == .close)
    }

    @Test func unsentOutputPausesTheInput() {
        let host = ScriptedHost(layout: .snowflake)
        let peer = host.connect()
        peer.outputLimit = 100
        #expect(peer.call(singleCalls(64)) == .pause)
        #expect((100..<130).contains(peer.unsent.count), "one answer past the limit at most")
        let served = peer.read().count
        #expect(served < 10)
        // The peer took its answers: it is served on.
        #expect(peer.receive() == .pause)
        #expect(peer.read().count == served)
        peer.outputLimit = 0
        #expect(peer.receive() == .pause)
        #expect(peer.read().isEmpty)
        peer.outputLimit = .max
        #expect(peer.receive() == .bytes)
        peer.read()
        #expect(peer.answers.map(\.callID) == Array(1...64))
    }

    @Test func unsentOutputEndsATurn() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call(singleCalls(10))
        host.advance()
        peer.outputLimit = 60
        #expect(peer.takeTurn() == .outputFull)
        let first = peer.read()
        #expect((1..<10).contains(first.count))
        #expect(peer.isWaiting)
        peer.outputLimit = .max
        #expect(peer.takeTurn() == .done)
        peer.read()
        #expect(peer.answers.map(\.callID) == Array(1...10))
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
    }

    @Test func aTurnServesNoMoreThanItsShare() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call(singleCalls(10))
        host.advance()
        #expect(peer.takeTurn(share: 0) == .shareUsed)
        #expect(peer.read().isEmpty)
        #expect(peer.takeTurn(share: 4) == .shareUsed)
        #expect(peer.read().map(\.callID) == [1, 2, 3, 4])
        #expect(peer.takeTurn(share: 6) == .done)
        #expect(peer.read().map(\.callID) == [5, 6, 7, 8, 9, 10])
    }

    @Test func aTurnWithNobodyWaitingIsDone() {
        #expect(ScriptedHost().connect().takeTurn(share: 0) == .done)
    }

    /// What the lane of a reactor does: whoever waits gets a share in turn, and keeps its place when the tick ends.
    private static func serveLine(_ line: inout [ScriptedPeer], share: UInt64) {
        while let peer = line.first {
            switch peer.takeTurn(share: share) {
            case .waits: return
            case .shareUsed: line.append(line.removeFirst())
            case .done, .outputFull: line.removeFirst()
            }
        }
    }

    @Test func giantBatchesDoNotStarveSingleCalls() {
        let host = ScriptedHost(layout: .snowflake)
        host.useUpTick()
        let giants = [host.connect(), host.connect()]
        let small = host.connect()
        var line: [ScriptedPeer] = []
        for giant in giants {
            giant.call(1, .nextBatch(count: 65_536))
            line.append(giant)
        }
        var asked: UInt64 = 0
        for _ in 0..<30 {
            asked += 1
            small.call(asked, .nextID)
            if small.isWaiting, !line.contains(where: { $0 === small }) { line.append(small) }
            host.advance()
            Self.serveLine(&line, share: 256)
            #expect(small.read().map(\.callID) == [asked], "answered in the very next tick")
        }
        for _ in 0..<10 {
            host.advance()
            Self.serveLine(&line, share: 256)
        }
        var all = small.answers.flatMap(\.ids)
        #expect(strictlyRise(all))
        for giant in giants {
            let answers = giant.read()
            #expect(answers.map(\.ids.count) == [65_536])
            #expect(strictlyRise(answers[0].ids))
            all += answers[0].ids
        }
        #expect(Set(all).count == 2 * 65_536 + 30, "no ID went to two")
    }
}
