/// Takes a worker from its holder, for an operator.
///
/// The record is written as its next holder would write it, with a higher generation, so that a holder that still runs
/// finds out at its next write and stops. No other daemon uses the worker below its limit, because the holder may have
/// used it, or may still use it.
///
/// The statement that the holder is dead lowers the limit, so that no daemon takes the limit for the time and waits for
/// it, or distrusts its own clock. Up to the previous limit, the worker stays ``WorkerRecord/used``. A granted range is
/// never given out a second time, whether the statement is true or not.
package struct WorkerRelease: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// No daemon holds it any more; the next may begin at this tick.
        case released(freeFromTick: UInt64)
        /// Its limit has passed, or it never had a record.
        case wasFree
        /// No daemon holds it, and it was used up to this tick.
        case wasUsed(freeFromTick: UInt64)
        /// Another daemon than `holder` has it now, or the record was written since, so that the holder is not dead.
        case heldBy(Holder)
    }

    package let worker: UInt32
    /// The record with the holder from which the worker is taken, as it was shown to the operator.
    package let record: WorkerRecord
    package let isHolderDead: Bool

    package init(worker: UInt32, record: WorkerRecord, isHolderDead: Bool) {
        self.worker = worker
        self.record = record
        self.isHolderDead = isHolderDead
    }

    /// How often it is tried while the holder continues to extend.
    private static let maximumAttempts = 16

    package func perform(
        _ store: some Store,
        by operatorHolder: Holder,
        at now: StoreInstant
    ) throws(StoreError) -> Outcome {
        precondition(now.tick < UInt64.max, "there is a tick after the present one")
        let key = WorkerRecord.key(worker)
        for _ in 0..<Self.maximumAttempts {
            guard let stored = try store.read(key) else { return .wasFree }
            let present = try WorkerRecord(key: key, text: stored.value)
            guard present.limit > now.tick else {
                return present.freeFrom > now.tick ? .wasUsed(freeFromTick: present.freeFrom) : .wasFree
            }
            guard present.generation == record.generation, present.holder == record.holder,
                // A dead holder does not write.
                !isHolderDead || present.writeToken == record.writeToken
            else { return .heldBy(present.holder) }
            let limit = isHolderDead ? min(present.limit, now.tick + 1) : present.limit
            let next = present.taken(by: operatorHolder, at: now, limit: limit)
            if case .written = try store.write(key, next.text, ifVersion: stored.version, ifValue: stored.value) {
                return .released(freeFromTick: next.freeFrom)
            }
        }
        return .heldBy(record.holder)
    }
}
