internal import ArgumentParser
internal import FirnLayout

struct RangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "range",
        abstract: "Find the lowest and the highest ID of a range of time.",
        discussion: """
            The range begins at FROM and ends before TO, so ranges that touch have no ID in common and leave none out.

            \(UTCTime.argumentForms) An offset alone counts from now: firn range -- -1h now.
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
            let ids = try layout.idRange(
                from: UTCTime(argument: from, now: now),
                to: UTCTime(argument: to, now: now)
            )
            let (lowest, highest) = (ids.lowerBound, ids.upperBound)
            let clause = "WHERE id BETWEEN \(lowest) AND \(highest)"
            var output = StandardOutput()
            switch format {
            case .text:
                try output.write(line: "lowest    \(lowest)")
                try output.write(line: "highest   \(highest)")
                try output.write(line: clause)
            case .json:
                let members: [(name: String, value: JSON)] = [
                    ("layout", .string(layout.name)), ("lowest", .string("\(lowest)")),
                    ("highest", .string("\(highest)")), ("where", .string(clause)),
                ]
                try output.write(line: JSON.object(members).text)
            }
            try output.flush()
        }
    }
}
