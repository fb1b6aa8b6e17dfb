internal import ArgumentParser
internal import FirnLayout

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show an ID's fields, its time in UTC and its bits.",
        discussion: """
            The json format is one object a line: the ID and fields wider than 53 bits are strings, other fields numbers. \
            "fits" is false when unused bits are set, so that the ID cannot be of the layout.
            """
    )

    @Argument(help: "The IDs.")
    var ids: [String]

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How the IDs are written.")
    var fromFormat = IDInputFormat(.decimal)

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    func run() async throws {
        try reportingErrors {
            let layout = try layoutOption.parsed()
            let parsed = try ids.map { try FirnID(parsing: $0, format: fromFormat.idFormat) }
            var output = StandardOutput()
            for (index, id) in parsed.enumerated() {
                if format == .text, index > 0 { try output.write(line: "") }
                try output.write(line: format == .text ? layout.drawing(of: id) : layout.decode(id).json.text)
            }
            try output.flush()
        }
    }
}
