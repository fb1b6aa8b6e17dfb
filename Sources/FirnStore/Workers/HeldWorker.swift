/// A worker as its holder knows it: the last state that is known to be durably stored.
package struct HeldWorker: Hashable, Sendable {
    package var worker: UInt32
    package var generation: UInt64
    /// The version of the record as last seen; 0 while a claim's own write is in doubt.
    package var version: UInt64
    /// The first tick this holder may use.
    package var firstTick: UInt64
    /// The first tick this holder may *not* use. It is durably stored, so the limit in memory is never above the one on
    /// disk. Equal to ``firstTick`` while a claim's own write is in doubt.
    package var limit: UInt64
    /// The record as this holder last knew it to be stored: its next write replaces this text and no other. nil while a
    /// claim's own write is in doubt.
    private(set) var record: WorkerRecord?
    /// The tokens of writes that got no answer and would apply to ``version``, the latest last. Bounded: in the worst
    /// case, a dropped one costs the worker.
    private(set) var writesInDoubt: [UInt64] = []
    /// How many repairs of the store this holder knew of when it sent the first of these writes.
    private var repairsBeforeDoubt: Int?

    static let maximumWritesInDoubt = 4

    package init(worker: UInt32, generation: UInt64, version: UInt64, firstTick: UInt64, limit: UInt64) {
        precondition(firstTick <= limit, "a window cannot end before it begins")
        self.worker = worker
        self.generation = generation
        self.version = version
        self.firstTick = firstTick
        self.limit = limit
    }

    /// Sets the record that the worker is held by, where that is not a store's.
    mutating func setRecord(_ record: WorkerRecord) {
        self.record = record
    }

    /// - Parameter repairs: how many repairs of the store this holder knew of when it sent the write.
    mutating func doubt(write token: UInt64, after repairs: Int = 0) {
        repairsBeforeDoubt = repairsBeforeDoubt ?? repairs
        if writesInDoubt.count == Self.maximumWritesInDoubt { writesInDoubt.removeFirst() }
        writesInDoubt.append(token)
    }

    /// Whether a write of this holder got no answer that it sent before the last of so many repairs. It may have arrived in
    /// a store that had been restored, and replaced there what another holder has used meanwhile.
    func isInDoubt(since repairs: Int) -> Bool { repairsBeforeDoubt.map { $0 != repairs } ?? false }

    /// Whether this holder wrote `record` at `version`, and nobody wrote after it.
    func wrote(_ record: WorkerRecord, version: UInt64, as holder: Holder) -> Bool {
        guard record.generation == generation, record.holder.instance == holder.instance else { return false }
        if version == self.version { return self.record.map { $0 == record } ?? (record.limit == limit) }
        return writesInDoubt.contains(record.writeToken)
    }

    /// The same worker with a record that it is known to have written.
    func following(_ record: WorkerRecord, version: UInt64) -> HeldWorker {
        guard version != self.version else { return self }
        var held = HeldWorker(
            worker: worker,
            generation: generation,
            version: version,
            firstTick: firstTick,
            limit: record.limit
        )
        held.record = record
        return held
    }
}

/// What is known of a held worker after its record was written or read.
package enum HoldOutcome: Hashable, Sendable {
    /// Durably this daemon's, up to this limit, which may differ from the requested one.
    case holding(HeldWorker)
    /// Not this daemon's any more: stop using it at once. The record is the new holder's; nil if there is none.
    case lost(to: WorkerRecord?)
    /// The store failed. Read back before anything else; until then the old limit is valid.
    case inDoubt(HeldWorker, StoreError)
    /// The store has lost what it granted, so that others may have been given this worker: stop using it at once,
    /// whatever its record contains.
    case setBack(StoreError)
}

/// The result of lowering a limit. None of them needs a reaction: in the worst case, the worker stays taken until its
/// limit.
package enum ReleaseOutcome: Hashable, Sendable {
    case released(limit: UInt64)
    /// The limit was no higher than the first unused tick.
    case unneeded
    /// Another daemon has written the record since.
    case conflict
    case failed(StoreError)

    /// Why the worker was not given back; nil when it was, or did not have to be.
    package var reason: String? {
        switch self {
        case .released, .unneeded: nil
        case .conflict: "another daemon has written the worker's record since"
        case .failed(let error): error.message
        }
    }
}
