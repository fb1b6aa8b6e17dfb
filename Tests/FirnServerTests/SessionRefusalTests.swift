import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// Calls and bytes that are refused.
@Suite struct SessionRefusalTests {
    /// The answer to one call, which leaves the connection as it was.
    private static func refusal(
        _ method: Request.Method,
        of host: ScriptedHost = ScriptedHost()
    ) -> Status? {
        let peer = host.connect()
        #expect(peer.call(7, method) == .bytes)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [7])
        #expect(!peer.isWaiting)
        peer.call(8, .describe)
        #expect(peer.read() == [Response(callID: 8, outcome: .describe(host.description))], "the connection stays")
        return answers.first?.error
    }

    @Test func aCountOfZeroIsRefusedInWords() {
        let status = Self.refusal(.nextBatch(count: 0))
        #expect(status?.code == .invalidArgument)
        #expect(status?.message == "a batch of 0 IDs was asked for; ask for 1 to 65536")
    }

    @Test func aCountPastTheLimitIsRefusedInWords() {
        for count in [65_537, UInt32.max] {
            let status = Self.refusal(.nextBatch(count: count))
            #expect(status?.code == .invalidArgument)
            #expect(status?.message.contains("\(count)") == true)
            #expect(status?.message.contains("65536") == true)
        }
    }

    @Test func sequencesAndPrefixesAreNotImplemented() {
        for method: Request.Method in [
            .nextTickets(sequence: Name("orders")!, count: 1), .newPrefix(service: Name("shop")!),
        ] {
            let status = Self.refusal(method)
            #expect(status?.code == .unimplemented)
            #expect(status?.message.contains("sequences") == true)
        }
    }

    @Test func anUnknownMethodIsUnimplementedAndTheConnectionStays() {
        let peer = ScriptedHost().connect()
        // A call 9 with a method 15 that is not there yet, and one with no method at all.
        #expect(peer.receive(ScriptedPeer.frame([0x08, 9, 0x7A, 0]) + ScriptedPeer.frame([0x08, 10])) == .bytes)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [9, 10])
        #expect(answers.allSatisfy { $0.error?.code == .unimplemented })
        peer.call(11, .nextID)
        #expect(peer.read().flatMap(\.ids).count == 1)
    }

    @Test func aBadNameIsInvalidAndTheConnectionStays() {
        let peer = ScriptedHost().connect()
        #expect(peer.receive(ScriptedPeer.frame([0x08, 9, 0x32, 3, 0x0a, 1, 0x2f])) == .bytes)
        let answers = peer.read()
        #expect(answers.map(\.callID) == [9])
        #expect(answers[0].error?.code == .invalidArgument)
        peer.call(11, .nextID)
        #expect(peer.read().flatMap(\.ids).count == 1)
    }

    @Test func garbageIsInternalAndCloses() {
        let peer = ScriptedHost().connect()
        let garbage = ScriptedPeer.frame([0xff, 0xff, 0xff])
        #expect(
            peer.receive(ScriptedPeer.frames(singleCalls(1)) + garbage + ScriptedPeer.frames(singleCalls(1))) == .close
        )
        let answers = peer.read()
        #expect(answers.map(\.callID) == [1, 0])
        #expect(answers[1].error?.code == .internal)
        #expect(answers[1].error?.message.contains("firn.v1.Request") == true)
    }

    @Test func badLengthsAreRefusedInWordsAndClose() {
        let lengths: [(header: [UInt8], word: String)] = [
            ([0, 0, 0, 0], "length 0"), ([0, 0, 0x10, 0x01], "4097 bytes"), (Array("GET ".utf8), "1195725856 bytes"),
        ]
        for (header, word) in lengths {
            let peer = ScriptedHost().connect()
            #expect(peer.receive(header) == .close)
            let answers = peer.read()
            #expect(answers.map(\.callID) == [0])
            #expect(answers[0].error?.code == .invalidArgument)
            #expect(answers[0].error?.message.contains(word) == true)
            if word != "length 0" { #expect(answers[0].error?.message.contains("4096") == true) }
        }
    }

    @Test func aFrameOfExactlyTheLimitIsServed() {
        let peer = ScriptedHost().connect()
        // One unknown field that fills the frame behind a NextID.
        let filler = 4096 - 4 - 3
        let message = [0x08, 9, 0x1a, 0, 0x7a, UInt8(filler & 0x7f | 0x80), UInt8(filler >> 7)]
        #expect(peer.receive(ScriptedPeer.frame(message + [UInt8](repeating: 1, count: filler))) == .bytes)
        #expect(peer.read().flatMap(\.ids).count == 1)
    }

    @Test func withoutAWorkerCallsAreUnavailable() {
        for method: Request.Method in [.nextID, .nextBatch(count: 5)] {
            let status = Self.refusal(method, of: ScriptedHost(windowTicks: 0))
            #expect(status?.code == .unavailable)
            #expect(status?.retryAfterMilliseconds == 50)
            let host = ScriptedHost(windowTicks: 0)
            host.availability.becameUnready("the store is away", retryAfterMilliseconds: 321)
            let unready = Self.refusal(method, of: host)
            #expect(unready == Status(.unavailable, "the store is away", retryAfterMilliseconds: 321))
        }
    }

    @Test func pastTheWindowCallsAreUnavailable() {
        for method: Request.Method in [.nextID, .nextBatch(count: 5)] {
            let host = ScriptedHost(windowTicks: 2)
            host.advance(milliseconds: 2)
            let status = Self.refusal(method, of: host)
            #expect(status?.code == .unavailable)
            #expect(status?.retryAfterMilliseconds == 50)
        }
    }

    @Test func aStartingAndADrainingDaemonSaySo() {
        #expect(Availability().refusal.message.contains("starting"))
        #expect(Availability().refusal.retryAfterMilliseconds > 0)
        let host = ScriptedHost(windowTicks: 0)
        host.availability.startedDraining()
        let status = Self.refusal(.nextID, of: host)
        #expect(status?.message.contains("stopping") == true)
        #expect(status?.retryAfterMilliseconds == 1000)
        #expect(host.availability.obstacle == status)
    }

    @Test func anExpiredLayoutIsAFailedPrecondition() throws {
        // 2^29 seconds after 1970: it ended in 1987.
        let layout = try Layout(parsing: "time:29s@1970-01-01T00:00:00Z,worker:10,sequence:12")
        for method: Request.Method in [.nextID, .nextBatch(count: 5)] {
            let status = Self.refusal(method, of: ScriptedHost(layout: layout))
            #expect(status?.code == .failedPrecondition)
            #expect(status?.message.contains(layout.name) == true)
            #expect(status?.message.contains("ended at 1987-01-05T18:48:32") == true)
        }
    }

    /// As after a clock that was an hour ahead, and a restart.
    @Test func aFarTickIsUnavailableWithTheTimeToRetryAfter() {
        for method: Request.Method in [.nextID, .nextBatch(count: 5)] {
            let status = Self.refusal(method, of: ScriptedHost(ticksAhead: 5000))
            #expect(status?.code == .unavailable)
            #expect(status?.retryAfterMilliseconds == 5000)
            #expect(status?.message.contains("5000 ms") == true)
        }
    }

    @Test func aNearTickIsWaitedFor() {
        let host = ScriptedHost(ticksAhead: 1000)
        let start = host.tick
        let peer = host.connect()
        peer.call(1, .nextID)
        #expect(peer.takeTurn() == .waits(untilTick: start + 1000))
        host.advance(milliseconds: 999)
        #expect(peer.takeTurn() == .waits(untilTick: start + 1000))
        #expect(peer.read().isEmpty)
        host.advance()
        #expect(peer.takeTurn() == .done)
        #expect(peer.read().flatMap(\.ids).count == 1)
    }
}
