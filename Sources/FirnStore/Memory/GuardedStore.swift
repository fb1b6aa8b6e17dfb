/// A store whose versions are watched: one that gives a version a second time was restored from an older copy, and what
/// was written to it is not to be used.
package final class GuardedStore: Store {
    private let store: any Store
    private let memory: GrantMemory

    package init(_ store: any Store, memory: GrantMemory) {
        self.store = store
        self.memory = memory
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        try store.read(key)
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try store.list(prefix: prefix)
    }

    package func write(_ key: String, _ value: String, ifVersion: UInt64?) throws(StoreError) -> WriteOutcome {
        // Writes of several threads overlap: one is to be above those that were answered before it began.
        let before = try memory.beginWrite()
        let outcome = try store.write(key, value, ifVersion: ifVersion)
        if case .written(let version) = outcome { try memory.wrote(version: version, after: before) }
        return outcome
    }
}
