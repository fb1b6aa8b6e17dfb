/// Arguments that begin with a hyphen and a digit, such as an ID of a signed column or the time `-1h`. ArgumentParser takes
/// them for options, and no option of the command begins with a digit.
enum NegativeArguments {
    /// Subcommands whose arguments without an option may be negative: IDs and times.
    private static let withPositions: Set = ["decode", "range"]
    private static let subcommands: Set = ["compose", "decode", "range", "store"]

    /// Options of these subcommands that take a value.
    static let options: Set = [
        "--column", "--field", "--format", "--from-format", "--layout", "--local", "--raise-to", "--separator",
        "--sequence", "--shard", "--skip-values", "--time", "--type", "--worker",
    ]

    /// An option of ``subcommands`` that takes several values.
    private static let optionsOfMany: Set = ["--above-id"]

    /// The command's arguments, in which a negative value of an option is joined to it with `=`, and other negative
    /// arguments have a space before them, which their readers remove.
    static func kept(_ words: [String]) -> [String] {
        guard let subcommand = words.first, subcommands.contains(subcommand) else { return words }
        var kept: [String] = []
        var areOptionsOver = false
        /// The last option, whose values may go on.
        var option = ""
        for word in words {
            if let last = kept.last, !areOptionsOver, isNegative(word), options.contains(last) {
                kept[kept.count - 1] = "\(last)=\(word)"
            } else {
                let isValue = withPositions.contains(subcommand) || optionsOfMany.contains(option)
                kept.append(isNegative(word) && isValue ? " \(word)" : word)
            }
            if word.hasPrefix("--") { option = String(word.prefix { $0 != "=" }) }
            areOptionsOver = areOptionsOver || word == "--"
        }
        return kept
    }

    private static func isNegative(_ word: String) -> Bool {
        let start = word.utf8.prefix(2)
        return start.first == UInt8(ascii: "-") && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(start.last ?? 0)
    }
}
