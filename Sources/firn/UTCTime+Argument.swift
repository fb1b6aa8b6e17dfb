internal import FirnLayout

extension UTCTime {
    /// Reads a time, or only a date, which means its first instant in UTC.
    ///
    /// - Throws: `LayoutError` as `init(parsing:)` does.
    init(argument text: String) throws(LayoutError) {
        let isDate = text.utf8.count == 10 && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (48...57).contains($0) }
        try self.init(parsing: isDate ? text + "T00:00:00Z" : text)
    }
}
