extension SequenceClaims {
    /// Creates a sequence. When two daemons create the same one at once, one writes it, and both get the answer that it
    /// exists.
    ///
    /// To repeat the request for an existing sequence changes nothing. A request with another start moves the sequence
    /// up to that start: a table's AUTO_INCREMENT is migrated this way. A start that is not above all reserved values
    /// is refused, because those values were given out, or are in some daemon's block and will be soon.
    package func create(
        _ name: String,
        _ parameters: SequenceParameters,
        using random: inout some RandomNumberGenerator
    ) -> SequenceCreation {
        do throws(StoreError) {
            for _ in 0..<Self.maximumAttempts {
                let stored = try readSequence(name)
                var record: SequenceRecord
                if let stored {
                    record = stored.record
                    if let settled = Self.settled(record, parameters) { return settled }
                    guard let start = parameters.start else { return .existed(record) }
                    record.start = start
                    record.reserved = start - 1
                } else {
                    let new = try newRecord(parameters)
                    if new.next == nil { return .startTooLow(new) }
                    record = new
                }
                record.holder = holder
                record.writeToken = random.next()
                switch write(name, record, replacing: stored) {
                case .success(.written):
                    return stored == nil ? .created(record) : .startRaised(record)
                case .success(.conflict):
                    continue
                case .failure(let error):
                    guard error.leavesDoubt else { return .failed(error) }
                    let now = try? readSequence(name)
                    guard let now, now.record.writeToken == record.writeToken else { return .failed(error) }
                    return stored == nil ? .created(record) : .startRaised(record)
                }
            }
        } catch {
            return .failed(error)
        }
        return .failed(Self.contended(name))
    }

    /// The result for an existing sequence; nil if its start must be raised.
    private static func settled(_ record: SequenceRecord, _ parameters: SequenceParameters) -> SequenceCreation? {
        guard record.hasForm(of: parameters) else { return .differs(record) }
        guard let start = parameters.start, start != record.start else { return .existed(record) }
        return start > record.reserved ? nil : .startTooLow(record)
    }
}
