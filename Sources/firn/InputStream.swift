internal import FirnLayout

/// Reads IDs from standard input one by one, and reports the lines that are none.
struct InputStream: ~Copyable {
    private var reader: InputReader
    private var ids: InputIDs
    private var problems = LineProblems()
    private var progress = Terminal.showsProgress ? ProgressLine(time: Terminal.nanoseconds) : nil
    private(set) var lineCount = 0
    private(set) var idCount = 0
    /// How many lines were no IDs.
    var badLineCount: Int { problems.count }
    /// Whether a header has been read.
    var hasReadHeader: Bool { ids.hasHeader && lineCount > 0 }

    init(ids: InputIDs) {
        self.ids = ids
        reader = InputReader(quotingBeside: ids.separator.quoting)
    }

    /// Calls `body` for each ID up to the end of the input. What is written is flushed whenever input is waited for, so
    /// that a pipe that goes on for hours has its answers at once.
    ///
    /// - Throws: ``Refusal``, ``InputError``, ``OutputClosed``, ``OutputError``.
    mutating func forEachID(
        writingTo output: inout StandardOutput,
        _ body: (FirnID, inout StandardOutput) throws -> Void
    ) throws {
        defer { removeProgress() }
        while true {
            switch reader.next() {
            case .record(let record, let line):
                lineCount += 1
                do {
                    if let id = try ids.id(in: record) {
                        idCount += 1
                        try body(id, &output)
                    }
                } catch let problem as BadLine {
                    try report(problem.message, line: line, &output)
                } catch let frame as FrameLine {
                    if let note = frame.note { try say("firn: line \(line): \(note)", &output) }
                }
                if let warning = ids.columnWarning(isAtEnd: false) { try say("firn: \(warning)", &output) }
            case .tooLong(let line):
                try report("The line has more than \(InputReader.maximumLength) bytes.", line: line, &output)
            case .openQuote(let line, let quoteLine, let isAtEnd):
                let limit = isAtEnd ? "before the input ends" : "within \(InputReader.maximumLength) bytes"
                let quote =
                    quoteLine == line ? "A quote opens here" : "A quote opens in line \(quoteLine), in the same row,"
                try report("\(quote) and is not closed \(limit): the line is left out.", line: line, &output)
            case .encoded(let encoding):
                throw encoding.refusal
            case .needsInput:
                try output.flush()
                showProgress()
                try reader.fill(StandardInput.read)
            case .end:
                removeProgress()
                if let warning = ids.columnWarning(isAtEnd: true) { StandardError.write(line: "firn: \(warning)") }
                if let summary = problems.summary { StandardError.write(line: summary) }
                return
            }
        }
    }

    private mutating func report(_ reason: String, line: Int, _ output: inout StandardOutput) throws {
        guard let message = problems.message(line: line, reason: reason) else { return }
        try say(message, &output)
    }

    private mutating func say(_ message: String, _ output: inout StandardOutput) throws {
        // On a terminal the message then stands where the line's answer would be.
        try output.flush()
        removeProgress()
        StandardError.write(line: message)
    }

    private mutating func showProgress() {
        if let text = progress?.text(lines: lineCount, at: Terminal.nanoseconds) { StandardError.write(text) }
    }

    private mutating func removeProgress() {
        if let text = progress?.removal() { StandardError.write(text) }
    }
}
