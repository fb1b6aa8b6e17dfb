internal import FirnLayout

/// The condition in SQL that finds the IDs of a range in the column `id`.
struct WhereClause {
    /// For a column that holds the numbers from 0 to 2^64 - 1.
    let unsigned: String
    /// For a signed column of 64 bits, where IDs from 2^63 on are negative, as two's complement. A range across 2^63 is in
    /// two parts there: its lower IDs are at the top of the column, and its higher ones at the bottom.
    let signed: String

    init(_ ids: ClosedRange<FirnID>) {
        let (lowest, highest) = (ids.lowerBound, ids.upperBound)
        unsigned = "WHERE id BETWEEN \(lowest) AND \(highest)"
        let (first, last) = (Int64(bitPattern: lowest.rawValue), Int64(bitPattern: highest.rawValue))
        // In parentheses, so that AND may follow.
        signed = first > last ? "WHERE (id >= \(first) OR id <= \(last))" : "WHERE id BETWEEN \(first) AND \(last)"
    }
}
