internal import Synchronization

/// What this daemon has found in workers' records, for its log and its metrics: what is wrong with some, while the others
/// are used, and how many are free.
package final class WorkerFindings: Sendable {
    private struct State {
        var farAhead: [UInt32: FarAheadWorker] = [:]
        var unreadable: [UInt32: StoreError] = [:]
        var reported: Set<UInt32> = []
        var freeWorkers: UInt64?
    }

    /// Whether workers are counted at all, which costs a read every ten minutes.
    let countsFree: Bool

    /// More than are named at any time, of each kind: each is due to a host whose clock was wrong, or to somebody who
    /// wrote into the store.
    package static let maximumCount = 16

    private let state = Mutex(State())

    package init(countsFree: Bool = false) {
        self.countsFree = countsFree
    }

    /// How many workers of the layout no holder has, estimated from some of them; nil while that is not known.
    package var freeWorkers: UInt64? { state.withLock { $0.freeWorkers } }

    func estimated(freeWorkers: UInt64) {
        state.withLock { $0.freeWorkers = freeWorkers }
    }

    /// How many workers are known to be far ahead whose time has not come.
    package func farAheadCount(nowTick: UInt64) -> Int {
        state.withLock { state in state.farAhead.values.count { $0.freeFromTick > nowTick } }
    }

    /// Those that were found since the last call, and were never returned before.
    package func takeUnreported() -> (farAhead: [FarAheadWorker], unreadable: [StoreError]) {
        state.withLock { state in
            let farAhead = state.farAhead.values.filter { !state.reported.contains($0.worker) }
            let unreadable = state.unreadable.filter { !state.reported.contains($0.key) }
            state.reported.formUnion(farAhead.map(\.worker) + unreadable.keys)
            return (
                farAhead.sorted { $0.worker < $1.worker }, unreadable.sorted { $0.key < $1.key }.map(\.value)
            )
        }
    }

    var farAheadWorkers: [UInt32] { state.withLock { $0.farAhead.keys.sorted() } }

    func add(_ worker: FarAheadWorker) {
        state.withLock { state in
            guard state.farAhead[worker.worker] != nil || state.farAhead.count < Self.maximumCount else { return }
            state.farAhead[worker.worker] = worker
        }
    }

    func add(unreadable worker: UInt32, _ error: StoreError) {
        state.withLock { state in
            guard state.unreadable.count < Self.maximumCount else { return }
            state.unreadable[worker] = error
        }
    }

    /// The worker's record was read again, and is not far ahead any more.
    func removeFarAhead(_ worker: UInt32) {
        state.withLock { state in
            state.farAhead[worker] = nil
        }
    }
}
