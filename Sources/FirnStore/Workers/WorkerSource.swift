/// Where workers and their windows are from: a store, or a daemon that leases them. Each call may wait for it.
///
/// ``WorkerClaims`` describes what the calls do.
package protocol WorkerSource: Sendable {
    /// The highest number that the layout has room for.
    var maximumWorker: UInt32 { get }
    /// Those that are never claimed.
    var excludedWorkers: WorkerSet { get }
    /// The layout's last tick.
    var maximumTick: UInt64 { get }
    /// How far ahead of now a limit is set.
    var windowTicks: UInt64 { get }
    /// What is remembered of a store apart from it; nil where there is no store.
    var journal: GrantJournal? { get }
    /// What was found wrong with workers' records.
    var findings: WorkerFindings { get }

    func claim(
        _ rule: ClaimRule,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome

    func extend(
        _ held: HeldWorker,
        toLimit limit: UInt64,
        at now: StoreInstant,
        using random: inout some RandomNumberGenerator
    ) -> HoldOutcome

    func reconcile(_ held: HeldWorker) -> HoldOutcome

    func release(_ held: HeldWorker, firstUnusedTick: UInt64, at now: StoreInstant) -> ReleaseOutcome

    func testify(_ held: HeldWorker, at now: StoreInstant) throws(StoreError)
}

extension WorkerSource {
    /// How many workers there are that may be claimed, held or not.
    package var workerCount: UInt64 { UInt64(maximumWorker) + 1 - excludedWorkers.count }
}

extension WorkerClaims: WorkerSource {}
