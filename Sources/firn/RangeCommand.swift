internal import ArgumentParser
internal import FirnLayout

struct RangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "range",
        abstract: "Find the lowest and the highest ID of a range of time.",
        discussion: """
            The range begins at FROM and ends before TO, so ranges that touch have no ID in common and leave none out.

            \(UTCTime.argumentForms) An offset alone counts from now: firn range -1h now.

            A signed column of 64 bits, such as PostgreSQL's BIGINT, shows IDs from 2^63 on as negative numbers. For a \
            range with such IDs the answer has two clauses, one for unsigned and one for signed numbers. In JSON they \
            are "where" and "whereSigned", which are equal for other ranges.
            """
    )

    @Argument(help: "Where the range begins.")
    var from: String

    @Argument(help: "Where it has ended.")
    var to: String

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    func run() async throws {
        try reportingErrors {
            let layout = try layoutOption.parsed()
            let now = UTCTime.now
            for text in [from, to] { UTCTime.note(onArgument: text).map { StandardError.write(line: "firn: \($0)") } }
            let ids = try layout.idRange(
                from: UTCTime(argument: from, now: now),
                to: UTCTime(argument: to, now: now)
            )
            var output = StandardOutput()
            for line in format == .text ? Self.lines(ids) : [Self.json(ids, layout).text] {
                try output.write(line: line)
            }
            try output.flush()
        }
    }

    private static func lines(_ ids: ClosedRange<FirnID>) -> [String] {
        let clause = WhereClause(ids)
        let lines = ["lowest    \(ids.lowerBound)", "highest   \(ids.upperBound)"]
        guard clause.unsigned != clause.signed else { return lines + [clause.unsigned] }
        // Comments, so that each line can be pasted into SQL as it is.
        return lines + [
            "\(clause.unsigned)  -- unsigned: MySQL's BIGINT UNSIGNED, NUMERIC",
            "\(clause.signed)  -- signed: BIGINT, SQLite's INTEGER",
        ]
    }

    private static func json(_ ids: ClosedRange<FirnID>, _ layout: Layout) -> JSON {
        let clause = WhereClause(ids)
        return .object([
            ("layout", .string(layout.name)), ("lowest", .string("\(ids.lowerBound)")),
            ("highest", .string("\(ids.upperBound)")), ("where", .string(clause.unsigned)),
            ("whereSigned", .string(clause.signed)),
        ])
    }
}
