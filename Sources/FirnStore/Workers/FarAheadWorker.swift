/// A worker whose record has a limit far in the future: its holder's clock was ahead.
package struct FarAheadWorker: Hashable, Sendable {
    package var worker: UInt32
    /// The first tick at which another holder may begin.
    package var freeFromTick: UInt64
    package var holder: Holder

    init(_ worker: UInt32, _ record: WorkerRecord) {
        self.worker = worker
        freeFromTick = record.freeFrom
        holder = record.holder
    }
}
