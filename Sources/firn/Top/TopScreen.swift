#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Where `firn top` writes: at a terminal each block takes the place of the one before.
struct TopScreen: ~Copyable {
    private let isTerminal: Bool
    private var output = StandardOutput()
    /// Of the block that the next one replaces.
    private var lineCount = 0

    init(isTerminal: Bool) {
        self.isTerminal = isTerminal
    }

    /// - Parameter isBlock: Whether the lines belong together.
    mutating func write(_ lines: [String], isBlock: Bool) throws {
        if isTerminal {
            let text = Self.drawing(lines, over: lineCount, rows: Terminal.size.rows)
            lineCount = min(lines.count, max(Terminal.size.rows - 1, 1))
            try output.write(line: text)
        } else {
            for line in lines { try output.write(line: line) }
            if isBlock { try output.write(line: "") }
        }
        try output.flush()
    }

    /// Shows the cursor again.
    mutating func end() {
        guard isTerminal, lineCount > 0 else { return }
        try? output.write(line: Self.shownCursor)
        try? output.flush()
    }

    private static let hiddenCursor = "\u{1B}[?25l"
    private static let shownCursor = "\u{1B}[?25h"

    /// The lines over so many lines of before, without the last line's end. What the terminal has no rows for is left out, as
    /// it would scroll.
    static func drawing(_ lines: [String], over before: Int, rows: Int) -> String {
        let room = max(rows - 1, 1)
        var shown = lines.prefix(room)
        if lines.count > room { shown[room - 1] = "… and \(lines.count - room + 1) more" }
        let up = before > 0 ? "\r\u{1B}[\(before)A" : ""
        // Each line ends in spaces as far as the terminal is wide, and all below the last is removed.
        return hiddenCursor + up + shown.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
    }
}

extension Terminal {
    /// The size of the terminal at standard output; without one as many columns as a drawing, and any number of rows.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (hasOutputOnTerminal ? columns : 1000, .max)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
