import Testing

@testable import firn

/// Records, out of input that comes in pieces of any length.
struct InputReaderTests {
    enum Read: Equatable, CustomStringConvertible {
        case record(String, line: Int)
        case tooLong(line: Int)
        case openQuote(line: Int, quoteLine: Int, isAtEnd: Bool)
        case encoded(InputEncoding)

        var description: String {
            switch self {
            case .record(let text, let line): "\(line): \(text.prefix(40).debugDescription)"
            case .tooLong(let line): "\(line): too long"
            case .openQuote(let line, let quoteLine, let isAtEnd): "\(line): open quote in \(quoteLine), \(isAtEnd)"
            case .encoded(let encoding): encoding.rawValue
            }
        }
    }

    private func read(_ bytes: [UInt8], isCSV: Bool, pieces: Int = .max) -> [Read] {
        var reader = InputReader(quotingBeside: isCSV ? UInt8(ascii: ",") : nil)
        var rest = bytes[...]
        var records: [Read] = []
        while true {
            switch reader.next() {
            case .record(let bytes, let line):
                records.append(.record(String(decoding: bytes, as: UTF8.self), line: line))
            case .tooLong(let line): records.append(.tooLong(line: line))
            case .openQuote(let line, let quoteLine, let isAtEnd):
                records.append(.openQuote(line: line, quoteLine: quoteLine, isAtEnd: isAtEnd))
            case .encoded(let encoding): return records + [.encoded(encoding)]
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

    @Test(
        arguments: [
            ([0xFF, 0xFE], .utf16LittleEndian), ([0xFE, 0xFF], .utf16BigEndian), ([0x1F, 0x8B], .gzip),
            ([0x28, 0xB5, 0x2F, 0xFD], .zstandard), ([0x50, 0x4B, 0x03, 0x04], .zip),
            ([0x42, 0x5A, 0x68], .bzip2), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
        ] as [([UInt8], InputEncoding)]
    )
    func knowsWhatIsNoText(start: [UInt8], encoding: InputEncoding) {
        for pieces in 1...5 {
            #expect(read(start + Array("1\n".utf8), isCSV: false, pieces: pieces) == [.encoded(encoding)])
        }
        #expect(read([0x31] + start, isCSV: false).count == 1, "not at the start")
        #expect(read(Array(start.dropLast()), isCSV: false) != [.encoded(encoding)])
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
                .record("1,a", line: 1), .openQuote(line: 2, quoteLine: 2, isAtEnd: true), .record("3,c", line: 3),
                .record("4,d", line: 4),
            ]
        )
        #expect(
            read("1\n\"a\n\"\"b\",\"c\"\"\nd", isCSV: true) == [
                .record("1", line: 1), .openQuote(line: 2, quoteLine: 3, isAtEnd: true),
                .openQuote(line: 3, quoteLine: 3, isAtEnd: true), .record("d", line: 4),
            ]
        )
        let (row, count) = ("3,\(String(repeating: "c", count: 1021))\n", 1500)
        let rows = String(repeating: row, count: count)
        let records = read("1,a\n2,\"b\n\(rows)4,d", isCSV: true)
        #expect(records.count == 3 + count && records[1] == .openQuote(line: 2, quoteLine: 2, isAtEnd: false))
        #expect(records.last == .record("4,d", line: records.count))
    }
}
