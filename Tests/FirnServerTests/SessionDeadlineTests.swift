import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

@Suite struct SessionDeadlineTests {
    /// A peer in a tick that is used up, with these calls waiting.
    private static func waiting(_ requests: [Request]) -> ScriptedPeer {
        let host = ScriptedHost(layout: ScriptedHost.narrow)
        host.useUpTick()
        let peer = host.connect()
        peer.call(requests)
        #expect(peer.read().isEmpty)
        return peer
    }

    private static func request(_ callID: UInt64, timeout: UInt32, count: UInt32? = nil) -> Request {
        Request(
            callID: callID,
            timeoutMilliseconds: timeout,
            method: count.map { .nextBatch(count: $0) } ?? .nextID
        )
    }

    /// Lets ticks pass in which no ID is left, so that only the time counts.
    private static func advanceWithoutIDs(_ peer: ScriptedPeer, milliseconds: Int64) {
        peer.host.advance(milliseconds: milliseconds)
        peer.host.useUpTick()
    }

    @Test func anExpiredCallIsToldOnceAndInWords() throws {
        let peer = Self.waiting([Self.request(1, timeout: 3)])
        let start = peer.host.now
        #expect(peer.earliestDeadline == start + 3_000_000)
        Self.advanceWithoutIDs(peer, milliseconds: 2)
        #expect(peer.takeTurn() == .waits(untilTick: peer.host.tick + 1))
        #expect(peer.read().isEmpty)
        Self.advanceWithoutIDs(peer, milliseconds: 1)
        #expect(peer.takeTurn() == .done)
        let answer = try #require(peer.read().first)
        #expect(answer.callID == 1)
        #expect(answer.error?.code == .deadlineExceeded)
        #expect(answer.error?.message.contains("1 more IDs") == true)
        #expect(peer.earliestDeadline == .max)
        for _ in 0..<3 {
            peer.host.advance()
            #expect(peer.takeTurn() == .done)
        }
        #expect(peer.read().isEmpty)
    }

    @Test func expiryComesBeforeALateAnswer() {
        let peer = Self.waiting([Self.request(1, timeout: 3), Self.request(2, timeout: 0)])
        // There are IDs in this tick, but they are too late for call 1.
        peer.host.advance(milliseconds: 3)
        #expect(peer.takeTurn() == .done)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [1, 2])
        #expect(answers[0].error?.code == .deadlineExceeded)
        #expect(answers[1].ids.count == 1)
    }

    @Test func othersGoOn() {
        let peer = Self.waiting([
            Self.request(1, timeout: 0), Self.request(2, timeout: 2), Self.request(3, timeout: 5),
            Self.request(4, timeout: 2), Self.request(5, timeout: 0),
        ])
        let start = peer.host.now
        Self.advanceWithoutIDs(peer, milliseconds: 2)
        peer.takeTurn()
        let expired = peer.read()
        #expect(expired.map(\.callID) == [2, 4])
        #expect(expired.allSatisfy { $0.error?.code == .deadlineExceeded })
        #expect(peer.earliestDeadline == start + 5_000_000)
        peer.host.advance()
        #expect(peer.takeTurn() == .done)
        let served = peer.read()
        #expect(served.map(\.callID) == [1, 3, 5])
        #expect(strictlyRise(served.flatMap(\.ids)))
    }

    @Test func timeoutZeroIsNever() {
        let peer = Self.waiting([Self.request(1, timeout: 0)])
        #expect(peer.earliestDeadline == .max)
        Self.advanceWithoutIDs(peer, milliseconds: 1_000)
        peer.takeTurn()
        #expect(peer.read().isEmpty)
    }

    @Test func theLongestTimeoutIsFortyNineDays() {
        let peer = Self.waiting([Self.request(1, timeout: .max)])
        #expect(peer.earliestDeadline == peer.host.now + 4_294_967_295_000_000)
    }

    @Test func aDeadlineCountsFromTheCallsArrival() {
        let peer = Self.waiting([Self.request(1, timeout: 10)])
        Self.advanceWithoutIDs(peer, milliseconds: 6)
        peer.call([Self.request(2, timeout: 10)])
        Self.advanceWithoutIDs(peer, milliseconds: 6)
        peer.takeTurn()
        #expect(peer.read().map(\.callID) == [1])
        Self.advanceWithoutIDs(peer, milliseconds: 4)
        peer.takeTurn()
        #expect(peer.read().map(\.callID) == [2])
    }

    /// Promise 6: what an expired batch had gathered is a gap, and no part of the batch behind it.
    @Test func aBatchHalfGatheredExpiresAsAWhole() throws {
        let peer = Self.waiting([
            Self.request(1, timeout: 2, count: 40), Self.request(2, timeout: 0, count: 5), Self.request(3, timeout: 0),
        ])
        let host = peer.host
        host.advance()
        #expect(peer.takeTurn() == .waits(untilTick: host.tick + 1))
        let gatheredUpTo = host.tick
        host.advance()
        #expect(peer.takeTurn() == .done)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [1, 2, 3])
        #expect(answers[0].error?.code == .deadlineExceeded)
        #expect(answers[0].error?.message.contains("24 more IDs") == true)
        #expect(answers[1].ids.count == 5)
        let ids = answers.flatMap(\.ids)
        #expect(strictlyRise(ids))
        let lowest = try #require(ids.first)
        #expect(host.layout.position(of: FirnID(rawValue: lowest)) >= (gatheredUpTo + 1) << 4)
    }

    @Test func aCallBehindABatchExpiresAndTheBatchKeepsWhatItHas() {
        let peer = Self.waiting([
            Self.request(1, timeout: 0, count: 40), Self.request(2, timeout: 2), Self.request(3, timeout: 0, count: 4),
        ])
        peer.host.advance()
        peer.takeTurn()
        peer.host.advance()
        peer.takeTurn()
        let expired = peer.read()
        #expect(expired.map(\.callID) == [2])
        peer.host.advance()
        #expect(peer.takeTurn() == .done)
        let served = peer.read()
        #expect(served.map(\.callID) == [1, 3])
        #expect(served.map(\.ids.count) == [40, 4])
        #expect(served[0].runs.map(\.count) == [16, 16, 8])
        #expect(strictlyRise(served.flatMap(\.ids)))
    }

    @Test func aDeadlineThatWasMetWakesNobody() {
        let peer = Self.waiting([Self.request(1, timeout: 5)])
        peer.host.advance()
        #expect(peer.takeTurn() == .done)
        #expect(peer.earliestDeadline == .max)
        peer.call([Self.request(2, timeout: 5, count: 3)])
        #expect(peer.read().map(\.callID) == [1, 2])
        #expect(peer.earliestDeadline == .max)
    }

    @Test func anAnsweredCallDoesNotExpire() {
        let peer = Self.waiting([Self.request(1, timeout: 5), Self.request(2, timeout: 0, count: 40)])
        peer.host.advance()
        peer.takeTurn()
        #expect(peer.read().map(\.callID) == [1])
        Self.advanceWithoutIDs(peer, milliseconds: 10)
        peer.takeTurn()
        #expect(peer.read().isEmpty)
        #expect(peer.earliestDeadline == .max, "a deadline that was met wakes nobody again and again")
    }
}
