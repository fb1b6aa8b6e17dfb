/// The record with the layout of the IDs of this store's daemons, and with the store's ID. Written once, by the first
/// daemon.
package struct LayoutRecord: Hashable, Sendable {
    package static let key = "layout"

    /// The layout's canonical text.
    package var layout: String
    /// A random number that distinguishes this store from any other that is put in its place. Firn before 0.1 wrote
    /// none; the next daemon adds it.
    package var storeID: UInt64?

    package init(layout: String, storeID: UInt64?) {
        self.layout = layout
        self.storeID = storeID
    }

    package var text: String {
        var record = RecordText(kind: "layout", version: 1)
        record.append("text", layout)
        if let storeID { record.append("store", token: storeID) }
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(text: String) throws(StoreError) {
        var reader = try RecordReader(key: Self.key, text: text, kind: "layout", version: 1)
        layout = try reader.string("text")
        storeID = try reader.optionalToken("store")
        try reader.end()
    }

    /// The store's record; nil in a store that no daemon has used.
    package static func read(_ store: some Store) throws(StoreError) -> LayoutRecord? {
        guard let stored = try store.read(key) else { return nil }
        return try LayoutRecord(text: stored.value)
    }

    /// Writes `layout` (its canonical text) when there is none yet; otherwise compares it.
    ///
    /// Throws `.layoutDiffers`, with both texts, if the store belongs to another layout. When two daemons are the first
    /// at the same time, one writes, and both compare.
    ///
    /// - Returns: the store's ID.
    @discardableResult
    package static func check(_ store: some Store, layout: String) throws(StoreError) -> UInt64 {
        var random = systemRandom()
        return try check(store, layout: layout, using: &random)
    }

    /// The same, with the store's ID from `random`.
    package static func check(
        _ store: some Store,
        layout: String,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> UInt64 {
        // Once to write it, and again when another daemon has written it.
        for _ in 0..<3 {
            let stored = try store.read(key)
            if let stored {
                let record = try LayoutRecord(text: stored.value)
                try record.compare(with: layout)
                if let storeID = record.storeID { return storeID }
            }
            let storeID = random.next()
            let text = LayoutRecord(layout: layout, storeID: storeID).text
            if case .written = try store.write(key, text, ifVersion: stored?.version) { return storeID }
        }
        throw StoreError(
            code: .unavailable,
            message: "the record layout was there a moment ago and is gone: somebody empties the store; try again"
        )
    }

    /// Throws `.layoutDiffers`, with both texts, if it is another layout.
    package func compare(with layout: String) throws(StoreError) {
        guard self.layout == layout else {
            throw StoreError(
                code: .layoutDiffers,
                message: "the store's daemons use the layout \(RecordReader.beginning(of: self.layout)), and this one "
                    + "was given \(layout): IDs of two layouts can be equal. Start it with the store's layout, or with a "
                    + "store of its own"
            )
        }
    }
}
