package import FirnLayout

/// What came of asking a ``Shard`` for IDs.
package enum Minted<Value: Sendable & Equatable>: Sendable, Equatable {
    /// The IDs, owned by the caller alone.
    case minted(Value)
    /// The present tick is used up: ask again in `untilTick`.
    case full(untilTick: UInt64)
    /// No window covers the present.
    case closed
    /// The layout's time field cannot hold the present tick.
    case expired
}

/// One thread's hold on a ``Space``: a block of positions that it serves single IDs from without touching anything shared.
///
/// Invariants, each with a test in `ShardTests`:
/// 1. The IDs of one shard strictly rise: a block is used up, or dropped, before anything later is claimed (promise 4).
/// 2. An ID's tick is the tick it was asked in: a block of a past tick is dropped, never served from (promise 5).
/// 3. While other shards wait, a shard takes no more of a tick than what their blocks leave over, and, only when it waits
///    itself, its first block. So a waiting call gets a block of a tick that is large enough, and ticks too small for a
///    block each still go to those that wait, in order of arrival.
///
/// For one thread; not `Sendable`.
package final class Shard {
    private let slot: WorkerSlot
    private var space: Space?
    private var seenRevision: UInt64
    // The block: `left` IDs of `blockTick` from `next` on, `stride` apart. As IDs and not as the space's positions, so that
    // an ID from it costs no look at the space, whose reference would be counted up and down for each.
    private var next: UInt64 = 0
    private var left: UInt64 = 0
    private var stride: UInt64 = 0
    private var blockTick: UInt64 = 0
    private var lastClaimTick: UInt64 = .max
    private var isWaiting = false

    /// A shard on whatever space `slot` holds, now and later.
    package init(slot: WorkerSlot) {
        self.slot = slot
        (space, seenRevision) = slot.current()
    }

    deinit {
        if isWaiting { space?.stoppedWaiting() }
    }

    /// The worker in the IDs of this shard; `nil` while it has none.
    package var worker: UInt64? { space?.worker }

    /// Takes up the slot's present space. To be called once per wake-up; costs one atomic load when nothing changed.
    ///
    /// - Returns: whether something did.
    @discardableResult
    package func refresh() -> Bool {
        guard slot.revision != seenRevision else { return false }
        let wasWaiting = isWaiting
        setWaiting(false)
        (space, seenRevision) = slot.current()
        left = 0
        lastClaimTick = .max
        setWaiting(wasWaiting)
        return true
    }

    /// Says whether calls wait here for a later tick; other shards then leave a block of it.
    package func setWaiting(_ waits: Bool) {
        guard waits != isWaiting else { return }
        isWaiting = waits
        if waits { space?.startedWaiting() } else { space?.stoppedWaiting() }
    }

    /// One ID of the tick `now`.
    package func nextID(now: UInt64) -> Minted<FirnID> {
        if left == 0 || blockTick != now, let obstacle = claimBlock(now: now) { return obstacle }
        let id = FirnID(rawValue: next)
        left -= 1
        // Past the last ID of all there is none, and nothing is left.
        next &+= stride
        return .minted(id)
    }

    /// One run of at least one and at most `count` IDs, all of the tick `now`.
    package func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run> {
        // The block goes first: a run claimed past it would make the block's next single ID a lower one.
        if left != 0, blockTick == now { return .minted(take(min(UInt64(count), left))) }
        guard let space else { return .closed }
        return claim(UInt64(count), from: space, now: now)
    }

    /// The block's next IDs, as many as there are or fewer.
    private func take(_ count: UInt64) -> Run {
        let run = Run(first: FirnID(rawValue: next), count: UInt32(count), stride: stride)
        left -= count
        next &+= count &* stride
        return run
    }

    /// - Returns: why there is no block; `nil` when there is one.
    @inline(never)
    private func claimBlock(now: UInt64) -> Minted<FirnID>? {
        guard let space else { return .closed }
        switch claim(space.blockSize, from: space, now: now) {
        case .minted(let block):
            (next, left, stride, blockTick) = (block.first.rawValue, UInt64(block.count), block.stride, now)
            return nil
        case .full(let untilTick): return .full(untilTick: untilTick)
        case .closed: return .closed
        case .expired: return .expired
        }
    }

    private func claim(_ count: UInt64, from space: Space, now: UInt64) -> Minted<Run> {
        // What is left of the block is of another tick. Were it kept, a clock that fell could lead back to it.
        left = 0
        // A newcomer has no claim to the blocks of those who wait: it would starve them for as long as it comes first.
        let floor = isWaiting && lastClaimTick != now ? min(count, space.blockSize) : 0
        let claim = space.claim(
            upTo: count,
            now: now,
            leaving: space.reserve(callerWaits: isWaiting),
            butAtLeast: floor
        )
        switch claim {
        case .positions(let first, let count):
            lastClaimTick = now
            return .minted(space.layout.makeRun(position: first, count: UInt32(count), worker: space.worker))
        case .full(let untilTick): return .full(untilTick: untilTick)
        case .closed: return .closed
        case .expired: return .expired
        }
    }
}
