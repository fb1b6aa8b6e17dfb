internal import Synchronization

/// A store whose versions are checked: a store that assigns a version a second time was restored from an older copy,
/// and what was written to it must not be used.
package final class RollbackDetectingStore: Store {
    /// A write that got no answer: a digest of its text, and what was known when it began.
    private struct Doubt {
        var digest: UInt64
        var began: GrantJournal.Moment
    }

    private let store: any Store
    private let journal: GrantJournal
    private let doubts = Mutex<[String: [Doubt]]>([:])

    /// As many per record as a caller recognizes, for more records than a daemon ever has in doubt. Beyond these
    /// numbers, doubts are dropped, and with them only the check that uses them.
    private static let maximumDoubts = 4
    private static let maximumRecords = 16_384

    package init(_ store: any Store, journal: GrantJournal) {
        self.store = store
        self.journal = journal
    }

    /// Throws `.setBack` for a write of this daemon that got no answer and arrived in a store that was restored in the
    /// meantime: without the restore, the store could not have assigned its version.
    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        let began = journal.moment
        guard let stored = try store.read(key) else { return nil }
        try check(key, stored)
        journal.saw(version: stored.version, since: began)
        return stored
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        let began = journal.moment
        let records = try store.list(prefix: prefix)
        if let newest = records.lazy.map(\.version).max() { journal.saw(version: newest, since: began) }
        return records
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        // Writes of several threads overlap. A write's version must be above those that were answered before it began.
        let began = try journal.beginWrite()
        let outcome: WriteOutcome
        do throws(StoreError) {
            outcome = try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
        } catch {
            if error.leavesDoubt { doubt(key, value, began) }
            throw error
        }
        if case .written(let version) = outcome {
            // The writes that were in doubt cannot arrive any more.
            doubts.withLock { _ = $0.removeValue(forKey: key) }
            try journal.wrote(key, value, version: version, after: began)
        }
        return outcome
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        let began = journal.moment
        let version = try store.highestVersion()
        journal.saw(version: version, since: began)
        return version
    }

    private func doubt(_ key: String, _ value: String, _ began: GrantJournal.Moment) {
        doubts.withLock { doubts in
            if doubts.count >= Self.maximumRecords, doubts[key] == nil { doubts.removeAll() }
            var ofRecord = doubts[key] ?? []
            if ofRecord.count == Self.maximumDoubts { ofRecord.removeFirst() }
            ofRecord.append(Doubt(digest: Grant.digest(value), began: began))
            doubts[key] = ofRecord
        }
    }

    private func check(_ key: String, _ stored: StoredValue) throws(StoreError) {
        guard let ofRecord = doubts.withLock({ $0[key] }) else { return }
        let digest = Grant.digest(stored.value)
        guard let doubt = ofRecord.first(where: { $0.digest == digest }) else { return }
        try journal.wrote(key, stored.value, version: stored.version, after: doubt.began)
    }
}
