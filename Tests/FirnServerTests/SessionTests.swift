import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// Calls that are answered at once.
@Suite struct SessionTests {
    @Test func aSingleIDIsOfThePresentTickAndTheWorker() throws {
        let host = ScriptedHost()
        let peer = host.connect()
        #expect(peer.call(7, .nextID) == .bytes)
        let answer = try #require(peer.read().first)
        #expect(answer.callID == 7)
        guard case .nextID(let id) = answer.outcome else {
            Issue.record("no ID: \(answer)")
            return
        }
        #expect(host.layout.worker(of: id) == ScriptedHost.worker)
        #expect(host.layout.position(of: id) == host.tick << 4)
        #expect(peer.answers.count == 1)
        #expect(!peer.isWaiting)
    }

    @Test func aBatchHoldsItsCount() {
        let host = ScriptedHost()
        let peer = host.connect()
        for count: UInt32 in [1, 5, 10] {
            peer.call(UInt64(count), .nextBatch(count: count))
            let answers = peer.read()
            #expect(answers.map(\.callID) == [UInt64(count)])
            #expect(answers[0].ids.count == Int(count))
        }
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
    }

    @Test func aBatchTouchesTheBlockBeforeItAndIsOneRun() {
        let peer = ScriptedHost().connect()
        peer.call([
            Request(callID: 1, method: .nextID), Request(callID: 2, method: .nextBatch(count: 9)),
            Request(callID: 3, method: .nextID),
        ])
        let answers = peer.read()
        #expect(answers.map(\.callID) == [1, 2, 3])
        #expect(answers[1].runs.count == 1, "runs of one tick that touch become one")
        #expect(answers[1].ids.count == 9)
        #expect(strictlyRise(answers.flatMap(\.ids)))
    }

    @Test func sonyflakesOrderGivesRunsWithItsStride() {
        let host = ScriptedHost(layout: .sonyflake)
        let peer = host.connect()
        peer.call([Request(callID: 1, method: .nextID), Request(callID: 2, method: .nextBatch(count: 100))])
        let answers = peer.read()
        #expect(answers[1].runs.map(\.stride) == [1 << 16])
        #expect(strictlyRise(answers.flatMap(\.ids)))
        #expect(answers.flatMap(\.ids).allSatisfy { $0 & 0xffff == ScriptedHost.worker })
    }

    @Test func describeTellsOfTheDaemon() {
        let host = ScriptedHost()
        let peer = host.connect()
        peer.call(3, .describe)
        #expect(peer.read() == [Response(callID: 3, outcome: .describe(host.description))])
    }

    /// Three kinds of calls and an error, in one piece of input.
    private static let mixed: [UInt8] = ScriptedPeer.frames([
        Request(callID: 1, method: .nextID), Request(callID: .max, method: .nextBatch(count: 3)),
        Request(callID: 3, method: .describe),
        Request(callID: 4, timeoutMilliseconds: 70, method: .nextBatch(count: 0)),
        Request(callID: 5, method: .newPrefix(service: Name("shop")!)), Request(callID: 6, method: .nextID),
    ])

    @Test func inputSplitAnywhereGetsTheSameAnswers() {
        let whole = ScriptedHost().connect()
        #expect(whole.receive(Self.mixed) == .bytes)
        for split in 0...Self.mixed.count {
            let peer = ScriptedHost().connect()
            #expect(peer.receive(Array(Self.mixed[..<split])) == .bytes)
            #expect(peer.receive(Array(Self.mixed[split...])) == .bytes)
            #expect(peer.unsent == whole.unsent, "split at \(split)")
            #expect(peer.unread.isEmpty)
        }
        #expect(whole.read().map(\.callID) == [1, .max, 3, 4, 5, 6])
    }

    @Test func inputByteByByteGetsTheSameAnswers() {
        let whole = ScriptedHost().connect()
        whole.receive(Self.mixed)
        let peer = ScriptedHost().connect()
        for byte in Self.mixed { #expect(peer.receive([byte]) == .bytes) }
        #expect(peer.unsent == whole.unsent)
    }

    @Test func framesPastAWakeUpsShareWaitForAnotherTurn() {
        let host = ScriptedHost(layout: .snowflake)
        let peer = host.connect()
        #expect(peer.receive(ScriptedPeer.frames(singleCalls(130))) == .anotherTurn)
        #expect(peer.read().map(\.callID) == Array(1...64))
        #expect(peer.receive() == .anotherTurn)
        #expect(peer.read().map(\.callID) == Array(65...128))
        #expect(peer.receive() == .bytes)
        #expect(peer.read().map(\.callID) == [129, 130])
        #expect(peer.unread.isEmpty)
        #expect(strictlyRise(peer.answers.flatMap(\.ids)))
    }

    @Test func exactlyAWakeUpsShareWantsNoOtherTurn() {
        let peer = ScriptedHost(layout: .snowflake).connect()
        #expect(peer.receive(ScriptedPeer.frames(singleCalls(64))) == .bytes)
        #expect(peer.read().count == 64)
    }
}
