import FirnEngine
import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// Calls that need more than the present tick has.
@Suite struct SessionWaitingTests {
    /// Lets ticks pass until nobody waits.
    ///
    /// - Returns: how many ticks that took.
    private static func serveAll(_ peer: ScriptedPeer) -> Int {
        for ticks in 0... {
            peer.read()
            guard peer.isWaiting else { return ticks }
            let turn = peer.takeTurn()
            if case .waits(let tick) = turn { #expect(tick == peer.host.tick + 1) }
            peer.read()
            guard peer.isWaiting else { return ticks }
            peer.host.advance()
        }
        preconditionFailure("endless")
    }

    @Test func callsPastTheTickAreAnsweredInTheNextOnes() {
        let host = ScriptedHost()
        let peer = host.connect()
        let start = host.tick
        peer.call(singleCalls(50))
        #expect(peer.read().count == 16)
        #expect(peer.isWaiting)
        // In the same tick nothing more comes, however often it is asked.
        #expect(peer.takeTurn() == .waits(untilTick: start + 1))
        #expect(peer.read().isEmpty)
        #expect(Self.serveAll(peer) == 3)
        #expect(peer.answers.map(\.callID) == Array(1...50))
        let ids = peer.answers.flatMap(\.ids)
        #expect(strictlyRise(ids))
        // Every tick is used to its end before the next, and none of the future (promise 5).
        #expect(ids.map { host.layout.position(of: FirnID(rawValue: $0)) } == (0..<50).map { start << 4 + $0 })
    }

    @Test func aCallDoesNotOvertakeThoseThatWait() {
        let host = ScriptedHost()
        let peer = host.connect()
        peer.call(singleCalls(17))
        peer.read()
        host.advance()
        // There are IDs now, but call 17 came first.
        peer.call(18, .nextID)
        peer.call(19, .nextBatch(count: 2))
        #expect(peer.read().isEmpty)
        #expect(peer.takeTurn() == .done)
        #expect(peer.read().map(\.callID) == [17, 18, 19])
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
    }

    @Test func singlesAndBatchesRiseInTheOrderOfTheirAnswers() {
        let host = ScriptedHost()
        let peer = host.connect()
        let requests = (1...60).map { index in
            Request(
                callID: UInt64(index),
                method: index.isMultiple(of: 3) ? .nextBatch(count: UInt32(index % 40 + 1)) : .nextID
            )
        }
        for request in requests {
            peer.call([request])
            if request.callID.isMultiple(of: 7) {
                host.advance()
                peer.takeTurn()
            }
        }
        _ = Self.serveAll(peer)
        #expect(peer.answers.map(\.callID) == Array(1...60))
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
        for (request, answer) in zip(requests, peer.answers) {
            if case .nextBatch(let count) = request.method { #expect(answer.ids.count == Int(count)) }
        }
    }

    @Test func describeDoesNotWait() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call([Request(callID: 1, method: .nextID), Request(callID: 2, method: .describe)])
        #expect(peer.read().map(\.callID) == [2])
        #expect(peer.isWaiting)
    }

    @Test func theLargestBatchSpansTicksAndHoldsItsCount() throws {
        let host = ScriptedHost(layout: .snowflake)
        let peer = host.connect()
        let start = host.tick
        peer.call(1, .nextBatch(count: 65_536))
        #expect(peer.read().isEmpty, "a batch is answered whole")
        #expect(Self.serveAll(peer) == 15)
        let answer = try #require(peer.answers.first)
        #expect(answer.ids.count == 65_536)
        #expect(strictlyRise(answer.ids))
        #expect(answer.runs.count == 16)
        for (index, run) in answer.runs.enumerated() {
            let ticks = Set([run.first, run.last].map { host.layout.position(of: $0) >> 12 })
            #expect(ticks == [start + UInt64(index)], "a run is all of one tick")
        }
    }

    /// Without a worker field the last ID of a tick and the first of the next are neighbours.
    @Test func runsOfNeighbouringTicksStayApart() throws {
        let layout = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,sequence:4")
        let peer = ScriptedHost(layout: layout).connect()
        peer.call(1, .nextBatch(count: 40))
        #expect(Self.serveAll(peer) == 2)
        let answer = try #require(peer.answers.first)
        #expect(answer.runs.map(\.count) == [16, 16, 8])
        #expect(answer.ids == (0..<40).map { answer.ids[0] + $0 })
    }

    /// Promise 6: all or error, and of what fails nothing is seen.
    @Test func aBatchFailsAsAWholeWhenTheWindowEndsHalfWay() {
        let host = ScriptedHost(windowTicks: 2)
        let peer = host.connect()
        let start = host.tick
        peer.call(1, .nextBatch(count: 40))
        peer.call(2, .nextBatch(count: 3))
        host.advance()
        #expect(peer.takeTurn() == .waits(untilTick: start + 2))
        host.advance()
        #expect(peer.takeTurn() == .done)
        let refused = peer.read()
        #expect(refused.map(\.callID) == [1, 2])
        #expect(refused.allSatisfy { $0.error?.code == .unavailable && $0.error?.retryAfterMilliseconds == 50 })
        // Nothing of the 32 that were gathered leaks into what comes after.
        host.slot.current().space?.extend(limit: start + 100)
        peer.call(3, .nextBatch(count: 20))
        host.advance()
        #expect(peer.takeTurn() == .done)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [3])
        #expect(answers[0].ids.count == 20)
        #expect(answers[0].ids.allSatisfy { host.layout.position(of: FirnID(rawValue: $0)) >= (start + 2) << 4 })
    }

    @Test func aBatchHalfGatheredFailsWhenTheNextTickIsFar() {
        let host = ScriptedHost()
        let peer = host.connect()
        let far = host.tick + 5000
        peer.call(1, .nextBatch(count: 20))
        host.slot.close()
        host.slot.open { Space(layout: host.layout, worker: 6, firstTick: max($0, far), limit: far + 10_000) }
        host.advance()
        #expect(peer.takeTurn() == .done)
        let answers = peer.read()
        #expect(answers.map(\.error?.code) == [.unavailable])
        #expect(answers[0].error?.retryAfterMilliseconds == 4999)
    }

    @Test func aChangeOfWorkerKeepsABatchWholeAndRising() {
        let host = ScriptedHost()
        let peer = host.connect()
        peer.call(1, .nextBatch(count: 40))
        host.slot.close()
        host.slot.open { Space(layout: host.layout, worker: 3, firstTick: $0, limit: .max) }
        host.advance()
        _ = Self.serveAll(peer)
        #expect(peer.answers[0].ids.count == 40)
        #expect(strictlyRise(peer.answers[0].ids))
        #expect(peer.answers[0].runs.map { host.layout.worker(of: $0.first) } == [5, 3, 3])
    }

    @Test func failingTheCallsAnswersEachOnceAndKeepsNothing() {
        let host = ScriptedHost()
        let peer = host.connect()
        peer.call([
            Request(callID: 1, timeoutMilliseconds: 9, method: .nextBatch(count: 40)),
            Request(callID: 2, method: .nextID),
        ])
        let status = Status(.unavailable, "stopping", retryAfterMilliseconds: 1)
        peer.failCalls(status)
        #expect(peer.read() == [1, 2].map { Response(callID: $0, outcome: .error(status)) })
        #expect(!peer.isWaiting)
        #expect(peer.earliestDeadline == .max)
        host.advance()
        peer.call(3, .nextBatch(count: 4))
        #expect(peer.read().map(\.ids.count) == [4])
    }
}
