import FirnTestSupport
import Testing

@testable import FirnStore

/// How many workers are free, as a daemon's metrics have it.
@Suite struct FreeWorkersTests {
    private static let now = StoreInstant(tick: 1_000_000, unixMilliseconds: 1_000_000)
    private let store = MemoryStore()
    private let findings = WorkerFindings(countsFree: true)

    private func claims(_ maximumWorker: UInt32, _ findings: WorkerFindings) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(host: "h", pod: nil, pid: 1, instance: 1),
            maximumWorker: maximumWorker,
            maximumTick: 1 << 40,
            windowTicks: 3000,
            testimonyTicks: 600_000,
            findings: findings
        )
    }

    /// Claims these workers, and has the daemon of the first testify.
    private func census(of workers: [UInt32], maximumWorker: UInt32, _ findings: WorkerFindings) throws -> UInt64? {
        let claims = claims(maximumWorker, findings)
        var random = SeededGenerator(seed: 1)
        var first: HeldWorker?
        for worker in workers {
            let held = try #require(try claims.claim(.fixed(worker), at: Self.now, using: &random).held)
            first = first ?? held
        }
        try claims.testify(try #require(first), at: Self.now)
        return findings.freeWorkers
    }

    @Test func inASmallLayoutTheNumberIsExact() throws {
        #expect(try census(of: [3, 4, 100], maximumWorker: 127, findings) == 125)
    }

    @Test func aWindowThatHasPassedLeavesItsWorkerFree() throws {
        _ = try census(of: [3, 4], maximumWorker: 7, findings)
        var random = SeededGenerator(seed: 2)
        let later = StoreInstant(tick: Self.now.tick + 3000, unixMilliseconds: 0)
        let claims = claims(7, findings)
        let held = try #require(try claims.claim(.fixed(5), at: later, using: &random).held)
        try claims.testify(held, at: later)
        #expect(findings.freeWorkers == 7)
    }

    @Test func aRecordThatCannotBeReadCountsAsTaken() throws {
        _ = try store.write(WorkerRecord.key(6), "nonsense", ifVersion: nil, ifValue: nil)
        #expect(try census(of: [3], maximumWorker: 7, findings) == 6)
    }

    @Test func ofALargeLayoutItIsAnEstimate() throws {
        #expect(try census(of: [8], maximumWorker: 65_535, findings) ?? 0 >= 65_024)
        let half = (0..<512).map { UInt32(2 * $0 + 1) }
        let estimate = try #require(try census(of: half, maximumWorker: 1023, findings))
        // Four standard deviations of 128 draws: 45 each.
        #expect((332...692).contains(estimate), "\(estimate)")
    }

    @Test func withoutMetricsNothingIsRead() throws {
        #expect(try census(of: [3], maximumWorker: 7, WorkerFindings()) == nil)
    }
}
