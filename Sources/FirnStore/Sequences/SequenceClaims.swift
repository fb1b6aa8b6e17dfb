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

    /// How often one call reads again because another daemon wrote first.
    static let maximumAttempts = 16

    package init(store: any Store, holder: Holder, journal: GrantJournal? = nil) {
        self.store = store
        self.holder = holder
        self.journal = journal
    }

    /// A record as it is in the store.
    struct Stored {
        var record: SequenceRecord
        var version: UInt64
    }

    func readSequence(_ name: String) throws(StoreError) -> Stored? {
        let key = SequenceRecord.key(name)
        guard let stored = try store.read(key) else { return nil }
        return Stored(record: try SequenceRecord(key: key, text: stored.value), version: stored.version)
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

    /// Reserves the next `count` values, fewer where the maximum is nearer.
    ///
    /// A sequence that does not exist is created with `parameters`; when they are nil, the result is `.unknown`.
    /// `doubt` is what the previous attempt for this name returned: the record is read first, and if it is one of those
    /// writes, the result is its block.
    package func takeBlock(
        _ name: String,
        count: UInt64,
        for use: SequenceUse,
        orCreate parameters: SequenceParameters?,
        after doubt: SequenceDoubt?,
        using random: inout some RandomNumberGenerator
    ) -> SequenceBlockOutcome {
        precondition(count > 0, "a block has at least one value")
        precondition(parameters == nil || parameters?.kind.use == use, "a sequence is made for the use that it has")
        var doubt = doubt
        do throws(StoreError) {
            for _ in 0..<Self.maximumAttempts {
                let stored = try readSequence(name)
                if let stored, let doubt, let block = block(name, of: stored, after: doubt) { return .taken(block) }
                // At another version, none of those writes can arrive any more.
                if stored?.version != doubt?.version { doubt = nil }
                let present = if let stored { stored.record } else { try newRecord(parameters) }
                guard var record = present else { return .unknown }
                guard record.kind.use == use else { return .otherUse(record.kind) }
                guard let values = record.progression.run(after: record.reserved, count: count) else {
                    return .exhausted(record)
                }
                var attempt = doubt ?? SequenceDoubt(version: stored?.version, reserved: record.reserved)
                record.reserved = values.last
                record.holder = holder
                record.writeToken = random.next()
                attempt.add(record.writeToken)
                switch write(name, record, replacing: stored) {
                case .success(.written(let version)):
                    return .taken(SequenceBlock(name: name, values: values, record: record, version: version))
                case .success(.conflict):
                    // Another write was first: possibly an earlier one of this daemon.
                    continue
                case .failure(let error):
                    return readBack(name, attempt, error)
                }
            }
        } catch {
            return .failed(error, doubt)
        }
        return .failed(Self.contended(name), doubt)
    }

    /// Gives the rest of a daemon's newest block back, if nobody has written the record since.
    ///
    /// The rest must never have been used, and must not be used from now on, whatever the outcome.
    package func giveBack(
        _ rest: SequenceRest,
        using random: inout some RandomNumberGenerator
    ) -> SequenceReturnOutcome {
        var record = rest.newest.record
        precondition(rest.firstUnused <= record.reserved, "what is given back was reserved")
        // A start that was raised after the rest began is kept.
        record.reserved = max(rest.firstUnused, record.start) - 1
        record.writeToken = random.next()
        let stored = Stored(record: rest.newest.record, version: rest.newest.version)
        switch write(rest.newest.name, record, replacing: stored) {
        case .success(.written): return .givenBack
        case .success(.conflict): return .conflict
        case .failure(let error): return .failed(error)
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

    /// The record of a sequence that the store does not have. After a repair, it may be a sequence that was created
    /// after the copy was made. So without a start of its own, it begins above the values that the repair skipped.
    func newRecord(_ parameters: SequenceParameters?) throws(StoreError) -> SequenceRecord? {
        guard let parameters else { return nil }
        var record = SequenceRecord(parameters, holder: holder, writeToken: 0)
        guard parameters.start == nil, let floor = try FloorRecord.read(store), floor.skippedValues > 0,
            let skipped = record.progression.run(after: 0, count: floor.skippedValues)
        else { return record }
        record.reserved = skipped.last
        return record
    }

    /// The block of a write in doubt, if the record is as that write left it.
    private func block(_ name: String, of stored: Stored, after doubt: SequenceDoubt) -> SequenceBlock? {
        let record = stored.record
        guard record.holder.instance == holder.instance, doubt.writeTokens.contains(record.writeToken),
            let first = record.progression.next(after: doubt.reserved), first <= record.reserved
        else { return nil }
        let increment = record.progression.increment
        let count = (record.reserved - first) / increment + 1
        let values = SequenceRun(first: first, count: count, increment: increment)
        return SequenceBlock(name: name, values: values, record: record, version: stored.version)
    }

    private func readBack(_ name: String, _ doubt: SequenceDoubt, _ error: StoreError) -> SequenceBlockOutcome {
        // The doubt is dropped too: the values of a refused write must not be returned by a later read.
        guard error.leavesDoubt else { return .failed(error, nil) }
        guard let stored = try? readSequence(name) else { return .failed(error, doubt) }
        if let block = block(name, of: stored, after: doubt) { return .taken(block) }
        return .failed(error, stored.version == doubt.version ? doubt : nil)
    }
}
