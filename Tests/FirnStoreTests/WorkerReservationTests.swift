import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// Workers that an operator keeps for a system outside of the store.
@Suite struct WorkerReservationTests {
    private static let endTick: UInt64 = 1 << 41
    private static let now = at(1000)

    private static func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }

    private static var operatorHolder: Holder {
        Holder(host: "desk", pod: Holder.operatorPod, pid: 9, instance: 99)
    }

    private func claims(_ store: any Store, _ instance: UInt64 = 1) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: 1023,
            maximumTick: Self.endTick - 1,
            windowTicks: 100,
            outlierTicks: 1000
        )
    }

    private func claim(_ store: any Store, _ worker: UInt32, at tick: UInt64 = 1000) throws -> ClaimOutcome {
        var random = SeededGenerator(seed: UInt64(worker))
        return try claims(store).claim(.fixed(worker), at: Self.at(tick), using: &random)
    }

    private func reserve(
        _ store: any Store,
        _ workers: [UInt32],
        for purpose: String = "legacy",
        at tick: UInt64 = 1000
    ) -> [WorkerReservation.Outcome] {
        WorkerReservation(
            reservingFor: purpose,
            endTick: Self.endTick,
            by: Self.operatorHolder,
            at: Self.at(tick)
        ).perform(store, workers)
    }

    private func unreserve(_ store: any Store, _ workers: [UInt32], at tick: UInt64) -> [WorkerReservation.Outcome] {
        WorkerReservation(endingBy: Self.operatorHolder, at: Self.at(tick)).perform(store, workers)
    }

    @Test(arguments: StoreUnderTest.allCases) func noDaemonClaimsAReservedWorker(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let numbers = (0..<1023).map(UInt32.init)
        #expect(reserve(store, numbers) == numbers.map { _ in .done(nil) })
        var random = SeededGenerator(seed: 1)
        for tick in [1000, 1 << 40, Self.endTick - 1] {
            #expect(try claim(store, 7, at: tick) == .reserved(worker: 7, purpose: "legacy"))
        }
        let none = try claims(store).claim(.any(excluding: [1023]), at: Self.now, using: &random)
        let taken = TakenWorkers(held: 1, reserved: 1023, for: ["legacy"])
        #expect(none == .noneFree(freeAtTick: nil, taken), "none of these becomes free by itself")
        let any = try claims(store).claim(.any(excluding: []), at: Self.now, using: &random)
        #expect(any.held?.worker == 1023)
    }

    /// The form is one that a daemon of an earlier version knows, as a worker that stays unused up to a time.
    @Test func theRecordIsOneThatEarlierVersionsDoNotClaim() throws {
        let store = MemoryStore()
        #expect(reserve(store, [7]) == [.done(nil)])
        let text = try #require(try store.read(WorkerRecord.key(7))).value
        #expect(text.hasPrefix("worker/3 generation=1 limit=0 used=2199023255552 host=desk pod=firn-command "))
        #expect(text.hasSuffix(" lessee=legacy"))
        let record = try WorkerRecord(key: WorkerRecord.key(7), text: text)
        #expect(record.freeFrom == Self.endTick, "it is used up to the layout's end")
        #expect(!claims(store).isFarAhead(record, atTick: 1000), "its limit is no daemon's wrong clock")
        guard case .plausible(farAhead: []) = try claims(store).checkClock(nowTick: 1000, allowedTicks: 0) else {
            throw Unexpected()
        }
    }

    @Test(arguments: StoreUnderTest.allCases) func aHeldWorkerIsRefusedWithItsHolder(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let held = try #require(try claim(store, 5).held)
        let outcomes = reserve(store, [4, 5, 6])
        #expect(outcomes[0] == .done(nil) && outcomes[2] == .done(nil), "each by itself")
        guard case .refused(let record) = outcomes[1] else { throw Unexpected() }
        #expect(record.holder == holder(1) && record.limit == held.limit)
        #expect(try claim(store, 6) == .reserved(worker: 6, purpose: "legacy"))
        // Its window has passed: it rests, and its next write finds the worker taken.
        guard case .done(let before?) = reserve(store, [5], at: 1100)[0] else { throw Unexpected() }
        #expect(before.limit == 1100)
        var random = SeededGenerator(seed: 2)
        guard case .lost(let found?) = claims(store).extend(held, toLimit: 1300, at: Self.at(1200), using: &random)
        else {
            throw Unexpected()
        }
        #expect(found.reservedFor == "legacy" && found.generation == 2)
    }

    @Test(arguments: StoreUnderTest.allCases) func repeatingItChangesNothing(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        _ = reserve(store, [1, 2])
        let before = try store.list(prefix: "")
        #expect(reserve(store, [1, 2, 3]) == [.unneeded, .unneeded, .done(nil)])
        guard case .refused(let record) = reserve(store, [1], for: "billing")[0] else { throw Unexpected() }
        #expect(record.reservedFor == "legacy")
        #expect(unreserve(store, [8], at: 1000) == [.unneeded])
        #expect(try store.list(prefix: "").filter { $0.key != "workers/3" } == before)
    }

    @Test(arguments: StoreUnderTest.allCases) func anUnreservedWorkerIsClaimedAboveThePresent(
        _ kind: StoreUnderTest
    ) throws {
        let store = try kind.make()
        _ = try #require(try claim(store, 5).held)
        _ = reserve(store, [5, 6], at: 1100)
        let outcomes = unreserve(store, [5, 6], at: 5000)
        #expect(outcomes.allSatisfy { if case .done = $0 { true } else { false } })
        let text = try #require(try store.read(WorkerRecord.key(5))).value
        #expect(text.hasPrefix("worker/1 generation=3 limit=5001 "), "the form that all versions read")
        // A daemon whose clock is behind that of the command waits.
        #expect(try claim(store, 6, at: 4999) == .held(by: Self.operatorHolder, untilTick: 5001))
        let held = try #require(try claim(store, 5, at: 5001).held)
        #expect(held.firstTick == 5001 && held.generation == 4)
    }

    /// Of a worker that somebody's wrong clock used, what was used is not forgotten.
    @Test func aWorkerThatIsUsedAheadIsRefused() throws {
        let store = MemoryStore()
        let record = WorkerRecord(
            generation: 3,
            limit: 500,
            used: 9000,
            holder: Self.operatorHolder,
            writeToken: 7,
            renewedAtUnixMilliseconds: 1
        )
        _ = try store.write(WorkerRecord.key(2), record.text, ifVersion: nil, ifValue: nil)
        #expect(reserve(store, [2]) == [.refused(record)])
        #expect(reserve(store, [2], at: 9000) == [.done(record)])
        _ = unreserve(store, [2], at: 9001)
        #expect(try claim(store, 2, at: 9002).held?.firstTick == 9002)
    }

    /// Whoever leases a worker says by itself what its pod is called.
    @Test func aLesseeReservesNothing() throws {
        let store = MemoryStore()
        var random = SeededGenerator(seed: 1)
        let outcome = try WorkerLeases(claims: claims(store), maximumWindowTicks: 100).lease(
            to: "legacy",
            holder: Self.operatorHolder,
            windowTicks: 100,
            notBefore: 0,
            at: Self.now,
            using: &random
        )
        guard case .leased(let lease) = outcome else { throw Unexpected() }
        #expect(try claim(store, lease.worker) == .held(by: Self.operatorHolder, untilTick: 1100))
        #expect(try claim(store, lease.worker, at: 1100).held != nil)
    }

    /// A repair that keeps a daemon's grant unused leaves the reservation as it is.
    @Test func aRepairKeepsTheReservation() throws {
        let store = MemoryStore()
        _ = reserve(store, [5])
        let grant = Grant(
            address: 1,
            storeID: 1,
            worker: 5,
            generation: 8,
            limit: Self.at(2000),
            version: 1
        )
        try WorkerUse.keep(store, grant, by: Self.operatorHolder, at: Self.now)
        #expect(try claim(store, 5) == .reserved(worker: 5, purpose: "legacy"))
    }

    /// Between the read and the write of one, the other writes: the second write replaces nothing.
    @Test func whoReadsBeforeAndWritesAfterTheOtherFindsIt() throws {
        let store = MemoryStore()
        let isFirst = OnceFlag()
        let claimed = Mutex<ClaimOutcome?>(nil)
        store.onOperation { operation, key in
            guard operation == .write, key == "workers/5", isFirst.take() else { return }
            let outcome = try? claim(store, 5)
            claimed.withLock { $0 = outcome }
        }
        guard case .refused(let record) = reserve(store, [5])[0] else { throw Unexpected() }
        #expect(record.holder == holder(1) && claimed.withLock { $0?.held?.limit } == record.limit)

        let isSecond = OnceFlag()
        store.onOperation { operation, key in
            guard operation == .write, key == "workers/6", isSecond.take() else { return }
            #expect(reserve(store, [6]) == [.done(nil)])
        }
        #expect(try claim(store, 6) == .reserved(worker: 6, purpose: "legacy"))
    }

    /// Of a daemon that claims and a command that reserves at the same moment, one wins.
    @Test(arguments: StoreUnderTest.allCases) func aRaceHasOneWinner(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        for worker in 0..<UInt32(20) {
            let claimed = Mutex<ClaimOutcome?>(nil)
            let reserved = Mutex<WorkerReservation.Outcome?>(nil)
            onThreads(2) { thread in
                if thread == 0 {
                    let outcome = try? claim(store, worker)
                    claimed.withLock { $0 = outcome }
                } else {
                    let outcome = reserve(store, [worker])[0]
                    reserved.withLock { $0 = outcome }
                }
            }
            let isClaimed = claimed.withLock { $0?.held != nil }
            #expect((reserved.withLock { $0 } == .done(nil)) == !isClaimed, "worker \(worker)")
        }
    }

    private struct Unexpected: Error {}
}
