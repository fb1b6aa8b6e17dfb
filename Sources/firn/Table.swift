/// Columns as wide as their widest cell: text columns first, aligned to the left, then numbers, aligned to the right.
enum Table {
    static func lines(_ head: [String], _ rows: [[String]], textColumns: Int) -> [String] {
        let rows = [head] + rows
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < textColumns ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ")
        }
    }
}
