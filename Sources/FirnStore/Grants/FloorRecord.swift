/// The time below which the store's daemons give out no more IDs, whatever the workers' records contain. Its key is
/// `floor`.
///
/// After a store was restored, its records lack what was given out since the copy was made; `firn store repair` writes
/// what is known about that into this record. `firn store adopt --above-id` writes up to where another system has given
/// out IDs. Any other store has no floor.
package struct FloorRecord: Hashable, Sendable {
    package static let key = "floor"

    /// The first tick that may be given out.
    package var limit: StoreInstant
    /// The host on which it was last raised; for people only.
    package var host: String
    /// When the store was last repaired, by the clock of the host on which that was done; 0 if it never was.
    package var raisedAtUnixMilliseconds: UInt64
    /// How many values are skipped in a sequence that the store does not have: it may have been created after the copy
    /// was made.
    package var skippedValues: UInt64

    package init(
        limit: StoreInstant,
        host: String,
        raisedAtUnixMilliseconds: UInt64,
        skippedValues: UInt64 = 0
    ) {
        self.limit = limit
        self.host = host
        self.raisedAtUnixMilliseconds = raisedAtUnixMilliseconds
        self.skippedValues = skippedValues
    }

    package var text: String {
        var record = RecordText(kind: "floor", version: 1)
        record.append("limit", limit.tick)
        record.append("until", limit.unixMilliseconds)
        record.append("host", host)
        record.append("raised", raisedAtUnixMilliseconds)
        if skippedValues > 0 { record.append("skip", skippedValues) }
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(text: String) throws(StoreError) {
        var reader = try RecordReader(key: Self.key, text: text, kind: "floor", version: 1)
        let tick = try reader.number("limit")
        limit = StoreInstant(tick: tick, unixMilliseconds: try reader.number("until"))
        host = try reader.string("host")
        raisedAtUnixMilliseconds = try reader.number("raised")
        let skipped = try reader.optionalNumber("skip")
        guard skipped != 0 else { throw reader.broken("skip=0 is left out where nothing is skipped") }
        skippedValues = skipped ?? 0
        try reader.end()
    }

    package static func read(_ store: some Store) throws(StoreError) -> FloorRecord? {
        try store.read(key).map(FloorRecord.init)
    }

    init(_ stored: StoredValue) throws(StoreError) {
        try self.init(text: stored.value)
    }

    /// Raises the store's floor above what another system has given out. A floor that is as high is kept, and nothing is
    /// written.
    ///
    /// This is no repair: a daemon that found the store set back must not go on because of it. So the time of the last
    /// repair stays, by which daemons tell one.
    ///
    /// - Returns: the floor that the store has now.
    package func lift(_ store: some Store) throws(StoreError) -> FloorRecord {
        while true {
            let stored = try store.read(Self.key)
            var next = self
            (next.raisedAtUnixMilliseconds, next.skippedValues) = (0, 0)
            if let stored {
                let present = try FloorRecord(text: stored.value)
                if present.limit.tick >= limit.tick { return present }
                next.raisedAtUnixMilliseconds = present.raisedAtUnixMilliseconds
                next.skippedValues = present.skippedValues
            }
            if case .written = try store.write(Self.key, next.text, ifVersion: stored?.version, ifValue: stored?.value)
            {
                return next
            }
        }
    }

    /// Whether the store was repaired since its floor was `earlier`: the floor is higher, or the same one was written
    /// again.
    func isRaised(since earlier: FloorRecord?) -> Bool {
        guard let earlier else { return true }
        return limit.tick > earlier.limit.tick
            || limit.tick == earlier.limit.tick && raisedAtUnixMilliseconds > earlier.raisedAtUnixMilliseconds
    }

    /// Raises the store's floor to this one; a higher limit is kept. The record is written in either case, so that
    /// daemons that wait for a repair can detect it.
    ///
    /// - Returns: the floor that the store has now.
    package func raise(_ store: some Store) throws(StoreError) -> FloorRecord {
        while true {
            let stored = try store.read(Self.key)
            var next = self
            next.raisedAtUnixMilliseconds = max(1, raisedAtUnixMilliseconds)
            if let stored {
                let present = try FloorRecord(text: stored.value)
                if present.limit.tick >= limit.tick { next.limit = present.limit }
                // The time increases even when the clock was set back, because daemons use it to distinguish this
                // repair from the one before. The numbers of skipped values are added: what was created after an
                // earlier repair began above the values that that repair skipped.
                let (skipped, isTooMuch) = present.skippedValues.addingReportingOverflow(skippedValues)
                next.skippedValues = isTooMuch ? .max : skipped
                let last = present.raisedAtUnixMilliseconds
                next.raisedAtUnixMilliseconds = max(raisedAtUnixMilliseconds, last == .max ? last : last + 1)
            }
            if case .written = try store.write(
                Self.key,
                next.text,
                ifVersion: stored?.version,
                ifValue: stored?.value
            ) {
                return next
            }
        }
    }
}
