import FirnTestSupport
import Testing

@testable import FirnStore

/// What a start reads of the store to judge its clock, and what daemons write for it. A tick is a second.
@Suite struct ClockEvidenceTests {
    private static let now: UInt64 = 1_000_000_000
    private static let tenYears: UInt64 = 315_360_000
    private static let hour: UInt64 = 3600
    let store = MemoryStore()
    var random = SeededGenerator(seed: 3)

    private func claims(
        _ host: String,
        _ store: (any Store)? = nil,
        clock: UInt64? = nil,
        findings: WorkerFindings = WorkerFindings()
    ) -> WorkerClaims {
        WorkerClaims(
            store: store ?? self.store,
            holder: Holder(host: host, pod: nil, pid: 1, instance: Grant.digest(host)),
            maximumWorker: 65_535,
            maximumTick: 1 << 40,
            windowTicks: 3,
            outlierTicks: 86_400,
            clockID: clock,
            testimonyTicks: 600,
            findings: findings
        )
    }

    private func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick * 1000) }

    private func check(_ claims: WorkerClaims, _ tick: UInt64 = now) throws -> WorkerClaims.ClockCheck {
        try claims.checkClock(nowTick: tick, allowedTicks: Self.hour)
    }

    private mutating func start(_ claims: WorkerClaims, _ tick: UInt64, _ rule: ClaimRule = .any(excluding: [])) throws
        -> HeldWorker
    {
        let held = try #require(try claims.claim(rule, at: at(tick), using: &random).held)
        try claims.testify(held, at: at(tick))
        return held
    }

    private func clock() throws -> ClockRecord {
        try ClockRecord(text: try #require(try store.read(ClockRecord.key)).value)
    }

    /// The issue's case: ten years ahead for five seconds.
    @Test mutating func aRecordFarAheadKeepsNobodyFromStarting() throws {
        let ahead = try start(claims("ahead"), Self.now + Self.tenYears, .fixed(7))
        for host in ["other", "ahead", "third"] {
            let found = WorkerFindings()
            let claims = claims(host, findings: found)
            guard case .plausible(let workers) = try check(claims) else {
                Issue.record("\(host) does not start")
                continue
            }
            #expect(workers.map(\.worker) == [7] && workers[0].freeFromTick == ahead.limit)
            #expect(found.farAheadCount(nowTick: Self.now) == 1 && found.takeUnreported().farAhead == workers)
            #expect(found.takeUnreported().farAhead == [], "named once")
            #expect(try start(claims, Self.now).worker != 7)
            // Who wants that one is told why not, and until when.
            let refused = try claims.claim(.fixed(7), at: at(Self.now), using: &random)
            #expect(refused == .usedAhead(worker: 7, untilTick: ahead.limit))
        }
        #expect(try claims("late").claim(.fixed(7), at: at(ahead.limit), using: &random).held?.firstTick == ahead.limit)
    }

    /// Nearer than a day it is held like any other.
    @Test mutating func aFixedWorkerThatIsAnHourAheadIsHeld() throws {
        let ahead = try start(claims("ahead"), Self.now + 2 * Self.hour, .fixed(7))
        let refused = try claims("other").claim(.fixed(7), at: at(Self.now), using: &random)
        #expect(refused == .held(by: claims("ahead").holder, untilTick: ahead.limit))
        guard case .clockBehind(_, _, 7, _) = try check(claims("other")) else {
            Issue.record("the only other host is believed")
            return
        }
    }

    /// 60,000 workers of other times, of which the first records say nothing.
    @Test mutating func aClockThatIsBehindALargeFleetIsNoticedByTheWitnesses() throws {
        let large = MemoryStore(held: (0..<65_536).filter { $0 % 64 >= 5 }, limit: Self.now - 20 * Self.hour)
        let counting = CountingStore(large)
        for number in 1...3 {
            let claims = claims("live-\(number)", counting)
            let held = try #require(try claims.claim(.any(excluding: []), at: at(Self.now), using: &random).held)
            try claims.testify(held, at: at(Self.now))
        }
        _ = counting.take()
        guard
            case .clockBehind(let storeTick, _, _, _) = try check(claims("behind", counting), Self.now - 2 * Self.hour)
        else {
            Issue.record("a clock that is behind is not noticed")
            return
        }
        #expect(storeTick == Self.now + 3)
        let counts = counting.take()
        #expect(counts.lists == 1 && counts.reads == 2 && counts.records <= 64 + 1 + 3, "\(counts)")
    }

    /// A store of earlier versions of Firn, or one whose daemons of this version stopped long ago: 2,000 workers of other
    /// times, of which the first records say nothing, and three that live.
    @Test(arguments: [nil, "gone", "behind"] as [String?])
    mutating func aClockThatIsBehindALargeOldFleetIsNoticedByAllRecords(_ witness: String?) throws {
        let wrong = Self.now - 2 * Self.hour
        let large = MemoryStore(held: 0..<2000, limit: Self.now - 20 * Self.hour)
        let counting = CountingStore(large)
        if let witness {
            // This host's own word is of the time at which its clock stood still.
            let since = witness == "behind" ? wrong - 1 : Self.now - 20 * Self.hour
            let claims = claims(witness, counting)
            let held = try #require(try claims.claim(.any(excluding: []), at: at(since), using: &random).held)
            try claims.testify(held, at: at(since))
            #expect(try large.read(ClockRecord.key) != nil)
        }
        let live = (1...3).map { claims("live-\($0)", counting) }
        for claims in live { _ = try claims.claim(.any(excluding: []), at: at(Self.now), using: &random) }
        _ = counting.take()
        guard case .clockBehind(let storeTick, _, _, _) = try check(claims("behind", counting), wrong) else {
            Issue.record("a clock that is behind is not noticed")
            return
        }
        #expect(storeTick == Self.now + 3)
        #expect(counting.take().lists == 4)
        // And once they have testified, these are not listed any more.
        let held = try #require(try live[0].claim(.any(excluding: []), at: at(Self.now), using: &random).held)
        try live[0].testify(held, at: at(Self.now))
        _ = counting.take()
        #expect(try check(claims("right", counting)) == .plausible)
        #expect(counting.take().lists == 1)
    }

    @Test mutating func aWorkerFarAheadAmongManyIsFoundWithoutWitnesses() throws {
        let large = MemoryStore(held: 0..<2000, limit: Self.now - 20 * Self.hour)
        let ahead = try #require(
            try claims("ahead", large).claim(.fixed(1999), at: at(Self.now + Self.tenYears), using: &random).held
        )
        let found = WorkerFindings()
        let claims = claims("other", large, findings: found)
        guard case .plausible(let workers) = try check(claims) else {
            Issue.record("it keeps others from starting")
            return
        }
        #expect(workers.map(\.freeFromTick) == [ahead.limit] && found.takeUnreported().farAhead == workers)
        #expect(try claims.farAhead(1999, nowTick: Self.now)?.freeFromTick == ahead.limit)
        #expect(try claims.farAhead(1999, nowTick: ahead.limit) == nil)
        #expect(try claims.farAhead(0, nowTick: Self.now) == nil)
    }

    @Test mutating func aRecordThatCannotBeReadIsNamedOnce() throws {
        _ = try store.write("workers/5", "worker/1 limit=5", ifVersion: nil)
        let found = WorkerFindings()
        let claims = claims("own", findings: found)
        #expect(try check(claims) == .plausible)
        for _ in 0..<20 { _ = try claims.claim(.any(excluding: []), at: at(Self.now), using: &random) }
        let messages = found.takeUnreported().unreadable.map(\.message)
        #expect(messages.count == 1 && messages[0].contains("workers/5"))
        #expect(found.takeUnreported().unreadable == [])
    }

    /// Daemons of earlier versions write no witnesses.
    @Test mutating func withoutWitnessesTheWorkersThemselvesAreEvidence() throws {
        for number in 1...3 {
            _ = try claims("old-\(number)").claim(.any(excluding: []), at: at(Self.now), using: &random)
        }
        #expect(try store.read(ClockRecord.key) == nil)
        guard case .clockBehind = try check(claims("behind"), Self.now - 2 * Self.hour) else {
            Issue.record("not noticed")
            return
        }
        let text = "clock/1 nonsense"
        _ = try store.write(ClockRecord.key, text, ifVersion: nil)
        guard case .clockBehind = try check(claims("behind"), Self.now - 2 * Self.hour) else {
            Issue.record("not noticed with a record that cannot be read")
            return
        }
        _ = try start(claims("own"), Self.now)
        #expect(try clock().witnesses.map(\.host) == ["own"], "it is written anew")
    }

    @Test mutating func aRecordOfANewerVersionIsLeftAlone() throws {
        _ = try store.write(ClockRecord.key, "clock/2 more", ifVersion: nil)
        _ = try start(claims("own"), Self.now)
        #expect(try store.read(ClockRecord.key)?.value == "clock/2 more")
        #expect(try check(claims("own")) == .plausible)
    }

    /// The operator's word about a worker counts more than its witness.
    @Test mutating func aWitnessIsVoidOnceItsWorkerWasReleased() throws {
        // The record `clock` is read because there are more workers than are read in any case.
        for number in 0..<70 {
            _ = try claims("old-\(number)").claim(.any(excluding: []), at: at(Self.now - 10), using: &random)
        }
        let held = try start(claims("ahead"), Self.now + 5 * Self.hour)
        guard case .clockBehind = try check(claims("other")) else {
            Issue.record("it is nearer than a day")
            return
        }
        let record = try WorkerRecord(
            key: WorkerRecord.key(held.worker),
            text: try #require(try store.read(WorkerRecord.key(held.worker))).value
        )
        let operatorHolder = Holder(host: "desk", pod: Holder.operatorPod, pid: 1, instance: 1)
        _ = try WorkerRelease(worker: held.worker, record: record, isHolderDead: true)
            .perform(store, by: operatorHolder, at: at(Self.now))
        #expect(try check(claims("other")) == .plausible)
        #expect(
            try claims("other").claim(.fixed(held.worker), at: at(Self.now + 2), using: &random)
                == .usedAhead(worker: held.worker, untilTick: held.limit),
            "its range is not freed"
        )
    }

    @Test mutating func aDaemonWritesItsWordOnceInAnIntervalAndAFleetOnlySome() throws {
        let counting = CountingStore(store)
        var writes = 0
        for number in 0..<100 {
            let claims = claims("host-\(number)", counting)
            let held = try #require(
                try claims.claim(.any(excluding: []), at: at(Self.now + UInt64(number)), using: &random).held
            )
            _ = counting.take()
            for _ in 0..<2 { try claims.testify(held, at: at(Self.now)) }
            let counts = counting.take()
            #expect(counts.reads == 2 && counts.lists == 0 && counts.writes <= 1)
            writes += counts.writes
        }
        #expect(writes == ClockRecord.maximumWitnesses)
        // The next interval's.
        let late = claims("host-50", counting)
        let held = try #require(try late.claim(.any(excluding: []), at: at(Self.now + 900), using: &random).held)
        try late.testify(held, at: at(Self.now + 900))
        #expect(try clock().witnesses.last?.host == "host-50")
    }

    /// Running daemons learn of it too, and forget it when it is over.
    @Test mutating func workersThatAreFarAheadAreKnownToTheFleet() throws {
        let ahead = try start(claims("ahead"), Self.now + Self.tenYears)
        let found = WorkerFindings()
        let running = claims("running", findings: found)
        let held = try start(running, Self.now)
        #expect(found.takeUnreported().farAhead.map(\.worker) == [ahead.worker])
        #expect(try clock().aheadWorkers == [ahead.worker])
        // Its host is right again, and its word replaces the wrong one; the worker stays known.
        _ = try start(claims("ahead"), Self.now)
        #expect(try clock().aheadWorkers == [ahead.worker])
        let later = WorkerFindings()
        try claims("later", findings: later).testify(held, at: at(Self.now))
        #expect(later.farAheadCount(nowTick: Self.now) == 1)
        try running.testify(held, at: at(ahead.limit))
        #expect(found.farAheadCount(nowTick: Self.now) == 0)
        #expect(try clock().aheadWorkers == [])
    }

    @Test func theRecordsTextComesBackAndNothingElseIsRead() throws {
        var record = ClockRecord()
        #expect(try ClockRecord(text: record.text) == record)
        for number in 1...20 {
            record.add(
                ClockRecord.Witness(
                    host: "a host=\(number)",
                    clockID: number % 2 == 0 ? UInt64(number) : nil,
                    worker: UInt32(number),
                    limit: UInt64(number),
                    version: 5
                ),
                outlierTicks: 1
            )
            record.addAhead(UInt32(number))
            #expect(try ClockRecord(text: record.text) == record)
        }
        #expect(record.witnesses.map(\.worker) == Array(13...20))
        #expect(record.aheadWorkers == [17, 18, 19, 20])
        for text in ["clock/1 host=a", "clock/1 ahead=4294967296", record.text + " ahead=1", "clock/1 ahead=1 host=a"] {
            #expect(throws: StoreError.self) { try ClockRecord(text: text) }
        }
    }

    /// A machine with many containers does not displace all others.
    @Test func witnessesOfOneClockMakeRoomFirst() {
        var record = ClockRecord()
        func add(_ host: String, _ clock: UInt64) {
            record.add(
                ClockRecord.Witness(host: host, clockID: clock, worker: 0, limit: 9, version: 1),
                outlierTicks: .max
            )
        }
        for number in 1...4 { add("other-\(number)", UInt64(number)) }
        for number in 1...30 { add("pod-\(number)", 77) }
        #expect(record.witnesses.map(\.host).filter { $0.hasPrefix("other") }.count == 4)
        #expect(record.witnesses.count == ClockRecord.maximumWitnesses && record.witnesses.last?.host == "pod-30")
    }
}
