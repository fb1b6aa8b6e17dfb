/// The calls to the store by which blocks are reserved: one write each, and a read where the record is not known.
///
/// Why no value is reserved twice, whatever the store does to some calls of a batch or to all of them:
/// 1. A write replaces one record: the one that has the expected version and text. Its text has a random token, so no
///    two records are equal. Of all writes that replace the same record, at most one is applied. Those that are applied
///    form a chain, and each reserves the values between the record that it replaces and itself.
/// 2. A remembered record is no more than a guess at which one is in the store. If the guess is wrong, the write
///    changes nothing, and the record is read.
/// 3. Values are used after their write was answered, or after its record was read back. A conflict says that the write
///    was not applied, and never will be.
/// 4. A write without an answer says neither. The record is read before anything else is written to it, and the
///    remembered one is not used for that. If it has the write's token, the write was applied, and its values belong to
///    this daemon alone. If it has another version than the write expected, the write can no longer arrive. If it was
///    applied and replaced since, its values are a gap. If it still has that version, the write may arrive later. Then
///    it stays in doubt, with its token. All later writes expect the same version until that is settled, so at most one
///    of them is applied, and the token in the record says which.
/// 5. Each write of a batch has its own result, and no two are of the same record. Nothing is concluded from one
///    about another.
extension SequenceClaims {
    /// Writes all of them in one call. Those that get no outcome continue with a read.
    func write(
        _ reservations: inout [SequenceReservation],
        using random: inout some RandomNumberGenerator
    ) -> [SequenceBlockOutcome?] {
        var blocks: [(values: SequenceRun, record: SequenceRecord)] = []
        var doubts: [SequenceDoubt] = []
        var writes: [StoreWrite] = []
        for reservation in reservations {
            guard case .write(let present, let version) = reservation.step,
                let values = present.progression.run(after: present.reserved, count: reservation.count)
            else { preconditionFailure("it was checked that there are values to reserve") }
            var doubt = SequenceDoubt(version: version, reserved: present.reserved)
            // A store that was restored and repaired may have another record at that version, or begin the sequence
            // at another value. Then this write's values do not begin where those of the writes in doubt do.
            if let earlier = reservation.doubt, earlier.reserved == present.reserved { doubt = earlier }
            var record = present
            record.reserved = values.last
            record.holder = holder
            record.writeToken = random.next()
            doubt.add(record.writeToken)
            blocks.append((values, record))
            doubts.append(doubt)
            writes.append(
                StoreWrite(
                    key: SequenceRecord.key(reservation.name),
                    value: record.text,
                    ifVersion: version,
                    // In a restored store, another daemon's record may have that version.
                    ifValue: version == nil ? nil : present.text
                )
            )
        }
        let results = store.write(writes)
        return reservations.indices.map { index in
            let (name, block) = (reservations[index].name, blocks[index])
            switch results[index] {
            case .success(.written(let version)):
                return .taken(
                    SequenceBlock(
                        name: name,
                        values: block.values,
                        record: block.record,
                        version: version,
                        isContended: reservations[index].isContended
                    )
                )
            case .success(.conflict):
                // Another write was first: possibly an earlier one of this daemon.
                reservations[index].conflicted()
                guard reservations[index].conflicts == Self.maximumAttempts else { return nil }
                return .failed(Self.contended(name), reservations[index].doubt)
            case .failure(let error):
                // The doubt is dropped too: the values of a refused write must not be returned by a later read.
                guard error.leavesDoubt else { return .failed(error, nil) }
                reservations[index].doubt = doubts[index]
                reservations[index].step = .settle(after: error)
                return nil
            }
        }
    }

    /// Reads the records of all of them in one call. Those that get no outcome continue with a write.
    func read(_ reservations: inout [SequenceReservation]) -> [SequenceBlockOutcome?] {
        var keys = reservations.map { SequenceRecord.key($0.name) }
        let maySkip = reservations.contains { $0.parameters != nil && $0.parameters?.start == nil }
        if maySkip { keys.append(FloorRecord.key) }
        let results = store.read(keys)
        let skippedValues = Result { () throws(StoreError) in
            maySkip ? try results[keys.count - 1].get().map(FloorRecord.init)?.skippedValues ?? 0 : 0
        }
        return reservations.indices.map { index in
            do throws(StoreError) {
                let stored = try results[index].get().map { value throws(StoreError) in
                    try Stored(value, key: keys[index])
                }
                return try found(stored, &reservations[index], skippedValues)
            } catch {
                if case .settle(let cause) = reservations[index].step {
                    return .failed(cause, reservations[index].doubt)
                }
                return .failed(error, reservations[index].doubt)
            }
        }
    }

    /// The outcome; nil: the next step is a write.
    private func found(
        _ stored: Stored?,
        _ reservation: inout SequenceReservation,
        _ skippedValues: Result<UInt64, StoreError>
    ) throws(StoreError) -> SequenceBlockOutcome? {
        if let stored, let doubt = reservation.doubt, let block = block(reservation.name, of: stored, after: doubt) {
            return .taken(block)
        }
        if case .settle(let cause) = reservation.step {
            guard let stored else { return .failed(cause, reservation.doubt) }
            reservation.found(version: stored.version)
            return .failed(cause, reservation.doubt)
        }
        reservation.found(version: stored?.version)
        let record: SequenceRecord
        if let stored {
            record = stored.record
        } else {
            guard let parameters = reservation.parameters else { return .unknown }
            record = newRecord(parameters, skippedValues: parameters.start == nil ? try skippedValues.get() : 0)
        }
        guard record.kind.use == reservation.use else { return .otherUse(record.kind) }
        guard record.progression.run(after: record.reserved, count: reservation.count) != nil else {
            return .exhausted(record)
        }
        reservation.step = .write(over: record, version: stored?.version)
        return nil
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
}
