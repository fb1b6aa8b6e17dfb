// Texts with an ID and more: quotes, separators of thousands, and other values.
extension InvalidID {
    /// What to remove, if an ID is left then.
    var cleaned: String? {
        let (core, removed) = Self.withoutDecoration(text.unicodeScalars)
        let number = Self.withHyphen(core)
        guard number != text, isID(number) else { return groupedNumber(number, removed) }
        return (removed.isEmpty ? " Write the minus as \"-\"" : " Remove \(Self.list(removed))")
            + " and give \(number)."
    }

    /// How many values the text holds, if there are several.
    var severalValues: String? {
        let count = Self.valueCount(of: text)
        return count > 1 ? " It holds \(count) values: give one." : nil
    }

    /// The advice for a number with one kind of separator between its digits.
    private func groupedNumber(_ number: String, _ removed: [Unicode.Scalar]) -> String? {
        guard let separator = separator(of: number) else { return nil }
        let digits = String(String.UnicodeScalarView(number.unicodeScalars.filter { $0 != separator }))
        guard isID(digits) else { return nil }
        let advice = "emove \(Self.list(removed.filter { $0 != separator } + [separator])) and give \(digits)."
        // Two numbers of three digits look the same; three and more groups do not come about by chance.
        let isRow = Self.separatesValues(separator) && Self.valueCount(of: number) == 2
        return isRow ? " It holds 2 values: give one, or if they are one number r" + advice : " R" + advice
    }

    private func isID(_ text: String) -> Bool {
        if case .number = FirnID.reading(of: text, format: format) { return true }
        return false
    }

    /// The separator of a number's thousands, or the underscore of one in source code; nil if there is none, or if the
    /// groups are not those of such a number.
    private func separator(of number: String) -> Unicode.Scalar? {
        let scalars = number.unicodeScalars.drop { $0 == "-" }
        guard let separator = scalars.first(where: { !$0.properties.isAlphabetic && !Self.isDigit($0) }) else {
            return nil
        }
        let groups = scalars.split(separator: separator, omittingEmptySubsequences: false)
        guard groups.allSatisfy({ !$0.isEmpty }) else { return nil }
        if separator == "_", format.digits == IDFormat.decimal.digits || format.acceptsHexPrefix { return separator }
        guard format.digits == IDFormat.decimal.digits, Self.thousandsSeparators.contains(separator),
            groups[0].count <= 3, groups.dropFirst().allSatisfy({ $0.count == 3 })
        else { return nil }
        return separator
    }

    /// The last three are the space that does not break, the thin one, and the narrow one that does not break.
    private static let thousandsSeparators: [Unicode.Scalar] = [
        ",", ".", "_", "'", "’", " ", "\u{a0}", "\u{2009}", "\u{202f}",
    ]

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}

extension InvalidID {
    /// The text without what stands around a number in source code, tables and sentences, and what that is.
    private static func withoutDecoration(
        _ text: String.UnicodeScalarView
    ) -> (core: Substring.UnicodeScalarView, removed: [Unicode.Scalar]) {
        var (core, removed) = (text[...], [Unicode.Scalar]())
        while let first = core.first, isAround(first) || "([{<#+".unicodeScalars.contains(first) {
            removed.append(core.removeFirst())
        }
        var behind: [Unicode.Scalar] = []
        while let last = core.last, isAround(last) || ")]}>,;.".unicodeScalars.contains(last) {
            behind.append(core.removeLast())
        }
        return (core, removed + behind.reversed())
    }

    private static func isAround(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || "\"'`’‘“”«»".unicodeScalars.contains(scalar)
    }

    /// With a hyphen for what typesetting makes of a minus.
    private static func withHyphen(_ core: Substring.UnicodeScalarView) -> String {
        core.first == "\u{2212}" ? "-" + String(core.dropFirst()) : String(core)
    }

    /// Each character once, as in `"," and " "`.
    private static func list(_ scalars: [Unicode.Scalar]) -> String {
        var different: [Unicode.Scalar] = []
        for scalar in scalars where !different.contains(scalar) { different.append(scalar) }
        return different.map { String($0).quoted }.joined(separator: " and ")
    }

    /// The number of values between tabs; without those between commas, semicolons and bars; without those, of words.
    private static func valueCount(of text: String) -> Int {
        let separators: [(Unicode.Scalar) -> Bool] = [
            { $0 == "\t" }, { ",;|".unicodeScalars.contains($0) }, separatesValues,
        ]
        return separators.lazy.map { valueCount(of: text, separatedBy: $0) }.first { $0 > 1 } ?? 1
    }

    private static func valueCount(of text: String, separatedBy isSeparator: (Unicode.Scalar) -> Bool) -> Int {
        var (count, isInValue) = (0, false)
        for scalar in text.unicodeScalars {
            if isSeparator(scalar) {
                isInValue = false
            } else if !isInValue, isDigit(scalar) || scalar.properties.isAlphabetic {
                isInValue = true
                count += 1
            }
        }
        return count
    }

    private static func separatesValues(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "," || scalar == ";" || scalar == "|" || (scalar.properties.isWhitespace && !isUnbreakable(scalar))
    }

    /// Spaces that stand within a number only.
    private static func isUnbreakable(_ scalar: Unicode.Scalar) -> Bool {
        ["\u{a0}", "\u{2009}", "\u{202f}"].contains(scalar)
    }
}
