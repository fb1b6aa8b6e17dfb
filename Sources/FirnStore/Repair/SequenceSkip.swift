/// Makes a sequence of a restored store skip the values that may have been given out since the copy was made.
package enum SequenceSkip {
    /// Reserves `count` values that no daemon uses, fewer at the sequence's end.
    ///
    /// - Returns: the first value that can be given out now; nil at the end.
    package static func perform(
        _ store: some Store,
        name: String,
        count: UInt64
    ) throws(StoreError) -> UInt64? {
        var random = systemRandom()
        return try perform(store, name: name, count: count, using: &random)
    }

    /// The same, with the write's token from `random`.
    package static func perform(
        _ store: some Store,
        name: String,
        count: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> UInt64? {
        let key = SequenceRecord.key(name)
        while true {
            guard let stored = try store.read(key) else { return nil }
            var record = try SequenceRecord(key: key, text: stored.value)
            guard count > 0, let skipped = record.progression.run(after: record.reserved, count: count) else {
                return record.next
            }
            record.reserved = skipped.last
            record.writeToken = random.next()
            if case .written = try store.write(key, record.text, ifVersion: stored.version, ifValue: stored.value) {
                return record.next
            }
        }
    }
}
