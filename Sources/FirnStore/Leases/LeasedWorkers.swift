internal import Synchronization

/// The calls for leases, as a holder makes them to a daemon. Each waits for the answer.
package protocol LeaseCalls: Sendable {
    /// - Throws: when there is no lease, or no answer: the worker then stays taken until its limit.
    func begin(windowTicks: UInt64, notBefore: UInt64, at now: StoreInstant) throws(StoreError) -> WorkerLease

    func extend(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        token: UInt64,
        toLimit limit: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome

    func release(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        firstUnusedTick: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome
}

/// The workers that a daemon leases, for a window keeper: the counterpart of ``WorkerLeases`` at the holder.
///
/// A lease is a ``HeldWorker`` whose record has the lease's instance and token. An extension without an answer is in doubt
/// like a write to a store, and reading it back is repeating it.
package final class LeasedWorkers: WorkerSource {
    package let maximumWorker: UInt32
    /// The daemon knows which it does not lease.
    package let excludedWorkers = WorkerSet()
    package let maximumTick: UInt64
    package let windowTicks: UInt64
    package let journal: GrantJournal? = nil
    package let findings = WorkerFindings()
    private let calls: any LeaseCalls
    /// Until when an extension is not tried again, and what is said then: the last one gave less than was asked for.
    private let pause = Mutex<(untilTick: UInt64, error: StoreError)?>(nil)

    package init(calls: any LeaseCalls, maximumWorker: UInt32, maximumTick: UInt64, windowTicks: UInt64) {
        precondition(maximumTick < UInt64.max, "the tick after the last must have a number")
        precondition(windowTicks > 0, "a window holds at least one tick")
        self.calls = calls
        self.maximumWorker = maximumWorker
        self.maximumTick = maximumTick
        self.windowTicks = windowTicks
    }

    package func claim(
        _ rule: ClaimRule,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome {
        if case .fixed = rule { preconditionFailure("a daemon leases any free worker, and no certain one") }
        let lease = try calls.begin(windowTicks: windowTicks, notBefore: notBefore, at: now)
        guard lease.worker <= maximumWorker, lease.firstTick >= notBefore, lease.firstTick <= lease.limit,
            lease.limit <= maximumTick + 1
        else {
            throw StoreError(
                code: .refused,
                message: "the daemon leased worker \(lease.worker) from tick \(lease.firstTick) to \(lease.limit), and "
                    + "\(notBefore) to \(maximumTick) were asked for: report this"
            )
        }
        return .claimed(HeldWorker(lease))
    }

    package func extend(
        _ held: HeldWorker,
        toLimit limit: UInt64,
        at now: StoreInstant,
        using random: inout some RandomNumberGenerator
    ) -> HoldOutcome {
        if let pause = pause.withLock({ $0 }), now.tick < pause.untilTick { return .inDoubt(held, pause.error) }
        let token = UInt64.random(in: 1...(.max), using: &random)
        var doubtful = held
        doubtful.doubt(write: token)
        let outcome = outcome(of: doubtful) { lease, unanswered throws(StoreError) in
            try calls.extend(lease, unanswered: unanswered.dropLast(), token: token, toLimit: limit)
        }
        if case .holding(let known) = outcome, known.limit < limit - min(limit, windowTicks / 30) {
            let error = known.limit > now.tick ? Self.shortened : Self.clockAhead
            pause.withLock { $0 = (now.tick + max(1, windowTicks / 30), error) }
        }
        return outcome
    }

    /// Repeats the last extension, if it is in doubt: it is applied once.
    package func reconcile(_ held: HeldWorker) -> HoldOutcome {
        guard let token = held.writesInDoubt.last else { return .holding(held) }
        return outcome(of: held) { lease, unanswered throws(StoreError) in
            try calls.extend(lease, unanswered: unanswered.dropLast(), token: token, toLimit: lease.limit)
        }
    }

    package func release(_ held: HeldWorker, firstUnusedTick: UInt64, at now: StoreInstant) -> ReleaseOutcome {
        guard max(held.firstTick, firstUnusedTick) < held.limit else { return .unneeded }
        do throws(StoreError) {
            let outcome = try calls.release(
                held.lease,
                unanswered: held.writesInDoubt,
                firstUnusedTick: max(held.firstTick, firstUnusedTick)
            )
            guard case .holding(let lease) = outcome else { return .conflict }
            return .released(limit: lease.limit)
        } catch {
            return .failed(error)
        }
    }

    /// The daemon that leases the worker testifies.
    package func testify(_ held: HeldWorker, at now: StoreInstant) throws(StoreError) {}

    private func outcome(
        of held: HeldWorker,
        _ call: (WorkerLease, [UInt64]) throws(StoreError) -> LeaseHoldOutcome
    ) -> HoldOutcome {
        do throws(StoreError) {
            switch try call(held.lease, held.writesInDoubt) {
            case .holding(let lease): return .holding(held.following(lease))
            case .lost(let record): return .lost(to: record)
            }
        } catch {
            return .inDoubt(held, error)
        }
    }

    private static let clockAhead = StoreError(
        code: .unavailable,
        message:
            "the daemon's lease ends before the time that this host's clock says: set this clock if it is ahead, or "
            + "the daemon's if that one is behind, and lease again"
    )

    private static let shortened = StoreError(
        code: .unavailable,
        message: "the daemon gave a shorter lease than was asked for: give the daemons of a store the same "
            + "--max-lease-window"
    )
}

extension HeldWorker {
    init(_ lease: WorkerLease) {
        self.init(
            worker: lease.worker,
            generation: lease.generation,
            version: 0,
            firstTick: lease.firstTick,
            limit: lease.limit
        )
        setRecord(Self.record(lease))
    }

    var lease: WorkerLease {
        guard let record else { preconditionFailure("a lease has the record that it was made with") }
        return WorkerLease(
            worker: worker,
            generation: generation,
            instance: record.holder.instance,
            token: record.writeToken,
            firstTick: firstTick,
            limit: limit
        )
    }

    func following(_ lease: WorkerLease) -> HeldWorker {
        following(Self.record(lease), version: version + 1)
    }

    /// What a holder of a lease knows of its record.
    private static func record(_ lease: WorkerLease) -> WorkerRecord {
        WorkerRecord(
            generation: lease.generation,
            limit: lease.limit,
            holder: Holder(host: "", pod: nil, pid: 0, instance: lease.instance),
            writeToken: lease.token,
            renewedAtUnixMilliseconds: 0
        )
    }
}
