/// Keeps workers from all daemons of a store, for a system that mints with them outside of it.
///
/// A reserved worker's record is an operator's, with a lessee, and is ``WorkerRecord/used`` up to the end of the layout:
/// the form of a worker that was taken from a holder whose clock was ahead. So a daemon of any version of Firn does not
/// claim it: one that knows the form (format 3) finds it used until the layout ends, an earlier one cannot read it, and
/// counts it as taken. Its limit stays where the last holder's was, so that no daemon takes a time in the future for the
/// present one.
///
/// Each worker is reserved by one write that replaces the record that was read: all or nothing, and a daemon that claims
/// it at the same moment either finds it reserved, or is found here as its holder.
package struct WorkerReservation: Sendable {
    /// What became of one worker.
    package enum Outcome: Hashable, Sendable {
        /// It is reserved, or free, by this call. The record is that before it; nil: there was none.
        case done(WorkerRecord?)
        /// It was so already.
        case unneeded
        /// A holder has it, or it is reserved for something else: this is its record.
        case refused(WorkerRecord)
        /// The store failed. It is not known whether it was done: repeat the call.
        case failed(StoreError)
    }

    private let holder: Holder
    private let now: StoreInstant
    private let decide: @Sendable (WorkerRecord?) -> Decision

    private enum Decision {
        case write(WorkerRecord)
        case end(Outcome)
    }

    /// Reserves workers that no holder has.
    ///
    /// - Parameters:
    ///   - purpose: a name for people, not empty.
    ///   - endTick: the first tick after the layout's last.
    package init(reservingFor purpose: String, endTick: UInt64, by holder: Holder, at now: StoreInstant) {
        precondition(holder.isOperator, "only an operator reserves workers")
        precondition(!purpose.isEmpty, "an empty name is not written")
        precondition(now.tick < endTick, "the layout has not ended")
        self.init(by: holder, at: now) { record in
            if let reserved = record?.reservedFor {
                return .end(reserved == purpose ? .unneeded : .refused(record!))
            }
            if let record, record.freeFrom > now.tick { return .end(.refused(record)) }
            var next = WorkerRecord(
                takenAfter: record?.generation ?? 0,
                limit: record?.freeFrom ?? 0,
                freeFrom: endTick,
                by: holder,
                at: now
            )
            next.lessee = purpose
            return .write(next)
        }
    }

    /// Gives reserved workers back to the daemons, from the tick after the present one on.
    package init(endingBy holder: Holder, at now: StoreInstant) {
        precondition(holder.isOperator, "only an operator reserves workers")
        precondition(now.tick < UInt64.max, "there is a tick after the present one")
        self.init(by: holder, at: now) { record in
            guard let record, record.isReserved else { return .end(.unneeded) }
            let limit = max(record.limit, now.tick + 1)
            return .write(
                WorkerRecord(takenAfter: record.generation, limit: limit, freeFrom: limit, by: holder, at: now)
            )
        }
    }

    private init(by holder: Holder, at now: StoreInstant, decide: @escaping @Sendable (WorkerRecord?) -> Decision) {
        (self.holder, self.now, self.decide) = (holder, now, decide)
    }

    /// How many records are read or written in one call: below the 128 operations of an etcd transaction.
    private static let batchLength = 100
    /// How often a worker is tried whose record others write at the same time.
    private static let maximumAttempts = 8

    /// - Returns: an outcome for each worker, in their order.
    package func perform(_ store: some Store, _ workers: [UInt32]) -> [Outcome] {
        var outcomes: [Outcome] = []
        for start in stride(from: 0, to: workers.count, by: Self.batchLength) {
            outcomes += performBatch(store, Array(workers[start..<min(start + Self.batchLength, workers.count)]))
        }
        return outcomes
    }

    private func performBatch(_ store: some Store, _ workers: [UInt32]) -> [Outcome] {
        var outcomes = [Outcome](repeating: .unneeded, count: workers.count)
        var open = Array(workers.indices)
        for attempt in 1...Self.maximumAttempts where !open.isEmpty {
            var writes: [(index: Int, before: WorkerRecord?, write: StoreWrite)] = []
            for (index, result) in zip(open, store.read(open.map { WorkerRecord.key(workers[$0]) })) {
                let key = WorkerRecord.key(workers[index])
                do throws(StoreError) {
                    let stored = try result.get()
                    let record = try stored.map { value throws(StoreError) in
                        try WorkerRecord(key: key, text: value.value)
                    }
                    switch decide(record) {
                    case .end(let outcome):
                        outcomes[index] = outcome
                    case .write(let next):
                        let write = StoreWrite(
                            key: key,
                            value: next.text,
                            ifVersion: stored?.version,
                            ifValue: stored?.value
                        )
                        writes.append((index, record, write))
                    }
                } catch {
                    outcomes[index] = .failed(error)
                }
            }
            open = []
            for (written, result) in zip(writes, store.write(writes.map(\.write))) {
                do throws(StoreError) {
                    if case .written = try result.get() {
                        outcomes[written.index] = .done(written.before)
                    } else {
                        outcomes[written.index] = attempt < Self.maximumAttempts ? .unneeded : .failed(Self.busy)
                        open.append(written.index)
                    }
                } catch {
                    outcomes[written.index] = .failed(error)
                }
            }
        }
        return outcomes
    }

    private static let busy = StoreError(
        code: .unavailable,
        message: "others wrote the worker's record again and again: try again"
    )
}
