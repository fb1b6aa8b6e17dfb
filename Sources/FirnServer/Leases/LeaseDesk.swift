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

    let leases: WorkerLeases
    let layout: Layout
    let clock: TickClock
    let configuration: Configuration
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
        try Self.checkWindow(call.windowMilliseconds)
        let windowTicks = windowTicks(milliseconds: call.windowMilliseconds)
        try checkClock(call.unixMilliseconds, windowTicks: windowTicks, at: moment)
        try checkBeginning(call.notBeforeTick, at: moment)
        try checkRoom(at: moment)
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
        // The limit could not rise, and its holder would go on with ticks that have passed.
        guard moment.tick < Space.endTick(of: layout) else { throw .ended(layout) }
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

    private func checkRoom(at moment: Moment) throws(Status) {
        let (count, firstEnd) = held.withLock { held in
            if held.count >= configuration.maximumCount { held = held.filter { $0.value > moment.tick } }
            return (held.count, held.count >= configuration.maximumCount ? held.values.min() ?? 0 : 0)
        }
        guard count >= configuration.maximumCount else { return }
        throw noRoom(count, firstEnd: firstEnd, at: moment)
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
