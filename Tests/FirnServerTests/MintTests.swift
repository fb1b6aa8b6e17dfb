import FirnEngine
import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// A mint in a time that stands still until the test moves it. Ticks are of a millisecond and hold 16 IDs.
@Suite struct MintTests {
    private let host = ScriptedHost()

    private func mint(_ host: ScriptedHost) -> Mint { Mint(service: host.service, shards: [host.shard]) }

    /// What was delivered to one peer.
    private final class Receiver {
        var outcomes: [Response.Outcome] = []

        var ids: [UInt64] { outcomes.flatMap { Response(callID: 0, outcome: $0).ids } }
    }

    /// A request of a new peer.
    private func ask(
        _ count: UInt32,
        _ mint: Mint,
        timeout: UInt32 = 0
    ) -> (receiver: Receiver, outcome: Response.Outcome?, peer: PeerID) {
        let receiver = Receiver()
        let peer = mint.join()
        let method: Request.Method = count == 1 ? .nextID : .nextBatch(count: count)
        let outcome = mint.submit(method, from: peer, timeoutMilliseconds: timeout) { receiver.outcomes.append($0) }
        return (receiver, outcome, peer)
    }

    @Test func whatTheTickHasIsGivenAtOnce() throws {
        let mint = mint(host)
        let first = try #require(mint.nextID(for: mint.join()))
        let outcome = try #require(ask(15, mint).outcome)
        let ids = Response(callID: 0, outcome: outcome).ids
        #expect(ids.count == 15 && strictlyRise([first.rawValue] + ids))
        #expect(mint.nextID(for: mint.join()) == nil)
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    @Test func aBatchSpansTicksAndIsDeliveredWhole() {
        let mint = mint(host)
        let (receiver, outcome, _) = ask(40, mint)
        #expect(outcome == nil)
        for turn in 1...2 {
            #expect(receiver.outcomes.isEmpty)
            #expect(mint.nanosecondsToNextTurn == 1_000_000)
            host.advance()
            mint.takeTurn()
            #expect(receiver.outcomes.count == (turn == 2 ? 1 : 0))
        }
        #expect(receiver.ids.count == 40 && strictlyRise(receiver.ids))
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    /// Those who wait come first.
    @Test func aSingleIDDoesNotOvertake() {
        let mint = mint(host)
        let batch = ask(17, mint)
        host.time.advance(nanoseconds: 1_000_000)
        let peer = mint.join()
        #expect(mint.nextID(for: peer) == nil)
        mint.takeTurn()
        #expect(batch.receiver.ids.count == 17 && mint.nextID(for: peer) != nil)
    }

    @Test func aRequestIsGivenUpAtItsDeadlineInWordsOfItsOwn() throws {
        let host = ScriptedHost(ticksAhead: 500)
        let mint = mint(host)
        let (receiver, outcome, _) = ask(1, mint, timeout: 7)
        #expect(outcome == nil)
        #expect(mint.nanosecondsToNextTurn == 7_000_000)
        host.advance(milliseconds: 7)
        mint.takeTurn()
        let status = try #require(receiver.outcomes.first?.status)
        #expect(status.code == .deadlineExceeded && status.retryAfterMilliseconds == 1000)
        #expect(status.message.hasPrefix("the IDs were not there in time"))
    }

    @Test func aPeerThatHasLeftIsDeliveredNothing() {
        let mint = mint(host)
        let (gone, stays) = (ask(30, mint), ask(2, mint))
        mint.leave(gone.peer)
        host.advance()
        mint.takeTurn()
        #expect(gone.receiver.outcomes.isEmpty)
        #expect(stays.receiver.ids.count == 2)
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    @Test func itRefusesAsSessionsDo() {
        let mint = mint(host)
        #expect(ask(0, mint).outcome == .error(host.service.objection(toCount: 0)!))
        #expect(ask(65_537, mint).outcome == .error(host.service.objection(toCount: 65_537)!))
        let closed = ScriptedHost(windowTicks: 0)
        #expect(ask(1, self.mint(closed)).outcome == .error(closed.service.closed))
        // A clock that was an hour ahead: nobody waits so long.
        let ahead = ScriptedHost(ticksAhead: 3_600_000)
        let status = ask(1, self.mint(ahead)).outcome?.status
        #expect(status?.code == .unavailable && status?.retryAfterMilliseconds == 3_600_000)
    }

    @Test func atTheEndAllAreRefused() {
        let mint = mint(host)
        let waiting = [ask(30, mint), ask(1, mint)]
        mint.refuseAll()
        for request in waiting { #expect(request.receiver.outcomes == [.error(mint.closed)]) }
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    /// A receiver that asks anew, as a pipelined request does, is served in its turn.
    @Test func whoIsServedMayAskAgain() {
        let mint = mint(host)
        let peer = mint.join()
        var given = 0
        func ask() {
            let outcome = mint.submit(.nextBatch(count: 16), from: peer, timeoutMilliseconds: 0) { _ in
                given += 1
                if given < 5 { ask() }
            }
            if outcome != nil { given += 1 }
        }
        host.useUpTick()
        ask()
        for _ in 0..<5 {
            host.advance()
            mint.takeTurn()
        }
        #expect(given == 5)
    }

    @Test func callsAreCountedAsSessionsCountThem() {
        let mint = mint(host)
        _ = mint.nextID(for: mint.join())
        let late = ask(20, mint, timeout: 1)
        _ = ask(0, mint)
        host.advance()
        host.useUpTick()
        mint.takeTurn()
        #expect(late.receiver.outcomes.count == 1)
        let reading = host.meter.reading
        #expect(reading.calls(.nextID, .ok) == 1 && reading.ids == 1 && reading.tickWaits == 1)
        #expect(reading.calls(.nextBatch, .deadlineExceeded) == 1 && reading.calls(.nextBatch, .invalidArgument) == 1)
        #expect(reading.latency.count == 3, "every call's time counts once")
    }
}
