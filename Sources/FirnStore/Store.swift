/// Small records with compare-and-swap: all that Firn needs from durable storage.
///
/// Calls block; the daemon makes them on separate threads. A store may be used from several threads.
///
/// After an error from ``write(_:_:ifVersion:)`` the state is unknown: the write may have been applied, may be applied
/// later, or never. The caller must read the record before it does anything else. An error from the two reading calls
/// changes nothing.
///
/// Keys are ASCII, without spaces; values are any text. Anything else in a key is a bug in Firn and traps.
package protocol Store: AnyObject, Sendable {
    /// The value under `key`, or nil where there is none. What it returns is durable.
    func read(_ key: String) throws(StoreError) -> StoredValue?

    /// The records whose key begins with `prefix`, in the order of their keys' bytes.
    func list(prefix: String) throws(StoreError) -> [StoredRecord]

    /// The first `limit` records, at most 1,000, of those that ``list(prefix:)`` returns and whose key is above `after`;
    /// nil: from the first on. Fewer than `limit` are the last ones. The pages of a list are not read at one moment.
    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord]

    /// Writes `value` if the record is still at `ifVersion` (nil: if there is no record). Once it answers
    /// `.written`, the value is durable.
    ///
    /// When `ifValue` is given, it must be the record's value as well. A store that is restored from an older copy
    /// assigns versions again, so another writer's record can have the version that this writer's record had. No two
    /// values are equal.
    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome

    /// Reads several records, in as few round trips as the store can. Each has its own result, in the order of `keys`.
    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>]

    /// Makes several writes, each as ``write(_:_:ifVersion:ifValue:)`` does, in as few round trips and syncs as the
    /// store can. Each has its own result, in the order of `writes`. They are not one transaction: some may be applied
    /// and others not, and those without an answer are in doubt while others are not. No two are of the same key.
    ///
    /// Their versions are above all that were assigned before the call. Writes of one call may get the same version.
    func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>]

    /// The version that was last assigned to a write of any record, or a higher one; 0 if there was none. It decreases
    /// only when the store is set back.
    func highestVersion() throws(StoreError) -> UInt64

    /// Throws `.corrupt` if the store would assign a version again that one of its records has.
    func checkVersions() throws(StoreError)
}

extension Store {
    package func write(_ key: String, _ value: String, ifVersion: UInt64?) throws(StoreError) -> WriteOutcome {
        try write(key, value, ifVersion: ifVersion, ifValue: nil)
    }

    /// The page of ``list(prefix:after:limit:)``, from a list of all: for a store that is small. A store does not have it
    /// by default, because then one that can read a page by itself would list all of a large table unnoticed.
    package func pageOfAll(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let records = try list(prefix: prefix)
        let first = records.firstIndex { record in
            after.map { $0.utf8.lexicographicallyPrecedes(record.key.utf8) } ?? true
        }
        return Array(records[(first ?? records.endIndex)...].prefix(limit))
    }

    /// For a store that derives versions from its records, or counts them in the same transaction.
    package func checkVersions() throws(StoreError) {}

    /// One by one.
    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        keys.map { key in Result { () throws(StoreError) in try read(key) } }
    }

    /// One by one.
    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        writes.map { one in
            Result { () throws(StoreError) in
                try write(one.key, one.value, ifVersion: one.ifVersion, ifValue: one.ifValue)
            }
        }
    }
}

/// One of several writes that are made together.
package struct StoreWrite: Hashable, Sendable {
    package var key: String
    package var value: String
    package var ifVersion: UInt64?
    package var ifValue: String?

    package init(key: String, value: String, ifVersion: UInt64?, ifValue: String? = nil) {
        self.key = key
        self.value = value
        self.ifVersion = ifVersion
        self.ifValue = ifValue
    }
}

/// A value and the version at which it was written.
package struct StoredValue: Hashable, Sendable {
    package var value: String
    /// At least 1. Increases with every write anywhere in the store, so that no record ever has a version twice. Only
    /// writes of one call, of different records, may have the same.
    package var version: UInt64

    package init(value: String, version: UInt64) {
        self.value = value
        self.version = version
    }
}

/// A stored value with its key.
package struct StoredRecord: Hashable, Sendable {
    package var key: String
    package var value: String
    package var version: UInt64

    package init(key: String, value: String, version: UInt64) {
        self.key = key
        self.value = value
        self.version = version
    }
}

/// The result of a write.
package enum WriteOutcome: Hashable, Sendable {
    /// Durable, at this version.
    case written(version: UInt64)
    /// The record was not at the expected version. Nothing was changed.
    case conflict

    /// The version at which it was written; nil: it was not written.
    package var version: UInt64? {
        if case .written(let version) = self { version } else { nil }
    }
}

/// Traps on a key that stores would compare differently: outside ASCII, the order of Swift's strings is not the order
/// of a database's bytes.
package func checkKey(_ key: String) {
    precondition(
        key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F },
        "store keys are printable ASCII without spaces"
    )
}
