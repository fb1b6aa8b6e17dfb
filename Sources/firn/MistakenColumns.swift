/// Tells a table whose columns end at another character than the options say, although IDs are read from it.
///
/// Beside decimal commas, `--csv` finds a number in every line of a table whose columns end at semicolons.
struct MistakenColumns {
    /// So many lines are looked at.
    static let maximumLines = 100

    /// Where the columns of all lines so far end instead, and what to do.
    private var found: (gap: InputHints.Gap, advice: String)?
    private var lineCount = 0
    /// Whether more lines change the answer.
    private(set) var isCounting = true

    /// - Parameter text: What was read as an ID.
    mutating func add(_ line: String, read text: String, _ hints: InputHints) {
        let other = hints.otherColumns(of: line, thanOf: text)
        lineCount += 1
        guard let other, lineCount == 1 || other.gap == found?.gap else {
            (found, isCounting) = (nil, false)
            return
        }
        found = found ?? other
    }

    /// A sentence if all lines so far tell it; nil after the first time.
    mutating func warning(isAtEnd: Bool) -> String? {
        guard let found, isCounting, isAtEnd || lineCount == Self.maximumLines else { return nil }
        isCounting = false
        let lines = lineCount == 1 ? "The line has" : "Each of \(lineCount) lines has"
        return "\(lines) columns that end at \(found.gap.name), and what was read is a part of one: \(found.advice)."
    }
}
