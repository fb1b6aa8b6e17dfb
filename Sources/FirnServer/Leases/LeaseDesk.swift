package import FirnEngine
package import FirnLayout
package import FirnStore
internal import FirnWindows
internal import FirnWire
internal import Synchronization

/// Answers calls for leases. Called on the store's thread, because each call waits for the store.
///
/// What the daemon remembers of leases is how many it has given out, for the limit; ``WorkerLeases`` does the rest.
package final class LeaseDesk: Sendable {
    package struct Configuration: Sendable {
        /// How many leases of this daemon may be held at once.
        package var maximumCount: Int
        /// How long a lease lasts whose holder does not say.
        package var window: Duration
        /// How long one may last.
        package var maximumWindow: Duration
        /// How far a holder's clock may be from this daemon's.
        package var clockTolerance: Duration

        package init(
            maximumCount: Int,
            window: Duration,
            maximumWindow: Duration,
            clockTolerance: Duration
        ) {
            self.maximumCount = maximumCount
            self.window = window
            self.maximumWindow = maximumWindow
            self.clockTolerance = clockTolerance
        }
    }

    private let leases: WorkerLeases
    private let layout: Layout
    private let clock: TickClock
    private let configuration: Configuration
    /// The workers that the daemon itself holds: it keeps them at rest, too.
    private let ownWorkers: @Sendable () -> Set<UInt32>
    /// The limits of the leases that this daemon gave out or extended, by instance.
    private let held = Mutex<[UInt64: UInt64]>([:])

    package init(
        claims: WorkerClaims,
        layout: Layout,
        clock: TickClock,
        configuration: Configuration,
        ownWorkers: @escaping @Sendable () -> Set<UInt32> = { [] }
    ) {
        leases = WorkerLeases(
            claims: claims,
            maximumWindowTicks: max(1, clock.ticks(in: configuration.maximumWindow))
        )
        self.layout = layout
        self.clock = clock
        self.configuration = configuration
        self.ownWorkers = ownWorkers
    }

    /// Gives a lease back that its caller does not wait for any more.
    func giveBack(_ grant: LeaseGrant) {
        _ = answer(.release(LeaseCall.Hold(grant.lease), firstUnusedTick: grant.lease.firstTick))
    }

    /// How many leases of this daemon are held.
    package var count: Int { count(at: clock.now().tick) }

    private func count(at tick: UInt64) -> Int { held.withLock { $0.values.count { $0 > tick } } }

    /// Makes the calls to the store.
    func answer(_ call: LeaseCall) -> StoreReply.Content {
        let moment = clock.now()
        do throws(Status) {
            switch call {
            case .begin(let beginning): return try begin(beginning, at: moment)
            case .extend(let hold, let token, let limitTick):
                return try extend(hold, token: token, limitTick: limitTick, at: moment)
            case .release(let hold, let firstUnusedTick):
                return try release(hold, firstUnusedTick: firstUnusedTick, at: moment)
            }
        } catch {
            return .refused(error)
        }
    }

    // MARK: - The calls

    private func begin(_ call: LeaseCall.Beginning, at moment: Moment) throws(Status) -> StoreReply.Content {
        let windowTicks = windowTicks(milliseconds: call.windowMilliseconds)
        try checkClock(call.unixMilliseconds, windowTicks: windowTicks, at: moment)
        try checkBeginning(call.notBeforeTick, at: moment)
        try checkRoom(at: moment.tick)
        let holder = Holder(
            host: call.host.isEmpty ? "unknown" : call.host,
            pod: call.pod.isEmpty ? nil : call.pod,
            pid: call.pid,
            instance: Self.randomNumber()
        )
        var random = systemRandom()
        let outcome: LeaseOutcome
        do throws(StoreError) {
            outcome = try leases.lease(
                to: call.name.description,
                holder: holder,
                windowTicks: windowTicks,
                notBefore: call.notBeforeTick,
                excluding: ownWorkers(),
                at: moment.storeInstant,
                using: &random
            )
        } catch {
            throw Status("no worker could be leased", error)
        }
        switch outcome {
        case .leased(let lease):
            note(lease)
            return .leased(
                LeaseGrant(lease: Lease(lease), layout: layout, limitUnixMilliseconds: unixMilliseconds(lease.limit))
            )
        case .refused(let outcome):
            throw refusal(outcome, at: moment)
        }
    }

    private func extend(
        _ hold: LeaseCall.Hold,
        token: UInt64,
        limitTick: UInt64,
        at moment: Moment
    ) throws(Status) -> StoreReply.Content {
        // It would be taken for a repetition of the last extension, and change nothing.
        guard token != hold.lease.token, !hold.unansweredTokens.contains(token) else {
            throw Status(
                .invalidArgument,
                "the next token \(token) is one that the lease had already; draw a new random number for each extension"
            )
        }
        let lease = WorkerLease(hold.lease)
        let outcome: LeaseHoldOutcome
        do throws(StoreError) {
            outcome = try leases.extend(
                lease,
                orAt: hold.unansweredTokens,
                token: token == 0 ? Self.randomNumber() : token,
                toLimit: limitTick == 0 ? moment.tick + windowTicks(milliseconds: 0) : limitTick,
                at: moment.storeInstant
            )
        } catch {
            throw Status(of: lease, error)
        }
        guard case .holding(let lease) = outcome else { throw lost(lease, outcome) }
        note(lease)
        return .leaseExtended(Lease(lease), limitUnixMilliseconds: unixMilliseconds(lease.limit))
    }

    private func release(
        _ hold: LeaseCall.Hold,
        firstUnusedTick: UInt64,
        at moment: Moment
    ) throws(Status) -> StoreReply.Content {
        let lease = WorkerLease(hold.lease)
        let outcome: LeaseHoldOutcome
        do throws(StoreError) {
            outcome = try leases.release(
                lease,
                orAt: hold.unansweredTokens,
                firstUnusedTick: firstUnusedTick,
                at: moment.storeInstant
            )
        } catch {
            throw Status(of: lease, error)
        }
        guard case .holding(let lease) = outcome else { throw lost(lease, outcome) }
        held.withLock { _ = $0.removeValue(forKey: lease.instance) }
        return .leaseReleased(freeFromTick: lease.limit)
    }

    // MARK: - Limits

    /// Refuses a holder whose clock is off by more than half of its window: it would mint nothing for most of it.
    private func checkClock(_ unixMilliseconds: UInt64, windowTicks: UInt64, at moment: Moment) throws(Status) {
        guard unixMilliseconds > 0 else { return }
        let own = UInt64(max(0, moment.unixNanoseconds) / 1_000_000)
        let difference = max(own, unixMilliseconds) - min(own, unixMilliseconds)
        let (window, isLong) = windowTicks.multipliedReportingOverflow(by: layout.tickNanoseconds)
        let allowed = min(
            UInt64(clamping: configuration.clockTolerance.nanoseconds / 1_000_000),
            isLong ? .max : window / 2_000_000
        )
        guard difference > allowed else { return }
        throw Status(
            .failedPrecondition,
            "the caller's clock is \(difference) ms \(unixMilliseconds > own ? "ahead of" : "behind") the daemon's, and "
                + "\(allowed) ms are allowed, half of the lease or --clock-tolerance; set the clock that is wrong"
        )
    }

    /// Refuses a lease that would begin later than the longest one ends: it would keep its worker from others until then.
    private func checkBeginning(_ notBefore: UInt64, at moment: Moment) throws(Status) {
        guard notBefore > moment.tick, notBefore - moment.tick > leases.maximumWindowTicks else { return }
        throw Status(
            .unavailable,
            "the lease is wanted from \(layout.roundedTime(ofTick: min(notBefore, layout.maximumTick))) on, as after a clock that was "
                + "ahead, and leases begin within \(configuration.maximumWindow); ask again later",
            retryAfterMilliseconds: 10_000
        )
    }

    private func checkRoom(at tick: UInt64) throws(Status) {
        let count = held.withLock { held in
            if held.count >= configuration.maximumCount { held = held.filter { $0.value > tick } }
            return held.count
        }
        guard count >= configuration.maximumCount else { return }
        throw Status(
            .resourceExhausted,
            "\(count) leases of this daemon are held, as many as --max-leases allows; release one, ask another daemon, or "
                + "raise the limit",
            retryAfterMilliseconds: 1000
        )
    }

    /// Extensions of other daemons' leases count too, within twice the limit: they are not refused, because a lease must
    /// be extended where its holder can reach a daemon.
    private func note(_ lease: WorkerLease) {
        held.withLock { held in
            guard held[lease.instance] != nil || held.count < 2 * configuration.maximumCount else { return }
            held[lease.instance] = lease.limit
        }
    }

    private func windowTicks(milliseconds: UInt64) -> UInt64 {
        let wanted =
            milliseconds == 0 ? configuration.window : .milliseconds(Int64(clamping: min(milliseconds, 1 << 52)))
        return max(1, clock.ticks(in: min(wanted, configuration.maximumWindow)))
    }

    private func unixMilliseconds(_ tick: UInt64) -> UInt64 { layout.unixMilliseconds(ofTick: tick) }

    /// Not 0, which no token is.
    private static func randomNumber() -> UInt64 { .random(in: 1...(.max)) }

    // MARK: - Refusals

    private func refusal(_ outcome: ClaimOutcome, at moment: Moment) -> Status {
        func wait(_ tick: UInt64?) -> UInt32 {
            guard let tick else { return 1000 }
            let milliseconds = clock.nanoseconds(from: moment, untilTick: tick) / 1_000_000
            return UInt32(clamping: max(1, min(milliseconds, 10_000)))
        }
        switch outcome {
        case .noneFree(let freeAtTick):
            return Status(
                .unavailable,
                "all workers of the layout \(layout.name) are held or reserved; release a lease, stop a daemon, or take a layout with more "
                    + "workers",
                retryAfterMilliseconds: wait(freeAtTick)
            )
        case .belowFloor(let untilTick):
            return Status(
                .unavailable,
                "the store was repaired or adopted, and no ID before \(layout.roundedTime(ofTick: untilTick)) may be given out; wait "
                    + "until then",
                retryAfterMilliseconds: wait(untilTick)
            )
        default:
            return .ended(layout)
        }
    }

    private func lost(_ lease: WorkerLease, _ outcome: LeaseHoldOutcome) -> Status {
        let why: String
        switch outcome {
        case .lost(let record?) where record.generation == lease.generation && record.isGivenBack:
            why = "it was released"
        case .lost(let record?) where record.generation == lease.generation && record.holder.instance == lease.instance:
            why = "another process extended it, or this is not its last state, or the store was repaired"
        case .lost(let record?) where record.generation < lease.generation:
            why = "the store has generation \(record.generation) of it"
        case .lost(let record?):
            let lessee = record.lessee.map { "\($0), " } ?? ""
            why = "generation \(record.generation) is held by \(lessee)\(record.holder.text)"
        default:
            why = "the store has no record of it"
        }
        return Status(
            .aborted,
            "the lease of worker \(lease.worker), generation \(lease.generation), is lost: \(why). Mint nothing more with it, and lease "
                + "another"
        )
    }
}

extension Status {
    fileprivate init(_ what: String, _ error: StoreError) {
        self.init(.unavailable, "\(what): \(error)", retryAfterMilliseconds: 1000)
    }

    /// The store failed while a lease was changed: whether it was is not known, unless the store was set back.
    fileprivate init(of lease: WorkerLease, _ error: StoreError) {
        self =
            error.isOfAnotherStore
            ? Status(
                .aborted,
                "the lease \(lease.generation) of worker \(lease.worker) is lost: \(error). Mint nothing more with it"
            ) : Status("the lease \(lease.generation) of worker \(lease.worker) could not be changed", error)
    }
}

extension Lease {
    init(_ lease: WorkerLease) {
        self.init(
            worker: lease.worker,
            generation: lease.generation,
            instance: lease.instance,
            token: lease.token,
            firstTick: lease.firstTick,
            limitTick: lease.limit
        )
    }
}

extension WorkerLease {
    init(_ lease: Lease) {
        self.init(
            worker: lease.worker,
            generation: lease.generation,
            instance: lease.instance,
            token: lease.token,
            firstTick: lease.firstTick,
            limit: lease.limitTick
        )
    }
}
