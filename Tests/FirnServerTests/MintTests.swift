import FirnEngine
import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// A mint in a time that stands still until the test moves it. Ticks are of a millisecond and hold 16 IDs.
@Suite struct MintTests {
    private let host = ScriptedHost()

    private func mint(_ host: ScriptedHost) -> Mint { Mint(service: host.service, shards: [host.shard]) }

    /// What was delivered to one order.
    private final class Receiver {
        var outcomes: [Mint.Outcome] = []

        var ids: [FirnID] {
            outcomes.flatMap { outcome in
                if case .runs(let runs) = outcome { runs.flatMap { Array($0) } } else { [FirnID]() }
            }
        }
    }

    private func order(
        _ count: UInt32,
        _ mint: Mint,
        timeout: UInt32 = 0
    ) -> (receiver: Receiver, outcome: Mint.Outcome?, waiting: Mint.OrderID) {
        let receiver = Receiver()
        let seat = mint.sit()
        let (outcome, waiting) = mint.order(.ids(count: count), at: seat, timeoutMilliseconds: timeout) {
            receiver.outcomes.append($0)
        }
        return (receiver, outcome, waiting)
    }

    private func isDeadline(_ outcome: Mint.Outcome?) -> Bool {
        if case .refused(let status)? = outcome { status.code == .deadlineExceeded } else { false }
    }

    @Test func whatTheTickHasIsGivenAtOnce() {
        let mint = mint(host)
        let first = mint.nextID(at: mint.sit())
        guard case .runs(let runs)? = order(15, mint).outcome else { return #expect(Bool(false), "no IDs") }
        let ids = runs.flatMap { Array($0) }
        #expect(ids.count == 15 && ids.allSatisfy { $0 > first! } && ids == ids.sorted())
        #expect(mint.nextID(at: mint.sit()) == nil)
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    @Test func aBatchSpansTicksAndIsDeliveredWhole() {
        let mint = mint(host)
        let (receiver, outcome, _) = order(40, mint)
        #expect(outcome == nil)
        for turn in 1...2 {
            #expect(receiver.outcomes.isEmpty)
            #expect(mint.nanosecondsToNextTurn == 1_000_000)
            host.advance()
            mint.takeTurn()
            #expect(receiver.outcomes.count == (turn == 2 ? 1 : 0))
        }
        #expect(receiver.ids.count == 40 && receiver.ids == receiver.ids.sorted())
        #expect(Set(receiver.ids.map { host.layout.decode($0).time! }).count == 3)
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    /// Whoever comes later does not overtake, and a single ID does not wait for all of a giant batch.
    @Test func ordersTakeTurns() {
        let host = ScriptedHost(layout: .snowflake)
        let mint = mint(host)
        let giant = order(30_000, mint)
        let single = order(1, mint)
        #expect(giant.outcome == nil && single.outcome == nil)
        #expect(mint.nextID(at: mint.sit()) == nil)
        host.advance()
        mint.takeTurn()
        #expect(single.receiver.ids.count == 1)
        #expect(giant.receiver.outcomes.isEmpty)
        for _ in 0..<10 {
            host.advance()
            mint.takeTurn()
        }
        #expect(giant.receiver.ids.count == 30_000)
        #expect(!giant.receiver.ids.contains(single.receiver.ids[0]))
    }

    /// Ticks are smaller than a share: the batch would have each of them until it is whole.
    @Test func singleIDsDoNotWaitForABatchOfManyTicks() {
        let mint = mint(host)
        let batch = order(1000, mint).receiver
        for _ in 0..<10 {
            let single = order(1, mint).receiver
            for _ in 0..<2 {
                host.advance()
                mint.takeTurn()
            }
            #expect(single.ids.count == 1, "it was given an ID in one of two ticks")
        }
        #expect(batch.outcomes.isEmpty)
        for _ in 0..<50 {
            host.advance()
            mint.takeTurn()
        }
        #expect(batch.ids.count == 1000 && batch.ids == batch.ids.sorted())
    }

    @Test func anOrderIsGivenUpAtItsDeadlineAsAWhole() {
        let mint = mint(host)
        let late = order(100, mint, timeout: 3)
        let patient = order(20, mint, timeout: 50)
        for _ in 0..<3 {
            host.advance()
            mint.takeTurn()
        }
        #expect(late.receiver.outcomes.count == 1 && isDeadline(late.receiver.outcomes.first))
        for _ in 0..<3 {
            host.advance()
            mint.takeTurn()
        }
        #expect(patient.receiver.ids.count == 20)
    }

    @Test func aDeadlineBeforeTheNextTickIsKept() {
        let layout = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4")
        let host = ScriptedHost(layout: layout, ticksAhead: 500)
        let mint = mint(host)
        let (receiver, outcome, _) = order(1, mint, timeout: 7)
        #expect(outcome == nil)
        #expect(mint.nanosecondsToNextTurn == 7_000_000)
        host.advance(milliseconds: 7)
        mint.takeTurn()
        #expect(isDeadline(receiver.outcomes.first))
    }

    @Test func whatIsCancelledIsNotDelivered() {
        let mint = mint(host)
        let (gone, stays) = (order(30, mint), order(2, mint))
        mint.cancel(gone.waiting)
        host.advance()
        mint.takeTurn()
        #expect(gone.receiver.outcomes.isEmpty)
        #expect(stays.receiver.ids.count == 2)
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    @Test func itRefusesAsSessionsDo() {
        let mint = mint(host)
        #expect(order(0, mint).outcome == .refused(host.service.objection(toCount: 0)!))
        #expect(order(65_537, mint).outcome == .refused(host.service.objection(toCount: 65_537)!))
        let closed = ScriptedHost(windowTicks: 0)
        #expect(order(1, self.mint(closed)).outcome == .refused(closed.service.closed))
        // A clock that was an hour ahead: nobody waits so long.
        let ahead = ScriptedHost(ticksAhead: 3_600_000)
        guard case .refused(let status)? = order(1, self.mint(ahead)).outcome else {
            return #expect(Bool(false), "not refused")
        }
        #expect(status.code == .unavailable && status.retryAfterMilliseconds == 3_600_000)
    }

    @Test func atTheEndAllAreRefused() {
        let mint = mint(host)
        let orders = [order(30, mint), order(1, mint)]
        mint.refuseAll()
        for order in orders { #expect(order.receiver.outcomes == [.refused(mint.closed)]) }
        #expect(mint.nanosecondsToNextTurn == nil)
    }

    /// A receiver that orders anew, as a pipelined request does, is served in its turn.
    @Test func whoIsServedMayOrderAgain() {
        let mint = mint(host)
        let seat = mint.sit()
        var given = 0
        func ask() {
            let (outcome, _) = mint.order(.ids(count: 16), at: seat, timeoutMilliseconds: 0) { _ in
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
}
