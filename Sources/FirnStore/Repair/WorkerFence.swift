/// Takes all workers from holders whose window has ended, so that none of them goes on with its worker after a repair.
///
/// A holder whose window has ended may still run: it rests, stood still, or could not reach its store. It may raise the
/// limit of its record as long as nobody has written the record since, and an extension does not read the floor. So the
/// repair writes each record after the floor: the holder's next write fails, and it claims a worker at or above the floor.
package enum WorkerFence {
    /// - Returns: a worker whose holder extended its window after the repair had looked at it, if there is one. That holder
    ///   may give out ticks below the floor up to this limit.
    package static func perform(
        _ store: some Store,
        _ workers: [UInt32],
        by operatorHolder: Holder,
        at now: StoreInstant
    ) throws(StoreError) -> StoreReport.Worker? {
        let count = 100
        for start in stride(from: 0, to: workers.count, by: count) {
            let some = workers[start..<min(start + count, workers.count)]
            if let held = try performOnce(store, Array(some), by: operatorHolder, at: now) { return held }
        }
        return nil
    }

    private static func performOnce(
        _ store: some Store,
        _ workers: [UInt32],
        by operatorHolder: Holder,
        at now: StoreInstant
    ) throws(StoreError) -> StoreReport.Worker? {
        var writes: [StoreWrite] = []
        var numbers: [UInt32] = []
        for (worker, result) in zip(workers, store.read(workers.map(WorkerRecord.key))) {
            let key = WorkerRecord.key(worker)
            guard let stored = try result.get() else { continue }
            let record = try WorkerRecord(key: key, text: stored.value)
            guard record.limit <= now.tick else { return StoreReport.Worker(number: worker, record: record) }
            // Nobody holds it any more.
            if record.isGivenBack || record.holder.isOperator { continue }
            let next = record.taken(by: operatorHolder, at: now)
            numbers.append(worker)
            writes.append(StoreWrite(key: key, value: next.text, ifVersion: stored.version, ifValue: stored.value))
        }
        for (worker, result) in zip(numbers, store.write(writes)) {
            guard case .conflict = try result.get() else { continue }
            // Extended at this moment, or claimed: whose claim began after the floor was written has seen it.
            guard let stored = try store.read(WorkerRecord.key(worker)) else { continue }
            let record = try WorkerRecord(key: WorkerRecord.key(worker), text: stored.value)
            return StoreReport.Worker(number: worker, record: record)
        }
        return nil
    }
}
