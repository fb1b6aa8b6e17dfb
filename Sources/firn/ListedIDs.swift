internal import FirnLayout

/// IDs as a database's client prints a column of them: one per line, also with a header and a frame around them.
///
/// What it leaves out is told by its form, and never what could be an ID.
struct ListedIDs {
    private(set) var highest: FirnID?
    private(set) var count = 0
    private var hasHeader = false

    /// - Throws: ``BadLine`` for a line that is neither an ID nor decoration.
    mutating func add(line: String) throws(BadLine) {
        var text = line[...]
        while let first = text.first, first.isWhitespace || first == "|" { text.removeFirst() }
        while let last = text.last, last.isWhitespace || last == "|" { text.removeLast() }
        if text.isEmpty || Self.isRule(text) || Self.isRowCount(text) { return }
        if count == 0, !hasHeader, Self.isHeader(text) {
            hasHeader = true
            return
        }
        do {
            try add(FirnID(parsing: String(text)))
        } catch {
            throw BadLine(message: error.message)
        }
    }

    mutating func add(_ id: FirnID) {
        count += 1
        highest = highest.map { max($0, id) } ?? id
    }

    /// `-------`, or `+-----+` of MySQL.
    private static func isRule(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    }

    /// `(1 row)`, psql's last line.
    private static func isRowCount(_ text: Substring) -> Bool {
        text.wholeMatch(of: /\(\d+ rows?\)/) != nil
    }

    /// A column's name: `max`, `max(id)`, `?column?`. Not `NULL`, which an empty table has for its highest ID, and nothing with
    /// the digits of an ID in it, as `orders: 541815603606036480`.
    private static func isHeader(_ text: Substring) -> Bool {
        guard let first = text.first, text != "NULL", !text.contains(/\d{5}/) else { return false }
        return first.isLetter || first == "_" || first == "?" || first == "\""
    }
}
