/// Takes a worker from its holder, for an operator.
///
/// The record is written as its next holder's would be, with a higher generation, so that a holder that lives after all
/// learns of it at its next write and stops. The limit stays where it is: until it has passed nobody else uses the
/// worker, as the holder may. Only the statement that the holder is dead lowers it, and if that is false, IDs can be
/// given out twice.
package struct WorkerRelease: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Nobody holds it any more; the next may begin at this tick.
        case released(freeFromTick: UInt64)
        /// Its limit has passed, or it never had a record.
        case wasFree
        /// Another one than `holder` has it now, or it was written since: it lives.
        case heldBy(Holder)
    }

    package let worker: UInt32
    /// Whom it is to be taken from, as the operator was shown.
    package let record: WorkerRecord
    package let isHolderDead: Bool

    package init(worker: UInt32, record: WorkerRecord, isHolderDead: Bool) {
        self.worker = worker
        self.record = record
        self.isHolderDead = isHolderDead
    }

    /// How often it is tried while the holder goes on extending.
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
            guard present.limit > now.tick else { return .wasFree }
            guard present.generation == record.generation, present.holder == record.holder,
                // The dead do not write.
                !isHolderDead || present.writeToken == record.writeToken
            else { return .heldBy(present.holder) }
            let next = WorkerRecord(
                generation: present.generation + 1,
                limit: isHolderDead ? min(present.limit, now.tick + 1) : present.limit,
                holder: operatorHolder,
                writeToken: .random(in: 0...(.max)),
                renewedAtUnixMilliseconds: now.unixMilliseconds
            )
            if case .written = try store.write(key, next.text, ifVersion: stored.version) {
                return .released(freeFromTick: next.limit)
            }
        }
        return .heldBy(record.holder)
    }
}
