internal import Synchronization

/// A store that lasts as long as its process: for tests, with faults that can be set, and for trying Firn out.
///
/// It keeps nothing across restarts, so a daemon that uses it makes no promises across restarts either.
package final class MemoryStore: Store {
    struct State {
        var records: [String: StoredValue] = [:] {
            didSet { sortedKeys = nil }
        }
        /// In increasing order, kept from one page of a list to the next.
        private var sortedKeys: [String]?
        var lastVersion: UInt64 = 0
        var faults = Faults()

        init(records: [String: StoredValue] = [:], lastVersion: UInt64 = 0) {
            (self.records, self.lastVersion) = (records, lastVersion)
        }

        /// The first records with this prefix and a higher key than `after`.
        mutating func page(prefix: String, after: String?, limit: Int) -> [StoredRecord] {
            // Keys are ASCII, so that strings and bytes have one order.
            let keys = sortedKeys ?? records.keys.sorted()
            sortedKeys = keys
            var (low, high) = (0, keys.count)
            while low < high {
                let middle = (low + high) / 2
                let isBelow = keys[middle] < prefix || after.map { keys[middle] <= $0 } ?? false
                if isBelow { low = middle + 1 } else { high = middle }
            }
            return keys[low...].prefix(limit).prefix { $0.utf8.starts(with: prefix.utf8) }
                .map { key in StoredRecord(key: key, value: records[key]!.value, version: records[key]!.version) }
        }
    }

    let state: Mutex<State>

    package convenience init() {
        self.init(records: [:], lastVersion: 0)
    }

    /// A store with these records, the last of which was written as `lastVersion` or earlier.
    package init(records: [String: StoredValue], lastVersion: UInt64) {
        state = Mutex(State(records: records, lastVersion: lastVersion))
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        checkKey(key)
        try beginOperation(.read, key)
        return state.withLock { $0.records[key] }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        try beginOperation(.list, prefix)
        return state.withLock { $0.page(prefix: prefix, after: nil, limit: .max) }
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        try beginOperation(.list, prefix)
        return state.withLock { $0.page(prefix: prefix, after: after, limit: limit) }
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        checkKey(key)
        try beginOperation(.write, key)
        return try state.withLock { state throws(StoreError) in
            if state.faults.writesToDelay > 0 {
                state.faults.writesToDelay -= 1
                state.faults.delayedWrites.append(
                    DelayedWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)
                )
                throw StoreError(code: .unavailable, message: "no answer to the write of \(key) (injected fault)")
            }
            let outcome = state.apply(key, value, ifVersion: ifVersion, ifValue: ifValue)
            if state.faults.answersToLose > 0 {
                state.faults.answersToLose -= 1
                throw StoreError(code: .unavailable, message: "no answer to the write of \(key) (injected fault)")
            }
            return outcome
        }
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        try beginOperation(.read, "")
        return state.withLock { $0.lastVersion }
    }
}

extension MemoryStore.State {
    mutating func apply(_ key: String, _ value: String, ifVersion: UInt64?, ifValue: String?) -> WriteOutcome {
        let present = records[key]
        guard present?.version == ifVersion, ifValue == nil || present?.value == ifValue else { return .conflict }
        lastVersion += 1
        records[key] = StoredValue(value: value, version: lastVersion)
        return .written(version: lastVersion)
    }
}
