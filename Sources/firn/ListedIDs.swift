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
        if text.isEmpty || ClientFrame.contains(String(text)) { return }
        if let advice = Self.advice(on: text) { throw BadLine(message: advice) }
        if count == 0, !hasHeader, Self.isHeader(text) {
            hasHeader = true
            return
        }
        do {
            try add(FirnID(parsing: String(text)))
        } catch {
            let hasDigits = text.contains { $0.isNumber }
            throw BadLine(message: hasDigits ? error.message : "\(String(text).quoted) is no ID. \(Self.recipe)")
        }
    }

    mutating func add(_ id: FirnID) {
        count += 1
        highest = highest.map { max($0, id) } ?? id
    }

    /// How a database's client writes IDs alone.
    static let recipe =
        "psql -At -c 'SELECT max(id) FROM orders' and mysql -N -B -e 'SELECT max(id) FROM orders' write the ID alone."

    /// What a line is that has no ID where one is looked for, and what to do; nil: it is none of those.
    static func advice(on text: Substring) -> String? {
        if text.isEmpty {
            return
                "The query for it has found no row with an ID: nothing is to be adopted from an empty table. Leave it out, or if the "
                + "table has rows, see whether the query is the right one."
        }
        if text.uppercased() == "NULL" || text == "\\N" {
            return
                "It is NULL, which max(id) of an empty table is: nothing is to be adopted from that table. Leave it out, or if it "
                + "has rows, see whether the query is the right one."
        }
        if text.wholeMatch(of: /\*+ \d+\. row \*+/) != nil {
            return
                "It is of mysql's vertical output (\\G). Run mysql -N -B -e 'SELECT max(id) FROM orders' without \\G."
        }
        if text.wholeMatch(of: /-\[ RECORD \d+ \][-+]*/) != nil {
            return "It is of psql's expanded output (-x). Run psql -At -c 'SELECT max(id) FROM orders' without -x."
        }
        return nil
    }

    /// A column's name: `max`, `max(id)`, `?column?`. Nothing with the digits of an ID in it, as `orders: 541815603606036480`.
    private static func isHeader(_ text: Substring) -> Bool {
        guard let first = text.first, !text.contains(/\d{5}/) else { return false }
        return first.isLetter || first == "_" || first == "?" || first == "\""
    }
}
