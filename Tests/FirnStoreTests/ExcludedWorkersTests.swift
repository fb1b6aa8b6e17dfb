import FirnTestSupport
import Testing

@testable import FirnStore

/// Workers that a daemon must not claim, for they are another system's.
@Suite struct ExcludedWorkersTests {
    private static let now = StoreInstant(tick: 1000, unixMilliseconds: 1000)
    private let store = MemoryStore()

    private func claims(
        _ maximumWorker: UInt32,
        excluding text: String,
        _ findings: WorkerFindings = WorkerFindings()
    ) throws -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(host: "h", pod: nil, pid: 1, instance: 1),
            maximumWorker: maximumWorker,
            excludedWorkers: try WorkerSet(parsing: text),
            maximumTick: 1 << 40,
            windowTicks: 100,
            findings: findings
        )
    }

    @Test func noneIsDrawnUntilAllOthersAreTaken() throws {
        let claims = try claims(63, excluding: "0-31,40,63")
        var random = SeededGenerator(seed: 3)
        var workers: Set<UInt32> = []
        for _ in 0..<30 {
            let held = try claims.claim(.any(excluding: []), at: Self.now, using: &random).held
            workers.insert(try #require(held).worker)
        }
        #expect(workers == Set(32..<63).subtracting([40]))
        #expect(
            try claims.claim(.any(excluding: []), at: Self.now, using: &random)
                == .noneFree(freeAtTick: 1100, TakenWorkers(held: 30))
        )
    }

    /// Past the probes, all workers of a large layout are listed, and the excluded ones are still none of the free.
    @Test func noneIsDrawnFromAList() throws {
        var random = SeededGenerator(seed: 5)
        let everyone = try claims(499, excluding: "499")
        for worker in 0..<UInt32(400) {
            _ = try #require(try everyone.claim(.fixed(worker), at: Self.now, using: &random).held)
        }
        var few = try claims(499, excluding: "400-498")
        few.probes = [4]
        let held = try #require(try few.claim(.any(excluding: []), at: Self.now, using: &random).held)
        #expect(held.worker == 499)
        #expect(
            try few.claim(.any(excluding: []), at: Self.now, using: &random)
                == .noneFree(freeAtTick: 1100, TakenWorkers(held: 401))
        )
    }

    /// What an excluded worker's record says is none of this daemon's business.
    @Test func theirRecordsAreNotWaitedFor() throws {
        var random = SeededGenerator(seed: 6)
        _ = try store.write(WorkerRecord.key(0), "nonsense", ifVersion: nil, ifValue: nil)
        var claims = try claims(1, excluding: "0")
        claims.probes = [1]
        _ = try #require(try claims.claim(.any(excluding: []), at: Self.now, using: &random).held)
        #expect(
            try claims.claim(.any(excluding: []), at: Self.now, using: &random)
                == .noneFree(freeAtTick: 1100, TakenWorkers(held: 1))
        )
    }

    @Test func noneIsLeased() throws {
        let leases = WorkerLeases(claims: try claims(63, excluding: "0-61"), maximumWindowTicks: 100)
        var random = SeededGenerator(seed: 7)
        func lease(_ instance: UInt64) throws -> LeaseOutcome {
            let holder = Holder(host: "h", pod: nil, pid: 1, instance: instance)
            return try leases.lease(
                to: "billing",
                holder: holder,
                windowTicks: 100,
                notBefore: 0,
                excluding: [62],
                at: Self.now,
                using: &random
            )
        }
        guard case .leased(let leased) = try lease(1) else { throw NoLease() }
        #expect(leased.worker == 63)
        #expect(try self.store.list(prefix: WorkerRecord.keyPrefix).map(\.key) == ["workers/63"])
        guard case .refused(.noneFree) = try lease(2) else { throw NoLease() }
    }

    /// As the metrics have it: what may not be claimed is neither free nor of the whole.
    @Test func theyAreNotCounted() throws {
        let findings = WorkerFindings(countsFree: true)
        let claims = try claims(127, excluding: "0-99", findings)
        var random = SeededGenerator(seed: 8)
        let held = try #require(try claims.claim(.fixed(100), at: Self.now, using: &random).held)
        try claims.testify(held, at: Self.now)
        #expect(findings.freeWorkers == 27 && claims.workerCount == 28)
    }

    private struct NoLease: Error {}
}
