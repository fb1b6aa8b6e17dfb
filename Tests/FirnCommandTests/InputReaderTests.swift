import Testing

@testable import firn

/// Records, out of input that comes in pieces of any length.
struct InputReaderTests {
    enum Read: Equatable, CustomStringConvertible {
        case record(String, line: Int)
        case tooLong(line: Int)
        case openQuote(line: Int)

        var description: String {
            switch self {
            case .record(let text, let line): "\(line): \(text.prefix(40).debugDescription)"
            case .tooLong(let line): "\(line): too long"
            case .openQuote(let line): "\(line): open quote"
            }
        }
    }

    private func read(_ bytes: [UInt8], isCSV: Bool, pieces: Int = .max) -> [Read] {
        var reader = InputReader(isCSV: isCSV)
        var rest = bytes[...]
        var records: [Read] = []
        while true {
            switch reader.next() {
            case .record(let bytes, let line):
                records.append(.record(String(decoding: bytes, as: UTF8.self), line: line))
            case .tooLong(let line): records.append(.tooLong(line: line))
            case .openQuote(let line): records.append(.openQuote(line: line))
            case .needsInput:
                reader.fill { buffer in
                    let piece = rest.prefix(min(pieces, buffer.count))
                    buffer.copyBytes(from: piece)
                    rest = rest.dropFirst(piece.count)
                    return piece.count
                }
            case .end: return records
            }
        }
    }

    private func read(_ text: String, isCSV: Bool, pieces: Int = .max) -> [Read] {
        read(Array(text.utf8), isCSV: isCSV, pieces: pieces)
    }

    @Test(arguments: 1...9)
    func cutsLines(pieces: Int) {
        let text = "1\n\n2\r\n3,\"4\n5\"\r\n  6"
        #expect(
            read(text, isCSV: false, pieces: pieces) == [
                .record("1", line: 1), .record("", line: 2), .record("2", line: 3), .record("3,\"4", line: 4),
                .record("5\"", line: 5), .record("  6", line: 6),
            ]
        )
        #expect(read(text + "\n", isCSV: false, pieces: pieces) == read(text, isCSV: false))
    }

    @Test(arguments: 1...9)
    func keepsQuotedLineEndsTogether(pieces: Int) {
        let text = "a,\"b\n\"\"c\"\"\r\n\",d\r\n5\" pipe,6\n\"x\"y\"\n\"\n\"\n7"
        #expect(
            read(text, isCSV: true, pieces: pieces) == [
                .record("a,\"b\n\"\"c\"\"\r\n\",d", line: 1),
                .record("5\" pipe,6", line: 4), .record("\"x\"y\"", line: 5),
                .record("\"\n\"", line: 6), .record("7", line: 8),
            ]
        )
    }

    @Test func nothingIsNoRecord() {
        #expect(read("", isCSV: false).isEmpty && read("", isCSV: true).isEmpty)
        #expect(read("\n", isCSV: false) == [.record("", line: 1)])
    }

    @Test(arguments: 1...4)
    func leavesTheByteOrderMarkOut(pieces: Int) {
        #expect(read("\u{FEFF}\"a\nb\"", isCSV: true, pieces: pieces) == [.record("\"a\nb\"", line: 1)])
        #expect(read("\u{FEFF}", isCSV: false, pieces: pieces).isEmpty)
        #expect(read("1", isCSV: false, pieces: pieces) == [.record("1", line: 1)], "shorter than the mark")
    }

    @Test func leavesOutALineThatIsTooLong() {
        let long = String(repeating: "9", count: 3 * InputReader.maximumLength)
        #expect(
            read("1\n\(long)\n2\n", isCSV: false) == [.record("1", line: 1), .tooLong(line: 2), .record("2", line: 3)]
        )
        #expect(read("1\n\(long)", isCSV: true) == [.record("1", line: 1), .tooLong(line: 2)])
        let full = String(long.prefix(InputReader.maximumLength - 1))
        #expect(read(full + "\n2", isCSV: false) == [.record(full, line: 1), .record("2", line: 2)])
    }

    /// One quote too many does not take the rest of the table.
    @Test func goesOnBehindAQuoteThatDoesNotEnd() {
        #expect(
            read("1,a\n2,\"b\n3,c\n4,d", isCSV: true) == [
                .record("1,a", line: 1), .openQuote(line: 2), .record("3,c", line: 3), .record("4,d", line: 4),
            ]
        )
        let (row, count) = ("3,\(String(repeating: "c", count: 1021))\n", 1500)
        let rows = String(repeating: row, count: count)
        let records = read("1,a\n2,\"b\n\(rows)4,d", isCSV: true)
        #expect(records.count == 3 + count && records[1] == .openQuote(line: 2))
        #expect(records.last == .record("4,d", line: records.count))
    }
}
