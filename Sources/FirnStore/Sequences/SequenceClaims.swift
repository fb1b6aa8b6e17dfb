/// Reserves values of named sequences in the store, for one run of one daemon.
///
/// A record is changed only at the version that its writer last read, so that of two writers one fails and reads again.
/// The reserved value only increases, except in ``giveBack(_:using:)``: it returns values that nobody has used and that
/// no later reservation continues. Any other event, such as a lost answer or a daemon that dies, leaves a gap and never
/// a duplicate.
package struct SequenceClaims: Sendable {
    package let store: any Store
    package let holder: Holder
    /// The record of the store apart from it, written before a block's values are used; nil: none.
    package let journal: GrantJournal?

    /// How often a record is read again because another daemon wrote first.
    static let maximumAttempts = 16

    /// How many reads or writes one call to the store has: some 0.5 MB of records. One transaction of SQLite with so
    /// many takes a few milliseconds, for which the other writers of its file wait.
    package static let maximumBatch = 1024

    package init(store: any Store, holder: Holder, journal: GrantJournal? = nil) {
        self.store = store
        self.holder = holder
        self.journal = journal
    }

    /// A record as it is in the store.
    struct Stored {
        var record: SequenceRecord
        var version: UInt64

        init(_ stored: StoredValue, key: String) throws(StoreError) {
            record = try SequenceRecord(key: key, text: stored.value)
            version = stored.version
        }
    }

    func readSequence(_ name: String) throws(StoreError) -> Stored? {
        let key = SequenceRecord.key(name)
        guard let stored = try store.read(key) else { return nil }
        return try Stored(stored, key: key)
    }

    /// All sequences, in the order of their names' bytes.
    package func list() throws(StoreError) -> [(name: String, record: SequenceRecord)] {
        var sequences: [(name: String, record: SequenceRecord)] = []
        for stored in try store.list(prefix: SequenceRecord.keyPrefix) {
            let record = try SequenceRecord(key: stored.key, text: stored.value)
            sequences.append((SequenceRecord.name(ofKey: stored.key), record))
        }
        return sequences
    }

    /// Gives the rests of a daemon's newest blocks back, each if nobody has written its record since, in one call to the
    /// store.
    ///
    /// The rests must never have been used, and must not be used from now on, whatever the outcomes are.
    package func giveBack(
        _ rests: [SequenceRest],
        using random: inout some RandomNumberGenerator
    ) -> [SequenceReturnOutcome] {
        let writes = rests.map { rest in
            var record = rest.newest.record
            precondition(rest.firstUnused <= record.reserved, "what is given back was reserved")
            // A start that was raised after the rest began is kept.
            record.reserved = max(rest.firstUnused, record.start) - 1
            record.writeToken = random.next()
            return StoreWrite(
                key: SequenceRecord.key(rest.newest.name),
                value: record.text,
                ifVersion: rest.newest.version,
                ifValue: rest.newest.record.text
            )
        }
        return store.write(writes).map { result in
            switch result {
            case .success(.written): .givenBack
            case .success(.conflict): .conflict
            case .failure(let error): .failed(error)
            }
        }
    }

    /// Writes a record in place of exactly `stored`: in a restored store, another daemon's record may have that
    /// version.
    func write(
        _ name: String,
        _ record: SequenceRecord,
        replacing stored: Stored?
    ) -> Result<WriteOutcome, StoreError> {
        do throws(StoreError) {
            return .success(
                try store.write(
                    SequenceRecord.key(name),
                    record.text,
                    ifVersion: stored?.version,
                    ifValue: stored?.record.text
                )
            )
        } catch {
            return .failure(error)
        }
    }

    static func contended(_ name: String) -> StoreError {
        StoreError(
            code: .unavailable,
            message: "the sequence \(name) was written by others \(maximumAttempts) times while this daemon tried to: "
                + "try again, and give it larger blocks (--sequence-block) if this comes again"
        )
    }

    /// The record of a sequence that the store does not have.
    func newRecord(_ parameters: SequenceParameters) throws(StoreError) -> SequenceRecord {
        let mayBegin = parameters.start != nil
        return newRecord(parameters, skippedValues: mayBegin ? 0 : try FloorRecord.read(store)?.skippedValues ?? 0)
    }

    /// After a repair, it may be a sequence that was created after the copy was made. So without a start of its own, it
    /// begins above the values that the repair skipped.
    func newRecord(_ parameters: SequenceParameters, skippedValues: UInt64) -> SequenceRecord {
        var record = SequenceRecord(parameters, holder: holder, writeToken: 0)
        guard parameters.start == nil, skippedValues > 0,
            let skipped = record.progression.run(after: 0, count: skippedValues)
        else { return record }
        record.reserved = skipped.last
        return record
    }
}
