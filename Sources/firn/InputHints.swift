internal import FirnLayout

/// Tells from a line that is no ID how the input has to be read: as a table with other columns, or as a log.
struct InputHints {
    /// What may stand between columns, the surest first.
    enum Gap: Character, CaseIterable {
        case tab = "\t"
        case semicolon = ";"
        case bar = "|"
        case comma = ","
        case blank = " "

        var name: String {
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
    func advice(_ gap: Gap, column: String) -> String {
        let given = separator.quoting.map { $0 == UInt8(ascii: ",") ? "--csv" : "--separator" }
        switch gap {
        case .tab: return (given.map { "leave \($0) out and give " } ?? "give ") + "--column \(column)"
        case .comma: return "give --csv" + (given.map { " instead of \($0), and" } ?? "") + " --column \(column)"
        case .semicolon, .bar:
            return "give --separator '\(gap.rawValue)'" + (given == "--csv" ? " instead of --csv, and" : "")
                + " --column \(column)"
        case .blank:
            return "put tabs in their place, as with tr -s ' ' '\\t', and give --column \(column)"
                + (given.map { " without \($0)" } ?? "")
        }
    }

    /// The gaps that are not where the options say that columns end.
    private var others: [Gap] {
        Gap.allCases.filter { gap in
            separator == .tab ? gap != .tab : separator.quoting.map { $0 != gap.rawValue.asciiValue } ?? true
        }
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
            if columns.contains(where: isID) {
                return start + advice(gap, column: idColumn(of: columns) ?? Self.anyColumn) + "."
            }
            guard mayBeHeader, separator != .none, given == 1, gap != .blank else { continue }
            return start + advice(gap, column: Self.anyColumn) + "."
        }
        return nil
    }

    /// Where the columns of a row with commas end instead, if one of those has a longer ID than what was read as one, and
    /// that is none of them.
    func otherColumns(of line: String, thanOf text: String) -> (gap: Gap, advice: String)? {
        for gap in [Gap.tab, .semicolon, .bar] {
            let columns = Self.columns(of: line, at: gap)
            guard columns.count > 1, !columns.contains(text),
                columns.contains(where: { $0.count > text.count && isID($0) })
            else { continue }
            return (gap, advice(gap, column: idColumn(of: columns) ?? Self.anyColumn))
        }
        return nil
    }

    private static let anyColumn = "N, the number of the ID's column from 1"

    /// The only column that may have an ID, or the one that has the longest, if that is longer than other numbers of a table.
    private func idColumn(of columns: [String]) -> String? {
        let indices = columns.indices.filter { isID(columns[$0]) }
        guard let longest = indices.map({ columns[$0].count }).max(),
            let index = indices.first(where: { columns[$0].count == longest }), indices.count == 1 || longest >= 11
        else { return nil }
        return "N: the first ID is in column \(index + 1)"
    }

    /// The columns without the blanks and quotes around them. Several blanks are one gap.
    private static func columns(of line: String, at gap: Gap) -> [String] {
        let separator: RecordFields.Separator =
            switch gap {
            case .tab: .tab
            case .semicolon, .bar, .comma, .blank: gap.rawValue.asciiValue.map { .quoting($0) } ?? .none
            }
        var columns = RecordFields(Array(line.utf8), separator: separator).map { column in
            String(decoding: column, as: UTF8.self)[...].trimming { $0 == " " || $0 == "\"" }
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
        var (rest, pattern, hasMinus) = (line[...], String?.none, false)
        while let start = rest.firstIndex(where: Self.isDigit) {
            let digits = rest[start...].prefix(while: Self.isDigit)
            rest = rest[digits.endIndex...]
            let (before, after) = (line[..<start].last, rest.first)
            // The digits behind the point of a float are no ID.
            guard (15...20).contains(digits.count), digits.count < line.count, before != ".", isID(String(digits))
            else {
                continue
            }
            let isWord = [before, after].contains { $0.map { $0.isLetter || $0 == "_" } == true }
            let edge = isWord ? "" : "\\b"
            pattern = pattern ?? "grep -aoE '\(edge)[0-9]{15,20}\(edge)'"
            hasMinus = hasMinus || FirnID.hasMinus(before: start, in: line)
        }
        guard let pattern else { return nil }
        // A hyphen within a word is no minus.
        let recipe = hasMinus ? "grep -aoP '(?<![\\w.])-?[0-9]{15,20}\\b'" : pattern
        return " IDs in the lines of a log are taken out with \(recipe) first."
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
