/// What a daemon does in its store every ten minutes: it testifies what time it is, for the clocks of daemons that start
/// later, and looks how many workers are free, for its metrics.
extension WorkerClaims {
    /// Gives this host's word on the time in the record `clock`, unless it or enough others have done so within the
    /// interval, and brings ``findings`` up to date. To be called after the worker is in use, because nothing waits for
    /// it. When another daemon writes the record at the same time, that one's word is enough.
    package func testify(_ held: HeldWorker, at now: StoreInstant) throws(StoreError) {
        if findings.countsFree { estimateFree(at: now) }
        let stored = try store.read(ClockRecord.key)
        var record = ClockRecord()
        do throws(StoreError) {
            if let stored { record = try ClockRecord(text: stored.value) }
        } catch {
            // Nothing is lost with a record that cannot be read, unless a newer version of Firn can read it.
            if error.code == .newerFormat { return }
        }
        let before = record
        let witness = ClockRecord.Witness(
            host: holder.host,
            clockID: clockID,
            worker: held.worker,
            limit: held.limit,
            version: held.version
        )
        if record.needs(witness, withinTicks: testimonyTicks) { record.add(witness, outlierTicks: outlierTicks) }
        try examineFarAhead(&record, at: now)
        guard record != before else { return }
        _ = try store.write(ClockRecord.key, record.text, ifVersion: stored?.version, ifValue: stored?.value)
    }

    /// Estimates from random workers how many of those that may be drawn are free. Where there are no more than are
    /// read, the number is exact.
    private func estimateFree(at now: StoreInstant) {
        var random = systemRandom()
        var draw = WorkerDraw(maximumWorker: maximumWorker, excluding: [], outside: excludedWorkers)
        let workers = draw.next(Self.censusCount, using: &random)
        guard !workers.isEmpty else { return findings.estimated(freeWorkers: 0) }
        var free: UInt64 = 0
        for (worker, result) in zip(workers, store.read(workers.map(WorkerRecord.key))) {
            guard case .success(let value) = result else { return }
            guard let value else {
                free += 1
                continue
            }
            // A record that cannot be read counts as taken, as for a claim.
            if let record = try? Stored(worker, value).record, Self.isFree(record, atTick: now.tick) { free += 1 }
        }
        findings.estimated(freeWorkers: workerCount * free / UInt64(workers.count))
    }

    /// How many workers are read for the estimate: where one in ten is free, it is off by less than six in a hundred of
    /// the layout's in 95 of 100 cases. No more than the operations of an etcd transaction.
    private static var censusCount: Int { 128 }

    /// Reads the workers again that are known to be far ahead, here or in the store.
    private func examineFarAhead(_ record: inout ClockRecord, at now: StoreInstant) throws(StoreError) {
        let workers = Set(record.aheadWorkers + findings.farAheadWorkers).sorted()
        guard !workers.isEmpty else { return }
        for (worker, result) in zip(workers, store.read(workers.map(WorkerRecord.key))) {
            guard case .success(let value) = result else { continue }
            if let value, let present = try? Stored(worker, value).record, isFarAhead(present, atTick: now.tick) {
                findings.add(FarAheadWorker(worker, present))
                record.addAhead(worker)
            } else {
                findings.removeFarAhead(worker)
                record.removeAhead(worker)
            }
        }
    }
}
