import FirnTestSupport
import Testing

@testable import firn

/// What a database's client prints around rows, and tables whose columns end elsewhere.
@Suite(.timeLimit(.minutes(20))) struct ClientFrameTests {
    @Test(arguments: [
        "---", "--------------------+-------", "+----+----+", "|----|---:|", "----  ----", "┌────┬────┐", "═════",
        "(5 rows)",
        "(1 row)", "(5 Zeilen)", "(5 rows affected)", "5 rows in set (0.00 sec)",
        "1 row in set, 1 warning (1 min 2.30 sec)",
        "Empty set (0.00 sec)", "Time: 0.512 ms",
    ])
    func isAFrame(line: String) {
        #expect(ClientFrame.contains(line) && ClientFrame.contains(" \(line) "))
    }

    @Test(arguments: [
        "", "-", "--", "+", "5", "-5", "541815603606036480", "id", "5 rows", "(541815603606036480)",
        "-541815603606036480", "| 5 |",
        "--- 5", "Time: now",
    ])
    func isNoFrame(line: String) {
        #expect(!ClientFrame.contains(line))
    }

    private static let id = "541815603606036480"
    private static let psql =
        " amount |         id         \n--------+--------------------\n 12,5   | \(id)\n 3      | \(id)\n(2 rows)\n\n"
    private static let mysql =
        "+--------+--------------------+\n| amount | id                 |\n+--------+--------------------+\n| 12,5   | \(id) |\n"
        + "| 3      | \(id) |\n+--------+--------------------+\n2 rows in set (0.00 sec)\n\n"

    /// Its lines are left out, and it is said once.
    @Test(arguments: [
        (psql, ["--column", "id"], 2), (psql, ["--header", "--column", "2"], 2), (mysql, ["--column", "id"], 1),
        (mysql, ["--header", "--column", "3"], 1),
    ])
    func aFrameIsLeftOut(input: String, options: [String], line: Int) throws {
        let command = try Command.run(["decode", "--separator", "|"] + options, input: input)
        #expect(command.exitCode == 0, "\(command.errors)")
        #expect(command.output.split(separator: "\n").allSatisfy { $0.hasPrefix("\(Self.id)  2014-12-08T") })
        #expect(command.output.filter(\.isNewline).count == 2)
        #expect(command.errors == "firn: line \(line): \(ClientFrame.note)\n")
    }

    @Test func aColumnOfPsqlNeedsItsHeaderAlone() throws {
        let input = "         id         \n--------------------\n \(Self.id)\n(1 row)\n"
        let refused = try Command.run(["decode"], input: input)
        #expect(refused.exitCode == 65 && refused.errors.contains(" If the line is a header, give --header.\n"))
        let followed = try Command.run(["decode", "--header"], input: input)
        #expect(followed.exitCode == 0 && followed.output.hasPrefix(Self.id), "\(followed)")
    }

    private static let decimalCommas = "amount;id\n12,5;\(id)\n13,25;\(id)\n"

    /// The advice finds the IDs.
    @Test(arguments: [["--csv", "--header"], ["--csv", "--header", "--column", "1"]])
    func decimalCommasAreNoticed(options: [String]) throws {
        let wrong = try Command.run(["decode"] + options, input: Self.decimalCommas)
        #expect(
            wrong.errors.hasSuffix(
                "firn: Each of 2 lines has columns that end at semicolons, and what was read is a part of one: give --separator ';' "
                    + "instead of --csv, and --column N: the first ID is in column 2.\n"
            ),
            "\(wrong.errors)"
        )
        let right = try Command.run(
            ["decode", "--separator", ";", "--header", "--column", "2"],
            input: Self.decimalCommas
        )
        #expect(right.exitCode == 0 && right.errors.isEmpty)
        #expect(right.output.split(separator: "\n").allSatisfy { $0.hasPrefix(Self.id) })
    }

    @Test func itIsSaidOnceAlsoOfManyLines() throws {
        for count in [1, 99, 100, 101, 500] {
            let input = String(repeating: "12,5;\(Self.id)\n", count: count)
            let errors = try Command.run(["decode", "--csv"], input: input).errors.split(separator: "\n")
            let start = count == 1 ? "firn: The line has " : "firn: Each of \(min(count, 100)) lines has "
            #expect(errors.count { $0.hasPrefix(start) } == 1, "\(count)")
        }
    }

    @Test(arguments: [
        "\(id),a;b\n", "\(id),\"5;\(id)\"\n", "5,\(id)\n", "12,5;\(id)\n\(id),7\n", "\(id),1;2;3\n",
    ])
    func othersAreNotSuspected(input: String) throws {
        #expect(!(try Command.run(["decode", "--csv"], input: input).errors.contains("is a part of one")))
    }
}
