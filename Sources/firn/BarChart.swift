/// Rows of a label, a count and a bar of block characters.
struct BarChart {
    struct Row: Equatable {
        let label: String
        let count: UInt64
        /// False for what is no part of the series: its bar would hide the others.
        var hasBar = true
    }

    let rows: [Row]

    /// The rows' lines in so many columns; the highest count has the longest bar.
    func lines(columns: Int) -> [String] {
        let labels = rows.map(\.label)
        let counts = rows.map { grouped($0.count) }
        let labelWidth = labels.map(\.count).max() ?? 0
        let countWidth = counts.map(\.count).max() ?? 0
        let barWidth = max(columns - labelWidth - countWidth - 4, 8)
        let highest = rows.filter(\.hasBar).map(\.count).max() ?? 0
        return rows.indices.map { index in
            let start = Self.aligned(labels[index], labelWidth) + "  " + Self.aligned(counts[index], countWidth)
            guard rows[index].hasBar, rows[index].count > 0 else { return start }
            return start + "  " + Self.bar(rows[index].count, of: highest, width: barWidth)
        }
    }

    /// In eighths of a column, at least one.
    private static func bar(_ count: UInt64, of highest: UInt64, width: Int) -> String {
        let eighths = max(Int((Double(count) / Double(highest) * Double(width * 8)).rounded()), 1)
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + rest
    }

    private static func aligned(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: width - text.count) + text
    }
}
