/// Takes a worker from its holder, for an operator.
///
/// The record is written as its next holder's would be, with a higher generation, so that a holder that lives after all
/// learns of it at its next write and stops. Nobody else uses the worker below its limit, as the holder may have, or may
/// still.
///
/// The statement that the holder is dead lowers the limit, so that no daemon takes it for the time and waits for it or
/// doubts its own clock; up to where it was the worker stays ``WorkerRecord/used``. A range that was granted is never given
/// out a second time, whether the statement is true or not.
package struct WorkerRelease: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Nobody holds it any more; the next may begin at this tick.
        case released(freeFromTick: UInt64)
        /// Its limit has passed, or it never had a record.
        case wasFree
        /// Nobody holds it, and it was used up to this tick.
        case wasUsed(freeFromTick: UInt64)
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
            guard present.limit > now.tick else {
                return present.freeFrom > now.tick ? .wasUsed(freeFromTick: present.freeFrom) : .wasFree
            }
            guard present.generation == record.generation, present.holder == record.holder,
                // The dead do not write.
                !isHolderDead || present.writeToken == record.writeToken
            else { return .heldBy(present.holder) }
            let limit = isHolderDead ? min(present.limit, now.tick + 1) : present.limit
            let next = WorkerRecord(
                generation: present.generation + 1,
                limit: limit,
                used: present.freeFrom > limit ? present.freeFrom : nil,
                holder: operatorHolder,
                writeToken: .random(in: 0...(.max)),
                renewedAtUnixMilliseconds: now.unixMilliseconds
            )
            if case .written = try store.write(key, next.text, ifVersion: stored.version, ifValue: stored.value) {
                return .released(freeFromTick: next.freeFrom)
            }
        }
        return .heldBy(record.holder)
    }
}
