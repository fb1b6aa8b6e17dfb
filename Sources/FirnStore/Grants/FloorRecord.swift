/// The time below which the store's daemons give out nothing more, whatever the workers' records say, under `floor`.
///
/// There is none in a store that never had to be repaired. After a store was restored, its records know less than was
/// given out; `firn store repair` writes what is known instead.
package struct FloorRecord: Hashable, Sendable {
    package static let key = "floor"

    /// The first tick that may be given out.
    package var limit: StoreInstant
    /// The host on which it was raised last, and when by that one's clock; for people only.
    package var host: String
    package var raisedAtUnixMilliseconds: UInt64
    /// How many values a sequence leaves out that the store does not have: it may have been made since the copy was.
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
        skippedValues = try reader.optionalNumber("skip") ?? 0
        try reader.end()
    }

    package static func read(_ store: some Store) throws(StoreError) -> FloorRecord? {
        guard let stored = try store.read(key) else { return nil }
        return try FloorRecord(text: stored.value)
    }

    /// Whether somebody has repaired the store since its floor was `earlier`: by a higher floor, or by the same one anew.
    func isRaised(since earlier: FloorRecord?) -> Bool {
        guard let earlier else { return true }
        return limit.tick > earlier.limit.tick
            || limit.tick == earlier.limit.tick && raisedAtUnixMilliseconds > earlier.raisedAtUnixMilliseconds
    }

    /// Raises the store's floor to this one, and leaves the limit of a higher one as it is. The record is written in either
    /// case: daemons that wait for a repair know by it that there was one.
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
                // Also by a clock that was set back: by it daemons tell this repair from the one before.
                // What was made after an earlier repair began above what that one left out.
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
