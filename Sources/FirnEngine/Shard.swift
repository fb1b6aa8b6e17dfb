package import FirnLayout

/// The result of a request for IDs to a ``Shard``.
package enum Minted<Value: Sendable & Equatable>: Sendable, Equatable {
    /// The IDs, owned by the caller alone.
    case minted(Value)
    /// The current tick is used up: try again in `untilTick`.
    case full(untilTick: UInt64)
    /// No window covers the current time.
    case closed
    /// The layout's time field cannot hold the current tick.
    case expired
}

/// One thread's part of a ``Space``: a block of positions, from which it serves single IDs without access to shared
/// memory.
///
/// Invariants, each with a test in `ShardTests`:
/// 1. The IDs of one shard strictly increase: a block is used up or dropped before a later one is claimed (promise 4).
/// 2. An ID's tick is the tick of its request: a block of an earlier tick is dropped and never used (promise 5).
/// 3. While other shards wait, a shard takes from a tick only what their blocks leave over. Only a shard that waits
///    itself may take its first block in any case. So in a tick that is large enough, each waiting call gets a block.
///    Ticks that are too small for a block each still go to the shards that wait, in order of arrival.
///
/// For one thread; not `Sendable`.
package final class Shard {
    private let slot: WorkerSlot
    private var space: Space?
    private var seenRevision: UInt64
    // The block: `left` IDs of `blockTick` from `next` on, `stride` apart. They are stored as IDs and not as positions
    // of the space, so that serving one does not access the space, whose reference count would change twice for each
    // ID.
    private var next: UInt64 = 0
    private var left: UInt64 = 0
    private var stride: UInt64 = 0
    private var blockTick: UInt64 = 0
    private var lastClaimTick: UInt64 = .max
    private var isWaiting = false
    // Written for each ID, while the memory after this object may be another thread's. 128 bytes: processors fetch cache
    // lines in pairs.
    private let padding = InlineArray<16, UInt64>(repeating: 0)

    /// A shard of the space that `slot` holds, now and later.
    package init(slot: WorkerSlot) {
        self.slot = slot
        (space, seenRevision) = slot.current()
    }

    deinit {
        if isWaiting { space?.stoppedWaiting() }
    }

    /// The worker in the IDs of this shard; `nil` while it has none.
    package var worker: UInt64? { space?.worker }

    /// Loads the slot's current space. To be called once per wake-up; costs one atomic load when nothing changed.
    ///
    /// - Returns: whether it changed.
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

    /// Sets whether calls wait here for a later tick. Other shards then leave a block of it.
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
        // After the highest ID this wraps, but then `left` is 0.
        next &+= stride
        return .minted(id)
    }

    /// One run of at least one and at most `count` IDs, all of the tick `now`.
    package func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run> {
        // The block is used first: after a claim of a later run, the block's next single ID would be lower.
        if left != 0, blockTick == now { return .minted(take(min(UInt64(count), left))) }
        guard let space else { return .closed }
        return claim(UInt64(count), from: space, now: now)
    }

    /// The next `count` IDs of the block, which has at least as many.
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
        // The rest of the block is of another tick. It must not be used again if the clock falls back to that tick.
        left = 0
        // A shard that did not wait must leave the blocks of the shards that wait. Otherwise it would starve them
        // whenever it comes first.
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
