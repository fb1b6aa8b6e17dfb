import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// A window keeper's calls on leases, with a daemon whose answers can be lost.
@Suite struct LeasedWorkersTests {
    let daemon = ScriptedDaemon()
    var random = SeededGenerator(seed: 3)

    var workers: LeasedWorkers {
        LeasedWorkers(calls: daemon, maximumWorker: 3, maximumTick: 1 << 40, windowTicks: 100)
    }

    func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }

    mutating func claimed(by workers: LeasedWorkers) throws -> HeldWorker {
        daemon.now = 1000
        return try #require(
            try workers.claim(.any(excluding: []), at: at(1000), notBefore: 990, using: &random).held
        )
    }

    @Test mutating func aClaimIsALease() throws {
        let held = try claimed(by: workers)
        #expect(held.firstTick == 1000 && held.limit == 1100 && held.generation == 1)
        #expect(held.lease.instance == 77 && held.lease.token != 0)
    }

    @Test mutating func aClaimWithoutAnAnswerHasFailed() {
        daemon.losesAnswers = 1
        #expect(throws: StoreError.self) {
            _ = try workers.claim(.any(excluding: []), at: at(1000), notBefore: 0, using: &random)
        }
    }

    /// A daemon with another layout, or one that does not know where its holder's last IDs ended.
    @Test(
        arguments: [(9, 1000, 1100), (3, 989, 1100), (3, 1101, 1100), (3, 1000, (1 << 40) + 2)]
            as [(UInt32, UInt64, UInt64)]
    )
    mutating func aLeaseOutsideOfWhatWasAskedForIsRefused(_ worker: UInt32, _ firstTick: UInt64, _ limit: UInt64) {
        daemon.now = 1000
        daemon.answer = WorkerLease(
            worker: worker,
            generation: 1,
            instance: 77,
            token: 5,
            firstTick: firstTick,
            limit: limit
        )
        let error = #expect(throws: StoreError.self) {
            _ = try workers.claim(.any(excluding: []), at: at(1000), notBefore: 990, using: &random)
        }
        #expect(error?.code == .refused && error?.message.contains("worker \(worker) from tick \(firstTick)") == true)
    }

    @Test mutating func extensionsFollowEachOther() throws {
        let workers = workers
        var held = try claimed(by: workers)
        for tick in stride(from: 1030, to: 1300, by: 30) as StrideTo<UInt64> {
            daemon.now = tick
            let outcome = workers.extend(held, toLimit: tick + 100, at: at(tick), using: &random)
            held = try #require(outcome.held)
            #expect(held.limit == tick + 100)
        }
    }

    @Test mutating func anExtensionInDoubtIsReadBack() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.now = 1030
        daemon.losesAnswers = 1
        guard case .inDoubt(let doubtful, _) = workers.extend(held, toLimit: 1130, at: at(1030), using: &random) else {
            Issue.record("its answer was lost")
            return
        }
        #expect(doubtful.limit == 1100)
        let known = try #require(workers.reconcile(doubtful).held)
        #expect(known.limit == 1130)
        #expect(workers.extend(known, toLimit: 1150, at: at(1050), using: &random).held?.limit == 1150)
    }

    /// Several in a row, none of which says whether it arrived.
    @Test mutating func doubtsAddUpAndTheNextAnswerSettlesThem() throws {
        let workers = workers
        var held = try claimed(by: workers)
        for (index, arrives) in [true, false, true, false].enumerated() {
            daemon.now = 1030 + UInt64(index)
            if arrives { daemon.losesAnswers = 1 } else { daemon.losesCalls = 1 }
            guard case .inDoubt(let doubtful, _) = workers.extend(held, toLimit: 1130, at: at(1030), using: &random)
            else {
                Issue.record("no answer came")
                return
            }
            held = doubtful
        }
        #expect(workers.reconcile(held).held?.limit == 1130)
    }

    @Test mutating func whatIsNotInDoubtIsNotReadBackFromTheDaemon() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.losesCalls = 1
        #expect(workers.reconcile(held).held == held)
    }

    @Test mutating func aLostLeaseIsLost() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.now = 2000
        _ = try workers.claim(.any(excluding: []), at: at(2000), notBefore: 0, using: &random)
        let outcome = workers.extend(held, toLimit: 2100, at: at(2000), using: &random)
        #expect(outcome == .lost(to: outcome.lostTo))
        #expect(workers.release(held, firstUnusedTick: 1050, at: at(2000)) == .conflict)
    }

    /// A daemon that gives less than was asked for is not asked again and again.
    @Test mutating func aShortExtensionIsFollowedByAPause() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.now = 1050
        daemon.longest = 60
        let short = try #require(workers.extend(held, toLimit: 1150, at: at(1050), using: &random).held)
        #expect(short.limit == 1110)
        let calls = daemon.calls
        guard case .inDoubt(let same, _) = workers.extend(short, toLimit: 1151, at: at(1051), using: &random) else {
            Issue.record("it was asked again at once")
            return
        }
        #expect(same == short && daemon.calls == calls)
        daemon.now = 1054
        #expect(workers.extend(short, toLimit: 1154, at: at(1054), using: &random).held?.limit == 1114)
    }

    /// Its clock was set ahead by more than the window: the lease cannot reach what it takes for the present.
    @Test mutating func aClockThatIsAheadIsNamed() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.now = 1050
        daemon.longest = 100
        let short = try #require(workers.extend(held, toLimit: 9100, at: at(9000), using: &random).held)
        #expect(short.limit == 1150)
        guard case .inDoubt(_, let error) = workers.extend(short, toLimit: 9101, at: at(9001), using: &random) else {
            Issue.record("it was asked again at once")
            return
        }
        #expect(error.message.contains("this host's clock"))
    }

    @Test mutating func aReleaseLowersTheLimit() throws {
        let workers = workers
        let held = try claimed(by: workers)
        daemon.now = 1010
        #expect(workers.release(held, firstUnusedTick: 1020, at: at(1010)) == .released(limit: 1020))
        #expect(workers.release(held, firstUnusedTick: 1100, at: at(1010)) == .unneeded)
    }
}

/// One worker of a daemon with a store in memory. Its lease has the instance 77.
final class ScriptedDaemon: LeaseCalls {
    private struct State {
        var now: UInt64 = 0
        var longest: UInt64 = 1000
        var losesAnswers = 0
        var losesCalls = 0
        var calls = 0
        var answer: WorkerLease?
    }

    private let state = Mutex(State())
    private let claims = WorkerClaims(
        store: MemoryStore(),
        holder: Holder(host: "daemon", pod: nil, pid: 1, instance: 1),
        maximumWorker: 0,
        maximumTick: 1 << 40,
        windowTicks: 30
    )

    var now: UInt64 {
        get { state.withLock(\.now) }
        set { state.withLock { $0.now = newValue } }
    }
    var longest: UInt64 {
        get { state.withLock(\.longest) }
        set { state.withLock { $0.longest = newValue } }
    }
    /// How many calls arrive, whose answers do not.
    var losesAnswers: Int {
        get { state.withLock(\.losesAnswers) }
        set { state.withLock { $0.losesAnswers = newValue } }
    }
    /// How many do not arrive.
    var losesCalls: Int {
        get { state.withLock(\.losesCalls) }
        set { state.withLock { $0.losesCalls = newValue } }
    }
    var calls: Int { state.withLock(\.calls) }
    /// Given instead of a lease of its own.
    var answer: WorkerLease? {
        get { state.withLock(\.answer) }
        set { state.withLock { $0.answer = newValue } }
    }

    private var leases: WorkerLeases { WorkerLeases(claims: claims, maximumWindowTicks: longest) }
    private var instant: StoreInstant { StoreInstant(tick: now, unixMilliseconds: now) }

    private static let away = StoreError(code: .unavailable, message: "no answer")

    private func call<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let isLost = state.withLock { state in
            state.calls += 1
            guard state.losesCalls > 0 else { return false }
            state.losesCalls -= 1
            return true
        }
        if isLost { throw Self.away }
        let value = try body()
        let isAnswered = state.withLock { state in
            guard state.losesAnswers > 0 else { return true }
            state.losesAnswers -= 1
            return false
        }
        guard isAnswered else { throw Self.away }
        return value
    }

    func begin(windowTicks: UInt64, notBefore: UInt64, at now: StoreInstant) throws(StoreError) -> WorkerLease {
        if let answer { return answer }
        return try call { () throws(StoreError) in
            var random = SeededGenerator(seed: self.now)
            let outcome = try leases.lease(
                to: "test",
                holder: Holder(host: "h", pod: nil, pid: 2, instance: 77),
                windowTicks: windowTicks,
                notBefore: notBefore,
                excluding: [],
                at: instant,
                using: &random
            )
            guard let lease = outcome.lease else { throw Self.away }
            return lease
        }
    }

    func extend(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        token: UInt64,
        toLimit limit: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        try call { () throws(StoreError) in
            try leases.extend(lease, orAt: unanswered, token: token, toLimit: limit, at: instant)
        }
    }

    func release(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        firstUnusedTick: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        try call { () throws(StoreError) in
            try leases.release(lease, orAt: unanswered, firstUnusedTick: firstUnusedTick, at: instant)
        }
    }
}

extension HoldOutcome {
    fileprivate var lostTo: WorkerRecord? { if case .lost(let record) = self { record } else { nil } }
}
