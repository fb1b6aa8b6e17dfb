/// Lines that a database's client prints around the rows of a table, and that are no rows.
///
/// They are told by their form, and none of them is an ID in any format.
enum ClientFrame {
    /// What to do where such lines are.
    static let note =
        "A database's client drew this line around its rows: it is left out, as are others of its kind. psql -At and "
        + "mysql -N -B print rows alone."

    /// Whether a line is a rule, a count of rows, or how long a query took.
    static func contains(_ line: String) -> Bool {
        let text = line[...].trimmingBlanks
        return isRule(text) || isCount(text)
    }

    /// `-----+-----` of psql, `+-----+` of MySQL, `----  ----` of SQLite, and the same in the characters for frames of Unicode.
    private static func isRule(_ text: Substring) -> Bool {
        var (isOfFrame, lineCount) = (true, 0)
        for scalar in text.unicodeScalars {
            let isLine = scalar == "-" || scalar == "=" || scalar == "\u{2500}" || scalar == "\u{2550}"
            isOfFrame = isOfFrame && (isLine || " +|:".unicodeScalars.contains(scalar) || frames.contains(scalar))
            lineCount += isLine ? 1 : 0
        }
        return isOfFrame && lineCount >= 3
    }

    private static let frames: ClosedRange<Unicode.Scalar> = "\u{2500}"..."\u{257F}"

    /// `(5 rows)` of psql, in any language; `5 rows in set (0.00 sec)` and `Empty set (0.00 sec)` of MySQL; `Time: 0.512 ms`.
    private static func isCount(_ text: Substring) -> Bool {
        text.wholeMatch(of: /\(\d+ \p{L}+(?: \p{L}+)?\)/) != nil
            || text.wholeMatch(of: /(?:\d+ rows? in set|Empty set)(?:, \d+ warnings?)?(?: \([^)]*\))?/) != nil
            || text.wholeMatch(of: /Time: [\d.,]+ ms.*/) != nil
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
