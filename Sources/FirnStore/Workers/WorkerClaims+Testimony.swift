/// Testifying in the store what time it is, for the clocks of daemons that start later.
extension WorkerClaims {
    /// Gives this host's word on the time in the record `clock`, unless it or enough others have done so within the
    /// interval, and brings ``findings`` up to date. To be called after the worker is in use, because nothing waits for
    /// it. When another daemon writes the record at the same time, that one's word is enough.
    package func testify(_ held: HeldWorker, at now: StoreInstant) throws(StoreError) {
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
