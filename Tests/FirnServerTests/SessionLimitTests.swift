import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

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
}
