internal import ArgumentParser
internal import FirnLayout
internal import FirnWire

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show the fields of IDs, their time in UTC and their bits.",
        discussion: """
            Without IDs, or with - in their place, they are read from standard input: one per line, or with --column \
            or --csv one per row of a table. Blanks around an ID are removed; empty lines and fields are skipped. A \
            line that is no ID is reported on standard error with its number, the others are read, and the exit code \
            is 65, as it is when there are no IDs at all. After \(LineProblems.maximumMessages) such lines the others are only counted. A line has 1 MiB at \
            most.

            The text format draws the bits; line has one line for each ID; tsv has a column for each field, below a \
            header. The json format is one object per line: the ID and fields wider than 53 bits are strings, other \
            fields numbers. "fits" is false when unused bits are set or constant bits differ, so that the ID cannot \
            be of the layout. "hints" and "warnings" are there when there is something to say.

            When such bits are set, or a time lies in the future or before its system, the IDs are probably another \
            system's. Standard error says so once.

            With --guess the answer is a table of all layouts that are known by name, with what the first ID would be in each: \
            those in which the IDs are plausible come first, the most plausible at the top, and of the others it says why \
            not. The IDs should be of one system; several tell more than one. Without --from-format, IDs that are arguments \
            and not decimal are read in the format in which all of them are IDs, and standard error says which. When none gives them a plausible time, \
            standard error says so; the exit code is 65 when none is possible at all.

            When an ID is also one in a format with the same number of digits in another order, such as base58 and \
            base58-flickr, standard error names both, once.

            EXAMPLES:
              firn decode 541815603606036480
              firn decode --guess 915204848634130497
              firn decode --column 2 < orders.tsv
              firn decode --csv --column order_id --format tsv < orders.csv
              psql -Atc 'SELECT id FROM orders' | firn decode --histogram
            """
    )

    @Argument(help: "The IDs; - for standard input, which is also read if there are none.")
    var ids: [String] = []

    @OptionGroup var layoutOption: LayoutOption

    @Option(help: "How the IDs are written. (default: decimal)")
    var fromFormat: IDInputFormat?

    @OptionGroup(title: "Standard input") var input: InputOptions

    @Option(help: "How to write the answer. (default: text, and line for standard input)")
    var format: DecodedIDFormat?

    @Option(
        defaultAsFlag: .all,
        parsing: .next,
        help: ArgumentHelp(
            "Draw how many IDs there are by time, by worker and by sequence number, in 80 columns or as many as the "
                + "variable COLUMNS says.",
            valueName: "field"
        )
    )
    var histogram: HistogramKind? = nil

    @Flag(help: "Tell which layouts the IDs can be of, the most plausible first. --layout is not looked at.")
    var guess = false

    func validate() throws {
        if ids.contains("-"), ids.count > 1 {
            throw ValidationError("There are IDs and -: give either, the IDs or standard input.")
        }
        if input.isGiven, !readsStandardInput {
            throw ValidationError(
                "--column, --csv, --separator and --header are for standard input: leave the IDs out."
            )
        }
        // The value of --histogram may be left out, so that a wrong one is taken for an ID.
        if histogram == .all, ids.count == 1, fromFormat == nil, ids[0].allSatisfy(\.isLetter), ids[0] != "all" {
            let kinds = HistogramKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("There is no histogram '\(ids[0].excerpt)': give one of \(kinds).")
        }
        if guess, histogram != nil {
            throw ValidationError("--guess and --histogram are two answers: give one of them.")
        }
        if guess, let format, format != .text, format != .json {
            throw ValidationError("--guess has no format \(format): give text or json.")
        }
        if format != nil, histogram != nil {
            throw ValidationError("--histogram draws in one form: leave --format out.")
        }
    }

    private var readsStandardInput: Bool { ids.isEmpty || ids == ["-"] }

    func run() async throws {
        try reportingErrors {
            if ids.isEmpty, !input.isGiven, StandardInput.isTerminal {
                throw ValidationError("Missing expected argument '<ids> ...'. For IDs from this terminal give -.")
            }
            if guess { return try writeGuess() }
            let layout = try layoutOption.parsed()
            var doubts = DoubtfulIDs(layout: layout, now: .now)
            defer { doubts.message.map(StandardError.write(line:)) }
            if let histogram {
                var histograms = try IDHistograms(histogram, layout: layout)
                try forEachID { id, _, _ in
                    histograms.add(id)
                    doubts.add(id)
                } atEnd: { output in
                    for line in histograms.lines(columns: Terminal.columns) { try output.write(line: line) }
                }
            } else {
                var text = DecodedIDText(layout: layout, format: format ?? (readsStandardInput ? .line : .text))
                try forEachID(below: text.header) { id, note, output in
                    let line = text.text(of: id) { [note, doubts.hint(on: id)].compactMap(\.self) }
                    try output.write(line: line)
                    doubts.add(id)
                }
            }
        }
    }

    private func writeGuess() throws {
        // The format of arguments is told by what they can be. Lines are read one by one, in one format.
        let readings = fromFormat == nil && !readsStandardInput ? LayoutGuess.readings(of: ids, now: .now) : []
        if let reading = readings.first, reading.format != .decimal {
            LayoutGuess.note(on: readings).map { StandardError.write(line: "firn: \($0)") }
            var output = StandardOutput()
            try write(reading.guess, of: reading.ids.count, &output)
            return
        }
        var ids: [FirnID] = []
        try forEachID { id, _, _ in
            if ids.count < LayoutGuess.maximumIDs { ids.append(id) }
        } atEnd: { output in
            guard !ids.isEmpty else { return }
            try write(LayoutGuess(ids, now: .now), of: ids.count, &output)
        }
    }

    /// - Throws: also `ExitCode`, when no layout is possible.
    private func write(_ guess: LayoutGuess, of count: Int, _ output: inout StandardOutput) throws {
        let lines = format == .json ? GuessTable.objects(guess) : GuessTable.lines(guess)
        for line in lines { try output.write(line: line) }
        try output.flush()
        for remark in guess.remarks(ofIDs: count) { StandardError.write(line: "firn: \(remark)") }
        guard guess.candidates.contains(where: \.isPlausible) else { throw ExitCode.dataError }
    }

    /// Calls `body` for each ID, with the sentence about another reading of its text if there is one.
    ///
    /// - Throws: also `ExitCode`, when lines were no IDs.
    private func forEachID(
        below header: String? = nil,
        _ body: (FirnID, _ note: String?, inout StandardOutput) throws -> Void,
        atEnd finish: (inout StandardOutput) throws -> Void = { _ in }
    ) throws {
        let idFormat = fromFormat?.idFormat ?? .decimal
        let isConfusable = !idFormat.easilyConfused.isEmpty
        var (note, firstNote) = (String?.none, String?.none)
        defer { firstNote.map { StandardError.write(line: "firn: \($0)") } }
        let parse = { (text: String) throws in
            let id = try IDArgument.id(text, format: idFormat, option: "--from-format")
            // Each ID's is only in JSON.
            if isConfusable, firstNote == nil || format == .json {
                note = IDArgument.note(on: text, format: idFormat)
                firstNote = firstNote ?? note
            }
            return id
        }
        var output = StandardOutput()
        guard readsStandardInput else {
            // All are read before the first answer: a wrong argument leaves no half of one.
            let parsed = try ids.map { (id: try parse($0), note: note) }
            if let header { try output.write(line: header) }
            for (id, note) in parsed { try body(id, note, &output) }
            try finish(&output)
            return try output.flush()
        }
        if let header { try output.write(line: header) }
        var stream = InputStream(ids: input.inputIDs(parse: parse))
        try stream.forEachID(writingTo: &output) { id, output in try body(id, note, &output) }
        try finish(&output)
        try output.flush()
        if stream.badLineCount > 0 { throw ExitCode.dataError }
        guard stream.idCount == 0 else { return }
        let count = counted(stream.lineCount, "line")
        let reason = stream.hasReadHeader ? "has a header and no IDs" : "has \(count) without one"
        throw Refusal(
            message: "No IDs were read: standard input \(stream.lineCount == 0 ? "is empty" : reason).",
            exitCode: .dataError
        )
    }
}
