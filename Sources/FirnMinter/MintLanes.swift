internal import CLinux
internal import FirnEngine
internal import FirnLayout
internal import Synchronization

/// IDs for threads that need no order between them: each takes them from a block of its own, so that threads do not wait for
/// each other's memory.
///
/// A thread has the same lane for its whole life, so its IDs rise. There are more lanes than processors; where threads share
/// one, they take turns.
final class MintLanes: Sendable {
    private final class Lane: Sendable {
        // The memory around this object may be another lane's. 128 bytes: processors fetch cache lines in pairs.
        private let paddingBefore = InlineArray<16, UInt64>(repeating: 0)
        let shard: Mutex<Shard>
        private let paddingAfter = InlineArray<16, UInt64>(repeating: 0)

        init(slot: WorkerSlot) {
            shard = Mutex(Shard(slot: slot))
        }
    }

    // Not an array of references: reading one changes the lane's reference count, twice for each ID.
    private nonisolated(unsafe) let lanes: UnsafeMutablePointer<Unmanaged<Lane>>
    private let count: Int
    private let clock: TickClock

    init(slot: WorkerSlot, clock: TickClock, count: Int) {
        precondition(count > 0 && count & (count - 1) == 0, "a thread's lane is a part of its number")
        lanes = .allocate(capacity: count)
        for index in 0..<count {
            (lanes + index).initialize(to: .passRetained(Lane(slot: slot)))
        }
        self.count = count
        self.clock = clock
    }

    deinit {
        for index in 0..<count { lanes[index].release() }
        lanes.deallocate()
    }

    /// Two for each processor, rounded up to a power of two; 64 at most.
    static var defaultCount: Int {
        let wanted = min(64, 2 * Int(firn_processor_count()))
        var count = 2
        while count < wanted { count *= 2 }
        return count
    }

    /// One ID of the current tick.
    func nextID() -> Minted<FirnID> {
        withShard { $0.nextID(now: clock.tick()) }
    }

    /// One run of at least one and at most `count` IDs, all of the current tick.
    func nextRun(upTo count: UInt32) -> Minted<Run> {
        withShard { $0.nextRun(upTo: count, now: clock.tick()) }
    }

    @inline(__always)
    private func withShard<Value>(_ body: (Shard) -> Minted<Value>) -> Minted<Value> {
        lanes[Int(firn_thread_number()) & (count - 1)]._withUnsafeGuaranteedRef { lane in
            lane.shard.withLock { shard in
                shard.refresh()
                return body(shard)
            }
        }
    }
}
