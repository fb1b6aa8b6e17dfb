/// Tells from a line that is no ID how the input has to be read: as a table with other columns, or as a log.
struct InputHints {
    /// What may stand between columns, the surest first.
    enum Gap: Character, CaseIterable {
        case tab = "\t"
        case semicolon = ";"
        case bar = "|"
        case comma = ","
        case blank = " "

        fileprivate var name: String {
            switch self {
            case .tab: "tabs"
            case .semicolon: "semicolons"
            case .bar: "bars"
            case .comma: "commas"
            case .blank: "blanks"
            }
        }
    }

    /// Where columns end as far as the options say.
    let separator: RecordFields.Separator
    /// Whether a text is an ID in the form that is read.
    let isID: (String) -> Bool

    /// A sentence behind a blank; nil when the line does not tell.
    ///
    /// - Parameter mayBeHeader: Whether the line may have names in the place of IDs.
    func hint(on line: String, mayBeHeader: Bool) -> String? {
        table(line, mayBeHeader: mayBeHeader) ?? log(line)
    }

    /// Where the columns of a header end that has a name as one of several columns; nil when the options say the same, or
    /// there is no such column.
    func gap(of header: String, withColumn name: String) -> Gap? {
        others.first { gap in
            let columns = Self.columns(of: header, at: gap)
            return columns.count > 1 && columns.contains(name)
        }
    }

    /// What to do with a table whose columns end at `gap`, as the rest of a sentence.
    ///
    /// - Parameter column: The number of the ID's column, or `N` and what is known of it.
    func advice(_ gap: Gap, line: String, column: String) -> String {
        let command = gap == .blank ? "tr -s ' '" : "tr '\(gap.rawValue)'"
        // A comma within a value would then end a column, unless quotes are around it.
        let isCommaTaken = line.contains(",") && !line.contains("\"")
        switch gap {
        case .tab: return (separator == .comma ? "leave --csv out and give " : "give ") + "--column \(column)"
        case .comma: return "give --csv --column \(column)"
        case .semicolon, .bar, .blank:
            return isCommaTaken
                ? "put tabs in their place, as with \(command) '\\t', and give --column \(column)"
                    + (separator == .comma ? " without --csv" : "")
                : "put commas in their place, as with \(command) ,, and give --csv --column \(column)"
        }
    }

    /// The gaps that are not where the options say that columns end.
    private var others: [Gap] {
        Gap.allCases.filter { separator == .tab ? $0 != .tab : separator == .comma ? $0 != .comma : true }
    }

    private func table(_ line: String, mayBeHeader: Bool) -> String? {
        let given = RecordFields(Array(line.utf8), separator: separator).reduce(0) { count, _ in count + 1 }
        for gap in others {
            let columns = Self.columns(of: line, at: gap)
            guard columns.count > given, columns.count(where: { !$0.isEmpty }) > 1 else { continue }
            // Blanks are in texts, too: the 7 in "took 7 ms" is no ID.
            if gap == .blank, given > 1 || log(line) != nil && !columns.contains(where: { $0.count >= 15 && isID($0) })
            {
                continue
            }
            let start = " If the line is a row of a table with \(columns.count) columns that end at \(gap.name), "
            if let first = columns.firstIndex(where: isID) {
                return start + advice(gap, line: line, column: "N: the first ID is in column \(first + 1)") + "."
            }
            guard mayBeHeader, separator != .none, given == 1, gap != .blank else { continue }
            return start + advice(gap, line: line, column: "N, the number of the ID's column from 1") + "."
        }
        return nil
    }

    /// The columns without the blanks and quotes around them. Several blanks are one gap.
    private static func columns(of line: String, at gap: Gap) -> [String] {
        var columns = line.split(separator: gap.rawValue, omittingEmptySubsequences: false).map { column in
            column.trimming { $0 == " " || $0 == "\"" }
        }
        if gap == .blank {
            let (first, last) = (columns.first, columns.last)
            columns = columns.filter { !$0.isEmpty }
            if first == "" { columns.insert("", at: 0) }
            if last == "" { columns.append("") }
        }
        return columns
    }

    /// How the ID is taken out of a line with other text around it.
    private func log(_ line: String) -> String? {
        guard separator == .none else { return nil }
        var (rest, before) = (line[...], Character?.none)
        while let start = rest.firstIndex(where: Self.isDigit) {
            if start > rest.startIndex { before = rest[rest.index(before: start)] }
            let digits = rest[start...].prefix(while: Self.isDigit)
            let after = rest[digits.endIndex...].first
            if (15...20).contains(digits.count), digits.count < line.count, isID(String(digits)) {
                let isWord = [before, after].contains { $0.map { $0.isLetter || $0 == "_" } == true }
                let edge = isWord ? "" : "\\b"
                return " IDs in the lines of a log are taken out with grep -oE '\(edge)[0-9]{15,20}\(edge)' first."
            }
            (rest, before) = (rest[digits.endIndex...], digits.last)
        }
        return nil
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}

extension Substring {
    fileprivate func trimming(_ isRemoved: (Character) -> Bool) -> String {
        var text = drop(while: isRemoved)
        while text.last.map(isRemoved) == true { text.removeLast() }
        return String(text)
    }
}
