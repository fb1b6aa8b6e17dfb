/// The record that says which layout the IDs of this store's daemons have. Written once, by the first daemon.
package enum LayoutRecord {
    package static let key = "layout"

    /// Writes `layout` (its canonical text) where there is none yet, and compares it where there is.
    ///
    /// Throws `.layoutDiffers`, with both texts, if the store belongs to another layout. Of two first daemons one
    /// writes; both compare.
    package static func check(_ store: some Store, layout: String) throws(StoreError) {
        if let stored = try store.read(key) {
            return try compare(stored.value, with: layout)
        }
        var record = RecordText(kind: "layout", version: 1)
        record.append("text", layout)
        if case .written = try store.write(key, record.text, ifVersion: nil) { return }
        guard let stored = try store.read(key) else {
            throw StoreError(
                code: .unavailable,
                message: "the record layout was there a moment ago and is gone: somebody empties the store; try again"
            )
        }
        try compare(stored.value, with: layout)
    }

    private static func compare(_ text: String, with layout: String) throws(StoreError) {
        var reader = try RecordReader(key: key, text: text, kind: "layout", version: 1)
        let stored = try reader.string("text")
        try reader.end()
        guard stored == layout else {
            throw StoreError(
                code: .layoutDiffers,
                message: "the store's daemons use the layout \(stored), and this one was given \(layout): IDs of two "
                    + "layouts can be equal. Start it with the store's layout, or with a store of its own"
            )
        }
    }
}
