import FirnEngine
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWindows
import FirnWire
import Testing

@testable import FirnServer

/// What a daemon refuses, and what it counts.
extension LeaseDeskTests {
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
        #expect(begin(desk) { $0.windowMilliseconds = 100 }.grant != nil)
        try await Task.sleep(for: .milliseconds(105))
        #expect(desk.count == 0 && begin(desk).grant != nil)
    }

    /// Until the first lease ends, or for a while: one may be released.
    @Test(
        arguments: [(100, 1000...1000), (5000, 3000...5000), (60_000, 10_000...10_000)]
            as [(UInt64, ClosedRange<UInt32>)]
    )
    func whoFindsNoRoomIsToldWhenToAskAgain(_ window: UInt64, _ expected: ClosedRange<UInt32>) {
        let desk = desk(maximumCount: 2, window: .seconds(200))
        #expect(begin(desk).grant != nil)
        #expect(begin(desk) { $0.windowMilliseconds = window }.grant != nil)
        let refusal = begin(desk).refusal
        #expect(refusal?.code == .resourceExhausted && expected.contains(refusal?.retryAfterMilliseconds ?? 0))
    }

    /// They are not refused; but a daemon does not remember any number of them.
    @Test func extensionsOfOtherDaemonsLeasesCount() throws {
        let (first, second) = (desk(), desk(maximumCount: 1))
        for count in [1, 2, 2] {
            let lease = try #require(begin(first).grant?.lease)
            #expect(second.answer(.extend(LeaseCall.Hold(lease), token: 5, limitTick: 0)).refusal == nil)
            #expect(second.count == count)
        }
        #expect(begin(second).refusal?.code == .resourceExhausted)
    }

    @Test func whenAllWorkersAreHeldThereIsNone() {
        let desk = desk(maximumWorker: 1)
        #expect(begin(desk).grant != nil && begin(desk).grant != nil)
        let refusal = begin(desk).refusal
        #expect(refusal?.code == .unavailable && refusal?.message.contains("taken: 2 are held") == true)
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
        let strict = begin(self.desk(clockTolerance: .seconds(1))) { $0.unixMilliseconds = nowMilliseconds - 2000 }
        #expect(strict.refusal?.message.contains("1000 ms are allowed") == true)
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
        for tick in [now + 400_000, Space.endTick(of: .snowflake) - 1] {
            #expect(begin(desk) { $0.notBeforeTick = tick }.refusal?.code == .unavailable, "\(tick)")
        }
    }

    /// That time never comes, so asking again is of no use.
    @Test func noLeaseBeginsAfterTheLayoutsEnd() {
        for tick in [Space.endTick(of: .snowflake), .max] {
            let refusal = begin(desk()) { $0.notBeforeTick = tick }.refusal
            #expect(refusal?.code == .failedPrecondition && refusal?.retryAfterMilliseconds == 0, "\(tick)")
            #expect(refusal?.message.contains("\(tick)") == true)
        }
    }

    /// Its limit cannot rise, and its holder would go on with ticks that have passed.
    @Test func noLeaseIsExtendedAfterTheLayoutsEnd() throws {
        // 2^20 ms, from the beginning of 2025.
        let layout = try Layout(parsing: "time:20ms@2025-01-01T00:00:00Z,worker:8,sequence:12")
        let end = Space.endTick(of: layout)
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 9),
            maximumWorker: 255,
            maximumTick: end - 1,
            windowTicks: 3000
        )
        let record = WorkerRecord(
            generation: 1,
            limit: end,
            holder: Holder(host: "web-1", pod: nil, pid: 4, instance: 7),
            writeToken: 5,
            renewedAtUnixMilliseconds: 0,
            lessee: "orders"
        )
        _ = try store.write(WorkerRecord.key(3), record.text, ifVersion: nil)
        let desk = LeaseDesk(
            claims: claims,
            layout: layout,
            clock: TickClock(layout: layout),
            configuration: LeaseDesk.Configuration(
                maximumCount: 10,
                window: .seconds(60),
                maximumWindow: .seconds(300),
                clockTolerance: .seconds(3600)
            )
        )
        let lease = Lease(worker: 3, generation: 1, instance: 7, token: 5, firstTick: end - 100, limitTick: end)
        let refusal = desk.answer(.extend(LeaseCall.Hold(lease), token: 6, limitTick: 0)).refusal
        #expect(refusal?.code == .failedPrecondition, "\(refusal.map { "\($0)" } ?? "none")")
        #expect(refusal?.message.contains("2025-01-01T00:17:28") == true)
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

    /// Its holder must not go on, and not wait for it.
    @Test func aStoreThatWasSetBackAbortsLeases() throws {
        let journal = try GrantJournal(
            GrantJournal.Context(storeID: 1, storeName: "memory", unixMilliseconds: { $0 }, text: { "\($0)" })
        )
        let lease = try #require(begin(desk()).grant?.lease)
        journal.granted(
            HeldWorker(worker: 1000, generation: 9, version: 9, firstTick: lease.firstTick, limit: lease.limitTick + 9)
        )
        #expect(throws: StoreError.self) { try journal.verify(store) }
        let desk = desk(journal: journal)
        for call in [
            .extend(LeaseCall.Hold(lease), token: 5, limitTick: 0), .release(LeaseCall.Hold(lease), firstUnusedTick: 1),
        ] as [LeaseCall] {
            let refusal = desk.answer(call).refusal
            #expect(refusal?.code == .aborted && refusal?.message.contains("Mint nothing more") == true)
        }
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
