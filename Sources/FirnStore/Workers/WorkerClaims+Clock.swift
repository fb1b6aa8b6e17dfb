/// Judging this host's clock by the store.
extension WorkerClaims {
    /// A single host is not believed that a clock is behind by more than this.
    package static let outlierDistance = Duration.seconds(86_400)

    /// Whether a wall clock can be trusted at start.
    package enum ClockCheck: Hashable, Sendable {
        /// These workers have limits far ahead of it, and count as taken until then.
        case plausible(farAhead: [FarAheadWorker])
        /// The store's daemons were granted ticks up to `storeTick`, the limit of `worker` under `holder`.
        case clockBehind(storeTick: UInt64, nowTick: UInt64, worker: UInt32, holder: Holder)

        package static var plausible: ClockCheck { .plausible(farAhead: []) }
    }

    /// Compares the wall clock with what other daemons were granted. A running daemon's limit may be ahead by a window.
    /// When the clock is behind by more than a window and `allowedTicks`, it was set back, or other daemons' clocks were
    /// ahead; ``ClockJudgement`` decides. What was used above a limit does not count, because an operator has dealt with
    /// that worker.
    ///
    /// Reads all records of a small fleet. Of a large one it reads some, the record `clock`, and the workers that this one
    /// names, so that the cost does not depend on the number of workers. Only where these do not show what time it is,
    /// as in a store of an earlier version of Firn, it reads all records, page by page. What cannot be read is left out.
    package func checkClock(nowTick: UInt64, allowedTicks: UInt64) throws(StoreError) -> ClockCheck {
        let (tolerated, isTooMuch) = windowTicks.addingReportingOverflow(allowedTicks)
        let judgement = ClockJudgement(
            host: holder.host,
            clockID: clockID,
            nowTick: nowTick,
            toleratedTicks: isTooMuch ? .max : tolerated,
            outlierTicks: max(outlierTicks, isTooMuch ? .max : tolerated)
        )
        let evidence = try evidence(for: judgement)
        switch judgement.verdict(on: evidence.testimonies) {
        case .behind(let testimony):
            return .clockBehind(
                storeTick: testimony.limit,
                nowTick: nowTick,
                worker: testimony.worker,
                holder: testimony.holder
            )
        case .plausible(let outliers):
            let workers = Set(outliers.map(\.worker)).sorted()
            let found = workers.compactMap { worker in evidence.records[worker].map { FarAheadWorker(worker, $0) } }
            for worker in found { findings.add(worker) }
            return .plausible(farAhead: found)
        }
    }

    /// The worker with this number, if its record is far ahead: a daemon that is to have this one cannot start.
    package func farAhead(_ worker: UInt32, nowTick: UInt64) throws(StoreError) -> FarAheadWorker? {
        guard let record = try readWorker(worker)?.record, isFarAhead(record, atTick: nowTick) else { return nil }
        return FarAheadWorker(worker, record)
    }

    func isFarAhead(_ record: WorkerRecord, atTick nowTick: UInt64) -> Bool {
        let (distance, isTooMuch) = windowTicks.addingReportingOverflow(outlierTicks)
        return !isTooMuch && record.limit > nowTick && record.limit - nowTick > distance
    }

    private func evidence(for judgement: ClockJudgement) throws(StoreError) -> ClockEvidence {
        let page = try store.list(prefix: WorkerRecord.keyPrefix, after: nil, limit: evidenceCount)
        var evidence = ClockEvidence()
        for stored in page { add(stored, to: &evidence) }
        let isWhole = page.count < evidenceCount
        if isWhole, !evidence.testimonies.contains(where: judgement.isAhead) { return evidence }
        let sample = evidence.testimonies
        let witnesses = try addWitnesses(to: &evidence)
        if isWhole { return evidence }
        // What this host's own clock wrote does not show that it is right: it may have stood still since.
        let isShown = witnesses.contains { testimony in
            testimony.holder.host != judgement.host && (clockID == nil || testimony.clockID != clockID)
                && isCurrent(testimony, judgement)
        }
        if !isShown, sample.count(where: { isCurrent($0, judgement) }) * 2 <= sample.count {
            try addNewest(to: &evidence)
        }
        return evidence
    }

    /// Whether it is of about this time, or of a later one.
    private func isCurrent(_ testimony: ClockJudgement.Testimony, _ judgement: ClockJudgement) -> Bool {
        guard testimony.limit < judgement.nowTick else { return true }
        return (judgement.nowTick - testimony.limit) / 3 <= testimonyTicks
    }

    private func add(_ stored: StoredRecord, to evidence: inout ClockEvidence) {
        guard let worker = try? WorkerRecord.worker(ofKey: stored.key), worker <= maximumWorker else { return }
        do throws(StoreError) {
            let record = try WorkerRecord(key: stored.key, text: stored.value)
            evidence.add(worker, record, version: stored.version)
        } catch {
            findings.add(unreadable: worker, error)
        }
    }

    /// Adds what the record `clock` says, and returns it. The workers that it names are read, because an operator may
    /// have dealt with them since, or others may hold them.
    private func addWitnesses(
        to evidence: inout ClockEvidence
    ) throws(StoreError) -> [ClockJudgement.Testimony] {
        let clock: ClockRecord
        do throws(StoreError) {
            guard let stored = try store.read(ClockRecord.key) else { return [] }
            clock = try ClockRecord(text: stored.value)
        } catch {
            guard error.isOfOneRecord else { throw error }
            return []
        }
        let keys = Set(clock.witnesses.map(\.worker) + clock.aheadWorkers).sorted().map(WorkerRecord.key)
        for (key, result) in zip(keys, store.read(keys)) {
            guard let value = try result.get() else { continue }
            add(StoredRecord(key: key, value: value.value, version: value.version), to: &evidence)
        }
        return clock.witnesses.compactMap { evidence.add($0) }
    }

    /// Adds the latest records of the hosts that wrote last, and the highest, of all records.
    private func addNewest(to evidence: inout ClockEvidence) throws(StoreError) {
        var newest = ClockEvidence()
        try forEachPage { page in
            for stored in page { add(stored, to: &newest) }
            newest.keepNewest(hosts: evidenceCount, andHighest: WorkerFindings.maximumCount)
        }
        evidence.add(newest)
    }
}

/// What a start has read of the store to judge its clock.
private struct ClockEvidence {
    private(set) var testimonies: [ClockJudgement.Testimony] = []
    /// The records that were read of the workers.
    private(set) var records: [UInt32: WorkerRecord] = [:]

    /// What an operator wrote is no evidence, because its limit is another daemon's.
    mutating func add(_ worker: UInt32, _ record: WorkerRecord, version: UInt64) {
        guard records.updateValue(record, forKey: worker) == nil, !record.holder.isOperator else { return }
        testimonies.append(
            ClockJudgement.Testimony(worker: worker, holder: record.holder, limit: record.limit, version: version)
        )
    }

    /// Nothing without its worker's record. The record's limit counts where it is lower.
    mutating func add(_ witness: ClockRecord.Witness) -> ClockJudgement.Testimony? {
        guard let record = records[witness.worker] else { return nil }
        let testimony = ClockJudgement.Testimony(
            worker: witness.worker,
            holder: Holder(host: witness.host, pod: nil, pid: 0, instance: 0),
            limit: min(witness.limit, record.limit),
            version: witness.version,
            clockID: witness.clockID
        )
        testimonies.append(testimony)
        return testimony
    }

    mutating func add(_ other: ClockEvidence) {
        for testimony in other.testimonies where records[testimony.worker] == nil {
            testimonies.append(testimony)
            records[testimony.worker] = other.records[testimony.worker]
        }
    }

    mutating func keepNewest(hosts count: Int, andHighest highestCount: Int) {
        let highest = testimonies.sorted { $0.limit > $1.limit }.prefix(highestCount)
        var hosts: Set<String> = []
        let newest = testimonies.sorted { $0.version > $1.version }.filter { hosts.insert($0.holder.host).inserted }
        testimonies = Array(Set(highest).union(newest.prefix(count)))
        records = Dictionary(uniqueKeysWithValues: testimonies.map { ($0.worker, records[$0.worker]!) })
    }
}
