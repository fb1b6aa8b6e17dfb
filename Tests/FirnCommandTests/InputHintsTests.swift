import FirnLayout
import Testing

@testable import firn

/// What is advised for a line that is no ID.
struct InputHintsTests {
    private func problem(_ lines: [String], _ column: String? = nil, csv: Bool = false) -> String {
        let column = column.flatMap(InputIDs.Column.init)
        var ids = InputIDs(column: column, quotingBeside: csv ? UInt8(ascii: ",") : nil, hasHeader: false) {
            try FirnID(parsing: $0)
        }
        return lines.compactMap { line in
            do {
                _ = try ids.id(in: Array(line.utf8))
                return nil
            } catch {
                return (error as? BadLine)?.message ?? (error as? Refusal)?.message ?? "\(error)"
            }
        }.joined(separator: "\n")
    }

    /// A line, and what the options are to be for it.
    @Test(arguments: [
        ("x,456", "2 columns that end at commas, give --csv --column N: the first ID is in column 2."),
        ("123,456", "2 columns that end at commas, give --csv --column N, the number of the ID's column from 1."),
        ("7,541815603606036480,8", "give --csv --column N: the first ID is in column 2."),
        ("541815603606036480\t456\tx", "3 columns that end at tabs, give --column N: the first ID is in column 1."),
        ("x;123", "semicolons, give --separator ';' --column N: the first ID is in column 2."),
        ("1,5;7", "semicolons, give --separator ';' --column N: the first ID is in column 2."),
        ("\"a,b\";\"7\"", "semicolons, give --separator ';' --column N: the first ID is in column 2."),
        ("x | 2", "bars, give --separator '|' --column N: the first ID is in column 2."),
        ("| A | 3 |", "4 columns that end at bars, give --separator '|' --column N: the first ID is in column 3."),
        (
            " a  b 2",
            "4 columns that end at blanks, put tabs in their place, as with tr -s ' ' '\\t', and give --column N: the first "
                + "ID is in column 4."
        ),
    ])
    func aRowWithoutColumnsGetsAHint(line: String, hint: String) {
        let problem = problem([line])
        #expect(problem.contains(" If the line is a row of a table with ") && problem.hasSuffix(hint), "\(problem)")
    }

    @Test(
        arguments: [
            (
                "a;5", "2", false,
                "columns that end at semicolons, give --separator ';' --column N: the first ID is in column 2."
            ),
            (
                "order;id", "2", false,
                "semicolons, give --separator ';' --column N, the number of the ID's column from 1."
            ),
            ("5;6", nil, true, "semicolons, give --separator ';' instead of --csv, and --column N, the number of"),
            ("a;5;1,5", "1", true, "instead of --csv, and --column N: the first ID is in column 2."),
            ("a,5", "2", false, "columns that end at commas, give --csv --column N: the first ID is in column 2."),
            (
                "a\t5", "2", true,
                "columns that end at tabs, leave --csv out and give --column N: the first ID is in column 2."
            ),
            (
                "a 5", "2", false,
                "columns that end at blanks, put tabs in their place, as with tr -s ' ' '\\t', and give --column N"
            ),
        ] as [(String, String?, Bool, String)]
    )
    func aSeparatorThatIsNotTheOptionsIsNamed(line: String, column: String?, csv: Bool, hint: String) {
        #expect(problem([line], column, csv: csv).contains(" If the line is a row of a table with "))
        #expect(problem([line], column, csv: csv).contains(hint), "\(problem([line], column, csv: csv))")
    }

    /// Text with words and other characters in a table whose columns are right.
    @Test(
        arguments: [
            ("id\tname", "1", false), ("a 5 b,7", nil, true), ("x,at 5 pm", nil, true), ("a;b\t5", "1", false),
            ("5,6", "9", true),
        ] as [(String, String?, Bool)]
    )
    func aRightSeparatorIsLeft(line: String, column: String?, csv: Bool) {
        let problem = problem([line], column, csv: csv)
        #expect(!problem.isEmpty && !problem.contains("of a table"), "\(problem)")
    }

    @Test(arguments: [
        ("order;id", "id", false, "which has \"order;id\": give --separator ';' --column id."),
        ("| id | x |", "id", true, "which has \"| id | x |\": give --separator '|' instead of --csv, and --column id."),
        ("order,id", "id", false, "which has \"order,id\": give --csv --column id."),
        ("order\tid", "id", true, "which has \"order\\tid\": leave --csv out and give --column id."),
        ("order;id", "ids", false, "give one of them, or a number. Columns end at tabs, or with --csv at commas."),
    ])
    func aHeaderWithAnotherSeparatorIsTold(line: String, column: String, csv: Bool, hint: String) {
        #expect(problem([line], column, csv: csv).hasSuffix(hint), "\(problem([line], column, csv: csv))")
    }

    /// The options of the advice find the ID, also beside a decimal comma.
    @Test(arguments: ["| A | 3 |", "x;3", "A|B|3", "\"a;b\";\"3\"", "1,5;3;x", "x;\"3\""])
    func theAdvisedColumnIsTheID(line: String) throws {
        let advice = problem([line])
        let number = try #require(advice.split(separator: " ").last.map { String($0.dropLast()) })
        let parts = try #require(advice.firstMatch(of: /--separator '(.)'/))
        let separator = try #require(parts.1.first?.asciiValue)
        var ids = InputIDs(column: InputIDs.Column(number), quotingBeside: separator, hasHeader: false) {
            try FirnID(parsing: $0)
        }
        #expect(try ids.id(in: Array(line.utf8)) == FirnID(rawValue: 3), "\(advice)")
    }

    /// A line whose columns are right and fewer has none of the hint.
    @Test func asManyColumnsAsTheOptionsGiveAreNoHint() {
        #expect(!problem(["a;b\tc 5\t541815603606036480"], "2").contains("of a table"))
    }

    @Test(arguments: [
        ("id=-541815603606036480", "-aoP '(?<![\\w.])-?[0-9]{15,20}\\b'"),
        ("(-541815603606036480)", "-aoP '(?<![\\w.])-?[0-9]{15,20}\\b'"),
        ("a=541815603606036480 b=-541815603606036480", "-aoP '(?<![\\w.])-?[0-9]{15,20}\\b'"),
        ("order-541815603606036480", "-aoE '\\b[0-9]{15,20}\\b'"),
    ])
    func aMinusStaysWithItsID(line: String, pattern: String) {
        #expect(problem([line]).contains("taken out with grep \(pattern) first."), "\(problem([line]))")
    }

    @Test(arguments: [
        ("id=541815603606036480", "\\b"), ("12:00 made 7 IDs, id=541815603606036480 (5 ms)", "\\b"),
        ("order_541815603606036480", ""), ("a541815603606036480: 5", ""),
    ])
    func aLineOfALogGetsItsRecipe(line: String, edge: String) {
        let hint = " IDs in the lines of a log are taken out with grep -aoE '\(edge)[0-9]{15,20}\(edge)' first."
        #expect(problem([line]).hasSuffix(hint), "\(problem([line]))")
    }

    @Test(arguments: ["x,y", "x y", "12x", "1,", "\"1\"", "id=5", "id=99999999999999999999", "1.0460913898830397e18"])
    func noHintIsGivenForOtherLines(line: String) {
        let problem = problem([line])
        #expect(!problem.contains("table") && !problem.contains("grep"), "\(problem)")
    }

    @Test func aHintIsGivenOnce() {
        let problems = problem(["5;6", "7;8"], "2").split(separator: "\n")
        #expect(problems.count == 2 && problems[0].contains("--separator") && !problems[1].contains("--separator"))
        #expect(problem(["a", "5;6"], "1").contains("If the line is a header, give --header."))
    }
}
