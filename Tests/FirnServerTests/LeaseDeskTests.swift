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
        maximumWorker: UInt32 = 1023,
        clockTolerance: Duration = .seconds(3600),
        journal: GrantJournal? = nil
    ) -> LeaseDesk {
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 9),
            maximumWorker: maximumWorker,
            maximumTick: Space.endTick(of: .snowflake) - 1,
            windowTicks: 3000,
            journal: journal
        )
        return LeaseDesk(
            claims: claims,
            layout: .snowflake,
            clock: clock,
            configuration: LeaseDesk.Configuration(
                maximumCount: maximumCount,
                window: window,
                maximumWindow: maximumWindow,
                clockTolerance: clockTolerance
            )
        )
    }

    func begin(
        _ desk: LeaseDesk,
        _ change: (inout LeaseCall.Beginning) -> Void = { _ in }
    ) -> StoreReply.Content {
        var beginning = LeaseCall.Beginning(name: Name("orders")!, host: "web-1", pid: 4)
        change(&beginning)
        return desk.answer(.begin(beginning))
    }

    var nowMilliseconds: UInt64 { UInt64(clock.now().unixNanoseconds / 1_000_000) }

    @Test func aLeaseSaysWhatAnIDIsMadeOf() throws {
        let grant = try #require(begin(desk()).grant)
        let now = clock.now().tick
        #expect(grant.layout == .snowflake && grant.lease.firstTick <= now && grant.lease.firstTick + 60_000 >= now)
        #expect(grant.lease.limitTick == grant.lease.firstTick + 60_000)
        #expect(grant.limitUnixMilliseconds == Layout.snowflake.unixMilliseconds(ofTick: grant.lease.limitTick))
        #expect(grant.lease.token != 0)
        let record = try #require(try store.read("workers/\(grant.lease.worker)"))
        #expect(record.value.contains("lessee=orders") && record.value.contains("host=web-1"))
        let other = try #require(begin(desk()) { $0.pod = "pod-7" }.grant)
        let text = try #require(try store.read("workers/\(other.lease.worker)")).value
        #expect(
            try WorkerRecord(key: "workers/\(other.lease.worker)", text: text).holder.text
                == "pod pod-7 on host web-1, pid 4"
        )
    }

    @Test func aWindowIsAsLongAsAskedAndNoLongerThanTheLongest() throws {
        for (asked, given) in [(0, 60_000), (100, 100), (5000, 5000), (10_000_000, 300_000), (.max, 300_000)]
            as [(UInt64, UInt64)]
        {
            let lease = try #require(begin(desk()) { $0.windowMilliseconds = asked }.grant?.lease)
            #expect(lease.limitTick - lease.firstTick == given, "\(asked)")
        }
    }

    @Test(arguments: [1, 99] as [UInt64]) func aWindowThatIsTooShortIsRefused(_ milliseconds: UInt64) {
        let refusal = begin(desk()) { $0.windowMilliseconds = milliseconds }.refusal
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.message.contains("\(milliseconds) ms") == true && refusal?.message.contains("100 ms") == true)
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
        #expect(next.limitTick <= clock.now().tick + 60_000)
        guard case .leaseExtended(let third, _) = desk.answer(.extend(LeaseCall.Hold(next), token: 0, limitTick: 0))
        else {
            Issue.record("it is the lease's holder")
            return
        }
        #expect(third.token != next.token && third.token != 0)
    }

    /// And not the one that was asked for.
    @Test func theLimitThatIsToldIsTheOneThatWasGranted() throws {
        let desk = desk(maximumWindow: .seconds(100))
        let lease = try #require(begin(desk).grant?.lease)
        let hold = LeaseCall.Hold(lease)
        guard
            case .leaseExtended(let next, let told) = desk.answer(
                .extend(hold, token: 5, limitTick: lease.firstTick + 900_000)
            )
        else {
            Issue.record("it is the lease's holder")
            return
        }
        #expect(next.limitTick <= clock.now().tick + 100_000)
        #expect(told == Layout.snowflake.unixMilliseconds(ofTick: next.limitTick))
    }

    @Test func tokensWithoutAnAnswerGoOn() throws {
        let desk = desk()
        for isReleased in [false, true] {
            let lease = try #require(begin(desk).grant?.lease)
            _ = desk.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0))
            let hold = LeaseCall.Hold(lease, unansweredTokens: [4, 5])
            let next = desk.answer(
                isReleased ? .release(hold, firstUnusedTick: 1) : .extend(hold, token: 6, limitTick: 0)
            )
            #expect(next.refusal == nil, "\(next)")
        }
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
}

extension StoreReply.Content {
    var grant: LeaseGrant? { if case .leased(let grant) = self { grant } else { nil } }
    var refusal: Status? { if case .refused(let status) = self { status } else { nil } }
}
