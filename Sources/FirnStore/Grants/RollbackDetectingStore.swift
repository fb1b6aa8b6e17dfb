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
    /// meantime: without the restore, the store could not have assigned its version. Once the store is repaired, its
    /// contents are taken as correct, those writes among them; what they took must not be used (``HeldWorker/isInDoubt(since:)``).
    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        let began = journal.moment
        guard let stored = try store.read(key) else { return nil }
        try check(key, stored)
        journal.saw(version: stored.version, since: began)
        return stored
    }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        let began = journal.moment
        return zip(keys, store.read(keys)).map { key, result in
            Result { () throws(StoreError) in
                guard let stored = try result.get() else { return nil }
                try check(key, stored)
                journal.saw(version: stored.version, since: began)
                return stored
            }
        }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        let began = journal.moment
        let records = try store.list(prefix: prefix)
        if let newest = records.lazy.map(\.version).max() { journal.saw(version: newest, since: began) }
        return records
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let began = journal.moment
        let records = try store.list(prefix: prefix, after: after, limit: limit)
        if let newest = records.lazy.map(\.version).max() { journal.saw(version: newest, since: began) }
        return records
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try write([StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)])[0].get()
    }

    /// If one of the writes shows that the store was set back, none of their results is used: those with higher versions
    /// may be in the restored store too.
    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        // Writes of several threads overlap, and those of one call do. A write's version must be above those that were
        // answered before it began.
        let began: GrantJournal.Moment
        do throws(StoreError) {
            began = try journal.beginWrite()
        } catch {
            return writes.map { _ in .failure(error) }
        }
        let results = store.write(writes)
        var setBack: StoreError?
        for (write, result) in zip(writes, results) {
            do throws(StoreError) {
                guard case .written(let version) = try result.get() else { continue }
                // The writes that were in doubt cannot arrive any more.
                doubts.withLock { _ = $0.removeValue(forKey: write.key) }
                do throws(StoreError) {
                    try journal.wrote(write.key, write.value, version: version, after: began)
                } catch {
                    setBack = error
                }
            } catch {
                if error.leavesDoubt { doubt(write.key, write.value, began) }
            }
        }
        guard let setBack else { return results }
        return results.map { result in
            if case .success(.written) = result { .failure(setBack) } else { result }
        }
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
        // It arrived in a store that is known to be set back: what it took may be another daemon's.
        if let error = journal.setBackError { throw error }
        guard journal.isOfPresentStore(doubt.began) else { return }
        try journal.wrote(key, stored.value, version: stored.version, after: doubt.began)
    }
}
