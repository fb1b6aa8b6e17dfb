/// Finds the name that a misspelled one was probably meant to be.
package enum NearName {
    /// The nearest of `names`; nil if none is near, that is, if more than a third of it would have to be changed.
    package static func of(_ written: String, among names: some Sequence<String>) -> String? {
        var best: (name: String, distance: Int)?
        for name in names.sorted() {
            let distance = distance(Array(written.utf8), Array(name.utf8))
            guard distance <= max(1, name.utf8.count / 3), distance < best?.distance ?? .max else { continue }
            best = (name, distance)
        }
        return best?.name
    }

    /// The number of insertions, deletions, substitutions, and swaps of neighbours that turn one into the other.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        for j in 0...b.count { rows[0][j] = j }
        for i in a.indices {
            for j in b.indices {
                var cost = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, rows[i + 1][j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                rows[i + 1][j + 1] = cost
            }
        }
        return rows[a.count][b.count]
    }
}
