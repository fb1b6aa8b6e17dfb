/// Columns as wide as their widest cell: text columns first, aligned to the left, then numbers, aligned to the right.
///
/// Rows may come in several parts: a column is then as wide as its widest cell so far.
struct Table {
    private let textColumns: Int
    private var widths: [Int] = []

    init(textColumns: Int) {
        self.textColumns = textColumns
    }

    mutating func lines(_ rows: [[String]]) -> [String] {
        for row in rows {
            if widths.isEmpty { widths = Array(repeating: 0, count: row.count) }
            for column in row.indices { widths[column] = max(widths[column], row[column].count) }
        }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < textColumns ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ")
        }
    }

    static func lines(_ head: [String], _ rows: [[String]], textColumns: Int) -> [String] {
        var table = Table(textColumns: textColumns)
        return table.lines([head] + rows)
    }
}
