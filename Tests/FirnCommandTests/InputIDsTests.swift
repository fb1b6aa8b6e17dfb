import FirnLayout
import Testing

@testable import firn

/// Which part of a line is the ID.
struct InputIDsTests {
    private func ids(_ column: String? = nil, csv: Bool = false, header: Bool = false) -> InputIDs {
        let column = column.flatMap(InputIDs.Column.init)
        return InputIDs(column: column, quotingBeside: csv ? UInt8(ascii: ",") : nil, hasHeader: header) {
            try FirnID(parsing: $0)
        }
    }

    private func id(_ line: String, _ ids: InputIDs) throws -> UInt64? {
        var ids = ids
        return try ids.id(in: Array(line.utf8))?.rawValue
    }

    private func problem(_ line: String, _ ids: InputIDs) -> String {
        do {
            return "\(try id(line, ids) as Any)"
        } catch {
            return (error as? BadLine)?.message ?? (error as? Refusal)?.message ?? "\(error)"
        }
    }

    @Test(arguments: [("5", 5), (" \t5 \r", 5), ("", nil), (" \t", nil)] as [(String, UInt64?)])
    func aLineIsAnID(line: String, expected: UInt64?) throws {
        #expect(try id(line, ids()) == expected)
        #expect(problem("5\t6", ids()).contains(#""5\t6""#), "the whole line")
    }

    @Test(
        arguments: [
            ("a\t 5 \tb", "2", false, 5), ("a\t5", "2", false, 5), ("5", "1", false, 5), ("a\t\tb", "2", false, nil),
            ("", "2", false, nil), ("\t\t", "9", false, nil), ("a,5,b", "2", true, 5), ("\"a,b\",5", "2", true, 5),
            ("\"a\"\"b\",\" 5 \"", "2", true, 5), ("a,\"\",b", "2", true, nil), ("5\",\"6\"", "2", true, 6),
            ("a\"b,5", "2", true, 5), ("\"5\"", nil, true, 5), ("5,6", nil, true, 5),
        ] as [(String, String?, Bool, UInt64?)]
    )
    func aColumnIsAnID(line: String, column: String?, csv: Bool, expected: UInt64?) throws {
        #expect(try id(line, ids(column, csv: csv)) == expected)
    }

    @Test func namesFindTheirColumn() throws {
        var named = ids("order id", csv: true)
        #expect(try named.id(in: Array("day,\"order id\" ,x".utf8)) == nil)
        #expect(try named.id(in: Array("1,2,3".utf8)) == FirnID(rawValue: 2))
        var quoted = ids("the \"id\", new", csv: true)
        #expect(try quoted.id(in: Array("day,\"the \"\"id\"\", new\"".utf8)) == nil)
        #expect(try quoted.id(in: Array("1,\"2\"".utf8)) == FirnID(rawValue: 2))
        var numbered = ids("2", header: true)
        #expect(try numbered.id(in: Array("day\tid".utf8)) == nil)
        #expect(try numbered.id(in: Array("1\t2".utf8)) == FirnID(rawValue: 2))
    }

    @Test func saysWhatIsWrong() {
        #expect(problem("5\t6", ids("3")) == "There is no column 3: the line has 2.")
        #expect(problem("5,6", ids("4", csv: true)) == "There is no column 4: the line has 2.")
        #expect(problem("id\tx", ids("1")).hasSuffix("If the line is a header, give --header."))
        #expect(!problem("x", ids()).contains("header"), "a list has none")
        #expect(problem("a\tb", ids("id")).contains(#"no column "id" in the header, which has "a", "b""#))
        #expect(problem("id,b,id", ids("id", csv: true)).contains("2 columns \"id\""))
        #expect(problem("id,b", ids("id")).contains("--csv"))
    }

    @Test(arguments: ["", "0", "-1", "99999999999999999999"])
    func columnsThatAreNone(text: String) {
        #expect(InputIDs.Column(text) == nil)
    }

    @Test func showsTheFirstProblemsAndCountsTheOthers() {
        var problems = LineProblems()
        for line in 1...20 {
            #expect(problems.message(line: line, reason: "It is none.") == "firn: line \(line): It is none.")
        }
        #expect(problems.summary == nil)
        for line in 21...1234 { #expect(problems.message(line: line, reason: "It is none.") == nil) }
        #expect(problems.count == 1234 && problems.summary == "firn: 1,234 lines are no IDs; the first 20 are shown.")
    }

    @Test func progressComesOncePerSecond() {
        var progress = ProgressLine(time: 5)
        #expect(progress.text(lines: 1000, at: 1_000_000_004) == nil && progress.removal() == nil)
        #expect(progress.text(lines: 1000, at: 1_000_000_005) == "\r\u{1B}[K1,000 lines, 1,000 per second")
        #expect(progress.text(lines: 2000, at: 1_500_000_000) == nil)
        #expect(progress.text(lines: 5000, at: 3_000_000_005) == "\r\u{1B}[K5,000 lines, 2,000 per second")
        #expect(progress.removal() == "\r\u{1B}[K" && progress.removal() == nil)
        var slow = ProgressLine(time: 0)
        #expect(slow.text(lines: 1, at: 1_000_000_000) == "\r\u{1B}[K1 line, 1 per second")
        #expect([0, 999, 1000, 1_234_567].map(grouped) == ["0", "999", "1,000", "1,234,567"])
    }
}
