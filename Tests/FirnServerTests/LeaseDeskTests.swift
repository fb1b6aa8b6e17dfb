import FirnEngine
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWindows
import FirnWire
import Testing

@testable import FirnServer

@Suite struct LeaseDeskTests {
    let store = MemoryStore()
    let clock = TickClock(layout: .snowflake)

    func desk(
        maximumCount: Int = 10,
        window: Duration = .seconds(60),
        maximumWindow: Duration = .seconds(300),
        maximumWorker: UInt32 = 1023
    ) -> LeaseDesk {
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 9),
            maximumWorker: maximumWorker,
            maximumTick: Space.endTick(of: .snowflake) - 1,
            windowTicks: 3000
        )
        return LeaseDesk(
            claims: claims,
            layout: .snowflake,
            clock: clock,
            configuration: LeaseDesk.Configuration(
                maximumCount: maximumCount,
                window: window,
                maximumWindow: maximumWindow,
                clockTolerance: .seconds(3600)
            )
        )
    }

    private func begin(
        _ desk: LeaseDesk,
        _ change: (inout LeaseCall.Beginning) -> Void = { _ in }
    ) -> StoreReply.Content {
        var beginning = LeaseCall.Beginning(name: Name("orders")!, host: "web-1", pid: 4)
        change(&beginning)
        return desk.answer(.begin(beginning))
    }

    private var nowMilliseconds: UInt64 { UInt64(clock.now().unixNanoseconds / 1_000_000) }

    @Test func aLeaseSaysWhatAnIDIsMadeOf() throws {
        let grant = try #require(begin(desk()).grant)
        let now = clock.now().tick
        #expect(grant.layout == .snowflake && grant.lease.firstTick <= now && grant.lease.firstTick + 60_000 >= now)
        #expect(grant.lease.limitTick == grant.lease.firstTick + 60_000)
        #expect(grant.limitUnixMilliseconds == Layout.snowflake.unixMilliseconds(ofTick: grant.lease.limitTick))
        #expect(grant.lease.token != 0)
        let record = try #require(try store.read("workers/\(grant.lease.worker)"))
        #expect(record.value.contains("lessee=orders") && record.value.contains("host=web-1"))
    }

    @Test func aWindowIsAsLongAsAskedAndNoLongerThanTheLongest() throws {
        for (asked, given) in [(0, 60_000), (1, 1), (5000, 5000), (10_000_000, 300_000), (.max, 300_000)]
            as [(UInt64, UInt64)]
        {
            let lease = try #require(begin(desk()) { $0.windowMilliseconds = asked }.grant?.lease)
            #expect(lease.limitTick - lease.firstTick == given, "\(asked)")
        }
    }

    @Test func noTickBeforeTheOneThatWasAskedForIsLeased() throws {
        let tick = clock.now().tick + 5000
        #expect(begin(desk()) { $0.notBeforeTick = tick }.grant?.lease.firstTick == tick)
    }

    @Test func anExtensionMayLeaveTokenAndLimitToTheDaemon() throws {
        let desk = desk()
        let lease = try #require(begin(desk) { $0.windowMilliseconds = 1000 }.grant?.lease)
        guard case .leaseExtended(let next, _) = desk.answer(.extend(LeaseCall.Hold(lease), token: 0, limitTick: 0))
        else {
            Issue.record("it is the lease's holder")
            return
        }
        #expect(next.token != lease.token && next.token != 0)
        #expect(next.limitTick >= lease.firstTick + 60_000)
        #expect(next.generation == lease.generation && next.instance == lease.instance)
    }

    @Test func whatIsLostIsAborted() throws {
        let desk = desk()
        let lease = try #require(begin(desk).grant?.lease)
        _ = desk.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0))
        let copy = desk.answer(.extend(LeaseCall.Hold(lease), token: 6, limitTick: 0)).refusal
        #expect(copy?.code == .aborted && copy?.message.contains("another process extended it") == true)
        var other = lease
        other.generation += 1
        let wrong = desk.answer(.release(LeaseCall.Hold(other), firstUnusedTick: 0)).refusal
        #expect(wrong?.code == .aborted && wrong?.message.contains("the store has generation 1") == true)
        other.generation = 0
        let old = desk.answer(.release(LeaseCall.Hold(other), firstUnusedTick: 0)).refusal
        #expect(old?.code == .aborted && old?.message.contains("held by orders, host web-1, pid 4") == true)
        other = lease
        other.worker = 1023 - lease.worker == lease.worker ? 0 : 1023 - lease.worker
        let none = desk.answer(.extend(LeaseCall.Hold(other), token: 5, limitTick: 0)).refusal
        #expect(none?.code == .aborted && none?.message.contains("no record") == true)
    }

    @Test func aReleasedLeaseIsAbortedAndSaysSo() throws {
        let desk = desk()
        let lease = try #require(begin(desk).grant?.lease)
        guard case .leaseReleased(let tick) = desk.answer(.release(LeaseCall.Hold(lease), firstUnusedTick: 1)) else {
            Issue.record("it is the lease's holder")
            return
        }
        #expect(tick >= lease.firstTick && tick < lease.limitTick)
        let refusal = desk.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0)).refusal
        #expect(refusal?.code == .aborted && refusal?.message.contains("it was released") == true)
    }

    // MARK: - Limits

    @Test func noMoreLeasesAreHeldThanTheLimitAllows() throws {
        let desk = desk(maximumCount: 2)
        let first = try #require(begin(desk).grant?.lease)
        #expect(begin(desk).grant != nil && desk.count == 2)
        let refusal = begin(desk).refusal
        #expect(refusal?.code == .resourceExhausted && refusal?.message.contains("--max-leases") == true)
        #expect(refusal?.retryAfterMilliseconds ?? 0 > 0)
        // One that is held can still be extended, and one that is released makes room.
        #expect(desk.answer(.extend(LeaseCall.Hold(first), token: 5, limitTick: 0)).refusal == nil)
        var extended = first
        extended.token = 5
        _ = desk.answer(.release(LeaseCall.Hold(extended), firstUnusedTick: 0))
        #expect(begin(desk).grant != nil && begin(desk).grant == nil)
    }

    @Test func aLeaseThatHasEndedMakesRoom() async throws {
        let desk = desk(maximumCount: 1)
        #expect(begin(desk) { $0.windowMilliseconds = 1 }.grant != nil)
        try await Task.sleep(for: .milliseconds(5))
        #expect(desk.count == 0 && begin(desk).grant != nil)
    }

    @Test func whenAllWorkersAreHeldThereIsNone() {
        let desk = desk(maximumWorker: 1)
        #expect(begin(desk).grant != nil && begin(desk).grant != nil)
        let refusal = begin(desk).refusal
        #expect(refusal?.code == .unavailable && refusal?.message.contains("all workers") == true)
        #expect((1...10_000).contains(refusal?.retryAfterMilliseconds ?? 0))
    }

    @Test func aCallerWhoseClockIsOffGetsNone() {
        let desk = desk()
        for offset in [-31_000, 31_000] as [Int64] {
            let refusal = begin(desk) { $0.unixMilliseconds = UInt64(Int64(nowMilliseconds) + offset) }.refusal
            #expect(refusal?.code == .failedPrecondition)
            #expect(refusal?.message.contains(offset < 0 ? "behind" : "ahead of") == true)
        }
        #expect(begin(desk) { $0.unixMilliseconds = nowMilliseconds - 20_000 }.grant != nil)
        // Half of the window is the most.
        let short = begin(desk) {
            $0.unixMilliseconds = nowMilliseconds - 20_000
            $0.windowMilliseconds = 10_000
        }
        #expect(short.refusal?.message.contains("5000 ms are allowed") == true)
    }

    /// It would keep the worker from everybody until then.
    @Test func noLeaseBeginsLongAfterNow() {
        let desk = desk()
        let now = clock.now().tick
        #expect(begin(desk) { $0.notBeforeTick = now + 290_000 }.grant != nil)
        for tick in [now + 400_000, Space.endTick(of: .snowflake) - 1, .max] {
            #expect(begin(desk) { $0.notBeforeTick = tick }.refusal?.code == .unavailable, "\(tick)")
        }
    }

    /// It would pass for a repetition, and two copies that send the same one would both be told that they hold the lease.
    @Test func aTokenThatTheLeaseHadIsRefused() throws {
        let desk = desk()
        let lease = try #require(begin(desk).grant?.lease)
        let again = desk.answer(.extend(LeaseCall.Hold(lease), token: lease.token, limitTick: 0)).refusal
        #expect(again?.code == .invalidArgument && again?.message.contains("draw a new") == true)
        let hold = LeaseCall.Hold(lease, unansweredTokens: [7])
        #expect(desk.answer(.extend(hold, token: 7, limitTick: 0)).refusal?.code == .invalidArgument)
    }

    /// A daemon at rest keeps its worker, though the window has ended.
    @Test func aDaemonsOwnWorkersAreNotLeased() {
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 9),
            maximumWorker: 1,
            maximumTick: Space.endTick(of: .snowflake) - 1,
            windowTicks: 3000
        )
        let desk = LeaseDesk(
            claims: claims,
            layout: .snowflake,
            clock: clock,
            configuration: LeaseDesk.Configuration(
                maximumCount: 10,
                window: .seconds(60),
                maximumWindow: .seconds(300),
                clockTolerance: .seconds(3600)
            ),
            ownWorkers: { [0] }
        )
        #expect(begin(desk).grant?.lease.worker == 1)
        #expect(begin(desk).refusal?.code == .unavailable)
    }

    @Test func aLeaseThatNobodyWaitsForIsGivenBack() throws {
        let desk = desk(maximumWorker: 0)
        let grant = try #require(begin(desk).grant)
        desk.giveBack(grant)
        #expect(desk.count == 0)
        // It is free from the next tick on.
        let end = ContinuousClock.now + .seconds(60)
        while begin(desk).grant == nil { try #require(.now < end) }
    }

    @Test func aStoreThatIsAwayIsUnavailable() throws {
        let desk = desk()
        let lease = try #require(begin(desk).grant?.lease)
        store.isAvailable = false
        let refusals = [
            begin(desk).refusal, desk.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0)).refusal,
            desk.answer(.release(LeaseCall.Hold(lease), firstUnusedTick: 0)).refusal,
        ]
        for refusal in refusals {
            #expect(refusal?.code == .unavailable && refusal?.retryAfterMilliseconds == 1000)
        }
        store.isAvailable = true
        #expect(desk.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0)).refusal == nil)
    }
}

extension StoreReply.Content {
    fileprivate var grant: LeaseGrant? { if case .leased(let grant) = self { grant } else { nil } }
    fileprivate var refusal: Status? { if case .refused(let status) = self { status } else { nil } }
}
