package import FirnLayout
internal import Synchronization

/// The result of a claim for positions of a ``Space``.
package enum Claim: Sendable, Equatable {
    /// `count` consecutive positions of one tick, from `first` on, now owned by the caller alone.
    case positions(first: UInt64, count: UInt64)
    /// Nothing is left now; `untilTick` is the first tick in which a claim may succeed.
    case full(untilTick: UInt64)
    /// No window covers the current time: it has ended, or the worker was lost or given back.
    case closed
    /// The layout's time field cannot hold the current tick.
    case expired
}

/// The positions of one worker in one daemon: an atomic cursor that only increases, below a limit that was stored
/// first.
///
/// A position is `tick << sequenceBits | sequence`. Invariants, each with a test in `SpaceTests`:
/// 1. No position is given out twice: a compare-and-exchange moves the cursor from the observed value to the end of the
///    claim.
/// 2. No position at or above `limit` is given out, and only ``extend(limit:)`` raises `limit`. It is called after the
///    store has durably written the new limit (promise 2).
/// 3. No position of a tick after `now` is given out: bursts wait, and do not use future ticks (promise 5).
/// 4. A claim never crosses a tick, so its sequence never wraps (promise 6).
/// 5. After ``seal()`` nothing is given out any more, and the tick that it returns is later than all that were used.
package final class Space: Sendable {
    /// The number in the IDs' worker field.
    package let worker: UInt64
    /// The layout of the IDs.
    package let layout: Layout
    /// How many positions a shard claims for single IDs: a fraction of the tick, so that every shard gets some, and at
    /// most 256, because above that the claim's cost (one compare-and-exchange) is no longer noticeable. Empirical.
    package let blockSize: UInt64

    private let sequenceBits: UInt64
    private let endTick: UInt64
    /// The sequence numbers with which a tick may begin have no bits outside this mask. 0 when all ticks begin with 0.
    private let firstSequenceMask: UInt64
    private let firstSequenceSeed: UInt64

    /// Positions below it were given out or skipped. `sealed` when the space is closed permanently.
    private let cursor: Atomic<UInt64>
    // The cursor changes often, the limit rarely. Therefore they are on different cache lines.
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private let limit: Atomic<UInt64>
    private let waitingShards = Atomic<UInt64>(0)

    private static let sealed = UInt64.max

    /// A space that starts at `firstTick` and may use the ticks below `limit`.
    ///
    /// - Precondition: `worker` fits the layout's worker field, and the layout has no `mintingObstacle`.
    package init(
        layout: Layout,
        worker: UInt64,
        firstTick: UInt64,
        limit: UInt64,
        shards: Int = 1,
        firstSequence: FirstSequence = .zero
    ) {
        precondition(layout.mintingObstacle == nil, "positions need a layout that is minted")
        precondition(worker <= layout.maximumWorker, "a worker wider than its field would spill into another field")
        precondition(shards > 0, "a space serves at least one shard")
        self.layout = layout
        self.worker = worker
        self.sequenceBits = UInt64(layout.sequenceBits)
        self.endTick = Self.endTick(of: layout)
        switch firstSequence {
        case .zero: (firstSequenceMask, firstSequenceSeed) = (0, 0)
        case .random(let seed):
            (firstSequenceMask, firstSequenceSeed) = (max(layout.sequencesPerTick / 2, 1) - 1, seed)
        }
        self.blockSize = min(256, max(1, layout.sequencesPerTick / (8 * UInt64(shards))))
        self.cursor = Atomic(min(firstTick, endTick) << sequenceBits)
        self.limit = Atomic(min(limit, endTick))
    }

    /// The first tick that the layout cannot hold. When time and sequence use all 64 bits, the very last tick counts as
    /// such too, and without a sequence also the one before, so that an addition to a position never wraps and no
    /// cursor is equal to `sealed`.
    package static func endTick(of layout: Layout) -> UInt64 {
        let highest = (sealed - 1) >> UInt64(layout.sequenceBits)
        return layout.maximumTick < highest ? layout.maximumTick + 1 : highest
    }

    /// Takes up to `count` positions of the current tick. Any thread may call it; it takes no lock.
    ///
    /// - Parameters:
    ///   - count: how many at most; at least 1.
    ///   - now: the current tick.
    ///   - reserve: how many to leave for other shards that wait.
    ///   - floor: how many may be taken even if the reserve is reached.
    package func claim(upTo count: UInt64, now: UInt64, leaving reserve: UInt64 = 0, butAtLeast floor: UInt64 = 0)
        -> Claim
    {
        precondition(count > 0, "a claim asks for something")
        guard now < endTick else { return .expired }
        var current = cursor.load(ordering: .relaxed)
        while true {
            guard current != Self.sealed else { return .closed }
            let begin = now << sequenceBits
            let base = current >= begin ? current : begin + firstSequence(now, begin: begin, after: current)
            let tick = base >> sequenceBits
            guard tick <= now else { return .full(untilTick: tick) }
            guard tick < limit.load(ordering: .acquiring) else { return .closed }
            let left = ((tick + 1) << sequenceBits) - base
            let take = min(count, left, max(left > reserve ? left - reserve : 0, floor))
            guard take > 0 else { return .full(untilTick: tick + 1) }
            let (exchanged, original) = cursor.weakCompareExchange(
                expected: current,
                desired: base + take,
                ordering: .acquiringAndReleasing
            )
            if exchanged { return .positions(first: base, count: take) }
            current = original
        }
    }

    /// Takes the next position of the current tick, if the tick was begun and has one left; nil otherwise: then
    /// ``claim(upTo:now:leaving:butAtLeast:)`` tells why. The same as that one, for one position, in fewer instructions.
    @inline(__always)
    func claimNext(now: UInt64) -> UInt64? {
        let current = cursor.load(ordering: .relaxed)
        // Not when the space is sealed: that value is of no tick below the end.
        guard current &>> sequenceBits == now, now < limit.load(ordering: .acquiring),
            cursor.weakCompareExchange(
                expected: current,
                desired: current + 1,
                ordering: .acquiringAndReleasing
            ).exchanged
        else { return nil }
        return current
    }

    /// The sequence number with which the tick `now` begins, when nothing of it was given out yet. At most half of the
    /// tick is skipped, and nothing when more than half of the previous tick was used. So a caller that needs all of
    /// every tick loses only half of the first tick.
    private func firstSequence(_ now: UInt64, begin: UInt64, after current: UInt64) -> UInt64 {
        guard firstSequenceMask != 0, begin - current >= firstSequenceMask + 1 else { return 0 }
        return FirstSequence.number(tick: now, seed: firstSequenceSeed, mask: firstSequenceMask)
    }

    /// Allows the ticks below `limit`. Call it only after the store has durably written that limit (promise 2).
    ///
    /// - Precondition: the limit does not decrease; only ``seal()`` takes back a granted window.
    package func extend(limit newLimit: UInt64) {
        let clamped = min(newLimit, endTick)
        let old = limit.exchange(clamped, ordering: .acquiringAndReleasing)
        precondition(clamped >= old, "a window's limit only rises")
    }

    /// How far positions were taken. It changes with every claim that takes some.
    package var position: UInt64 {
        cursor.load(ordering: .relaxed)
    }

    /// The first tick that may not be used.
    package var windowLimit: UInt64 {
        limit.load(ordering: .acquiring)
    }

    /// Closes the space permanently.
    ///
    /// - Returns: the first tick of which no position was given out; `nil` when the space was sealed before.
    @discardableResult
    package func seal() -> UInt64? {
        let last = cursor.exchange(Self.sealed, ordering: .acquiringAndReleasing)
        guard last != Self.sealed else { return nil }
        return (last + (layout.sequencesPerTick - 1)) >> sequenceBits
    }

    /// Counts a shard as waiting for the next tick, so that the others leave it a block.
    func startedWaiting() {
        waitingShards.wrappingAdd(1, ordering: .relaxed)
    }

    /// Reverts one ``startedWaiting()``.
    func stoppedWaiting() {
        let (old, _) = waitingShards.wrappingSubtract(1, ordering: .relaxed)
        precondition(old > 0, "a shard stops waiting only after it started")
    }

    /// How many positions of the current tick a shard leaves for the others that wait.
    func reserve(callerWaits: Bool) -> UInt64 {
        let waiting = waitingShards.load(ordering: .relaxed)
        return (waiting - min(waiting, callerWaits ? 1 : 0)) * blockSize
    }
}
