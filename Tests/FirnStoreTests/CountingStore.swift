import Synchronization

@testable import FirnStore

/// Counts the calls that a store gets, and the records that it returns.
final class CountingStore: Store {
    struct Counts: Hashable {
        /// Calls that read: each is a round trip.
        var reads = 0
        var lists = 0
        var writes = 0
        /// Records that were read or listed, or looked for.
        var records = 0
    }

    private let store: MemoryStore
    private let state = Mutex(Counts())

    init(_ store: MemoryStore) {
        self.store = store
    }

    /// Since the last call.
    func take() -> Counts {
        state.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        state.withLock {
            $0.reads += 1; $0.records += 1
        }
        return try store.read(key)
    }

    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        state.withLock {
            $0.reads += 1; $0.records += keys.count
        }
        return keys.map { key in Result { () throws(StoreError) in try store.read(key) } }
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        let records = try store.list(prefix: prefix)
        state.withLock {
            $0.lists += 1; $0.records += records.count
        }
        return records
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let records = try store.list(prefix: prefix, after: after, limit: limit)
        state.withLock {
            $0.lists += 1; $0.records += records.count
        }
        return records
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        state.withLock { $0.writes += 1 }
        return try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        state.withLock { $0.reads += 1 }
        return try store.highestVersion()
    }
}

extension MemoryStore {
    /// A store in which these workers are held, each by a host of its own, up to `limit`.
    convenience init(held workers: some Sequence<UInt32>, limit: UInt64) {
        var records: [String: StoredValue] = [:]
        for (index, worker) in workers.enumerated() {
            let record = WorkerRecord(
                generation: 1,
                limit: limit,
                holder: Holder(host: "host-\(worker)", pod: nil, pid: 1, instance: UInt64(worker) + 1_000_000),
                writeToken: UInt64(worker) + 1,
                renewedAtUnixMilliseconds: 1
            )
            records[WorkerRecord.key(worker)] = StoredValue(value: record.text, version: UInt64(index + 1))
        }
        self.init(records: records, lastVersion: UInt64(records.count))
    }
}

extension WorkerClaims {
    /// Claims by a list of short pages, without probes: a layout of few workers is otherwise probed whole.
    mutating func listAtOnce(_ isWanted: Bool) {
        guard isWanted else { return }
        probes = []
        pageLength = 1
    }
}
