import FirnEngine
import FirnLayout

/// A store as the engine sees one: what it holds survives everything, and changes only for who read it last.
struct ModelStore {
    struct Record: Equatable {
        var generation: UInt64 = 0
        var limit: UInt64 = 0
    }

    var records: [UInt64: Record] = [:]

    /// Gives `worker` to a new holder with a window up to `limit`.
    ///
    /// - Returns: the new generation, and the limit stored before, below which the holder must not start.
    mutating func take(worker: UInt64, limit: UInt64) -> (generation: UInt64, before: UInt64) {
        let old = records[worker] ?? Record()
        let new = Record(generation: old.generation + 1, limit: max(old.limit, limit))
        records[worker] = new
        return (new.generation, old.limit)
    }

    /// Moves the limit of the holder of `generation`; false when there is a newer holder.
    mutating func write(worker: UInt64, generation: UInt64, limit: UInt64) -> Bool {
        guard records[worker]?.generation == generation else { return false }
        records[worker]?.limit = limit
        return true
    }
}

/// A daemon without its threads and sockets: a slot, some shards, and what it knows of its worker's record.
final class ModelDaemon {
    let layout: Layout
    private(set) var slot = WorkerSlot()
    private(set) var shards: [Shard] = []
    private(set) var generation: UInt64 = 0
    private let shardCount: Int
    private let firstSequence: FirstSequence

    init(layout: Layout, shards: Int, firstSequence: FirstSequence = .zero) {
        self.layout = layout
        self.shardCount = shards
        self.firstSequence = firstSequence
        crash()
    }

    var space: Space? { slot.current().space }

    /// Forgets everything, as SIGKILL and a restart do.
    func crash() {
        slot = WorkerSlot()
        shards = (0..<shardCount).map { _ in Shard(slot: slot) }
    }

    /// Takes `worker` over, from whoever held it, with a window up to `limit`: stored first, then used.
    func open(worker: UInt64, limit: UInt64, store: inout ModelStore) {
        let (generation, before) = store.take(worker: worker, limit: limit)
        self.generation = generation
        slot.open { notBefore in
            Space(
                layout: layout,
                worker: worker,
                firstTick: max(before, notBefore),
                limit: store.records[worker]!.limit,
                shards: shardCount,
                firstSequence: firstSequence
            )
        }
    }

    /// Extends the window, or stops when somebody else holds the worker now.
    func extend(to limit: UInt64, store: inout ModelStore) {
        guard let space, limit > space.windowLimit else { return }
        if store.write(worker: space.worker, generation: generation, limit: limit) {
            space.extend(limit: limit)
        } else {
            slot.close()
        }
    }

    /// Gives the worker back: the record is lowered to the first unused tick.
    func close(store: inout ModelStore) {
        guard let space, let firstUnused = slot.close() else { return }
        let limit = min(firstUnused, space.windowLimit)
        _ = store.write(worker: space.worker, generation: generation, limit: limit)
    }
}
