/// A lease as its holder knows it: a worker that is its own up to a limit, and what its record must contain for that.
package struct WorkerLease: Hashable, Sendable {
    package var worker: UInt32
    package var generation: UInt64
    /// A random number of this lease.
    package var instance: UInt64
    /// A random number of the write that this state is from.
    package var token: UInt64
    /// The first tick that the holder may use.
    package var firstTick: UInt64
    /// The first tick that the holder may *not* use.
    package var limit: UInt64

    package init(
        worker: UInt32,
        generation: UInt64,
        instance: UInt64,
        token: UInt64,
        firstTick: UInt64,
        limit: UInt64
    ) {
        self.worker = worker
        self.generation = generation
        self.instance = instance
        self.token = token
        self.firstTick = firstTick
        self.limit = limit
    }
}

/// The result of leasing a worker.
package enum LeaseOutcome: Hashable, Sendable {
    case leased(WorkerLease)
    /// No lease, for this reason: as of a ``ClaimOutcome``.
    case refused(ClaimOutcome)
}

/// The result of extending or releasing a lease.
package enum LeaseHoldOutcome: Hashable, Sendable {
    /// It is the holder's, up to this limit; after a release nobody's from there on.
    case holding(WorkerLease)
    /// Another holder has the worker, or another process has extended the lease: nothing may be minted with it any more.
    /// The record is the present one; nil if there is none.
    case lost(to: WorkerRecord?)
}

/// Leases workers to processes that do not reach the store themselves: claims a worker in their names, extends its window
/// and gives it back, by compare-and-swap on its record.
///
/// Nothing of a lease is kept but that record. A holder shows the record's generation, its own instance and the token of
/// the last write, so that any daemon of the store can go on where another left off. What it guarantees:
/// 1. A lease is extended only while its record is as its holder left it. When another has claimed the worker, or a copy of
///    the holder has extended the lease, the call fails and the holder has lost it.
/// 2. An extension may be repeated with the same new token, at any daemon: it is applied once.
/// 3. A release lowers the limit to the tick after the present one at the lowest, whatever its holder says, so that nobody
///    else uses a tick in which the holder may have minted; and not at all when the holder does not say what it used,
///    because its clock may be ahead.
package struct WorkerLeases: Sendable {
    /// The daemon's own, in the same store.
    private let claims: WorkerClaims
    /// How far ahead of now a limit may be.
    package let maximumWindowTicks: UInt64

    /// How often a record is read again because it was written between a read and a write.
    private static let maximumAttempts = 4

    /// How many workers of the layout are not excluded.
    package var workerCount: UInt64 { claims.workerCount }

    package init(claims: WorkerClaims, maximumWindowTicks: UInt64) {
        precondition(maximumWindowTicks > 0, "a window holds at least one tick")
        self.claims = claims
        self.maximumWindowTicks = maximumWindowTicks
    }

    /// Claims a free worker for a holder.
    ///
    /// - Parameter excluded: the daemon's own workers, whose windows may have ended while it rests.
    /// - Throws: when the store could not be read, or when a write got no answer. Then the worker stays taken until its
    ///   limit, at most.
    package func lease(
        to lessee: String,
        holder: Holder,
        windowTicks: UInt64,
        notBefore: UInt64,
        excluding excluded: Set<UInt32> = [],
        at now: StoreInstant,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> LeaseOutcome {
        let own = claims.leasing(
            to: lessee,
            holder: holder,
            windowTicks: min(max(1, windowTicks), maximumWindowTicks)
        )
        let outcome = try own.claim(.any(excluding: excluded), at: now, notBefore: notBefore, using: &random)
        switch outcome {
        case .claimed(let held):
            guard let record = held.record else { preconditionFailure("what was claimed was written") }
            claims.journal?.granted(held)
            return .leased(
                WorkerLease(
                    worker: held.worker,
                    generation: held.generation,
                    instance: holder.instance,
                    token: record.writeToken,
                    firstTick: held.firstTick,
                    limit: held.limit
                )
            )
        case .inDoubt(_, let error):
            throw error
        default:
            return .refused(outcome)
        }
    }

    /// Raises a lease's limit, never above the longest window from now, and never lowers it.
    ///
    /// - Parameters:
    ///   - others: the new tokens of the holder's earlier extensions that got no answer.
    ///   - token: identifies this extension; not ``WorkerRecord/givenBackToken``.
    package func extend(
        _ lease: WorkerLease,
        orAt others: [UInt64],
        token: UInt64,
        toLimit limit: UInt64,
        at now: StoreInstant
    ) throws(StoreError) -> LeaseHoldOutcome {
        precondition(token != WorkerRecord.givenBackToken, "such a record looks given back")
        let (furthest, isTooFar) = now.tick.addingReportingOverflow(maximumWindowTicks)
        let end = min(claims.maximumTick + 1, isTooFar ? .max : furthest)
        return try change(lease, known: [lease.token] + others, applied: token) { record in
            record.limit = max(record.limit, min(limit, end))
            record.writeToken = token
            record.renewedAtUnixMilliseconds = now.unixMilliseconds
        }
    }

    /// Gives the rest of a lease's window back. The holder must not use it from now on, whatever the outcome.
    ///
    /// - Parameter firstUnusedTick: 0 when the holder does not know it: then the worker becomes free at the limit.
    package func release(
        _ lease: WorkerLease,
        orAt others: [UInt64],
        firstUnusedTick: UInt64,
        at now: StoreInstant
    ) throws(StoreError) -> LeaseHoldOutcome {
        try change(lease, known: [lease.token] + others, applied: WorkerRecord.givenBackToken) { record in
            if firstUnusedTick > 0 { record.limit = min(record.limit, max(firstUnusedTick, now.tick + 1)) }
            record.writeToken = WorkerRecord.givenBackToken
            record.renewedAtUnixMilliseconds = now.unixMilliseconds
        }
    }

    /// Writes a lease's record, if the lease's holder has it as it is.
    private func change(
        _ lease: WorkerLease,
        known: [UInt64],
        applied: UInt64,
        _ change: (inout WorkerRecord) -> Void
    ) throws(StoreError) -> LeaseHoldOutcome {
        if let error = claims.journal?.setBackError { throw error }
        let key = WorkerRecord.key(lease.worker)
        for _ in 0..<Self.maximumAttempts {
            let results = claims.store.read([key, FloorRecord.key])
            guard let stored = try results[0].get() else { return .lost(to: nil) }
            let present = try WorkerRecord(key: key, text: stored.value)
            guard present.generation == lease.generation, present.holder.instance == lease.instance else {
                return .lost(to: present)
            }
            if present.writeToken == applied { return holding(lease, present, version: stored.version) }
            guard known.contains(present.writeToken), !present.isGivenBack else { return .lost(to: present) }
            // A repair has raised the floor, and this record is of the time before.
            if let floor = try results[1].get(), try FloorRecord(floor).limit.tick > present.limit {
                return .lost(to: present)
            }
            var record = present
            change(&record)
            let outcome = try claims.store.write(
                key,
                record.text,
                ifVersion: stored.version,
                ifValue: stored.value
            )
            if case .written(let version) = outcome { return holding(lease, record, version: version) }
        }
        throw StoreError(
            code: .unavailable,
            message:
                "worker \(lease.worker) was written by others \(Self.maximumAttempts) times while it was extended: "
                + "try again"
        )
    }

    private func holding(_ lease: WorkerLease, _ record: WorkerRecord, version: UInt64) -> LeaseHoldOutcome {
        var lease = lease
        (lease.token, lease.limit) = (record.writeToken, record.limit)
        claims.journal?.granted(
            HeldWorker(
                worker: lease.worker,
                generation: lease.generation,
                version: version,
                firstTick: min(lease.firstTick, record.limit),
                limit: record.limit
            )
        )
        return .holding(lease)
    }
}
