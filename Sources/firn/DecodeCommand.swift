internal import ArgumentParser
internal import FirnLayout

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show an ID's fields, its time in UTC and its bits.",
        discussion: """
            The json format is one object a line: the ID and fields wider than 53 bits are strings, other fields numbers. \
            "fits" is false when unused bits are set, so that the ID cannot be of the layout.

            When an ID is also one in a format with the same number of digits in another order, such as base58 and \
            base58-flickr, standard error names both, once.
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
            let parsed = try IDArgument.ids(ids, format: fromFormat.idFormat)
            if let note = IDArgument.note(ids, format: fromFormat.idFormat) { StandardError.write(line: note) }
            var output = StandardOutput()
            for (index, id) in parsed.enumerated() {
                if format == .text, index > 0 { try output.write(line: "") }
                try output.write(line: format == .text ? layout.drawing(of: id) : layout.decode(id).json.text)
            }
            try output.flush()
        }
    }
}
