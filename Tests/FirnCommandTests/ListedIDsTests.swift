import FirnLayout
import Testing

@testable import firn

/// Columns of IDs as databases' clients print them.
struct ListedIDsTests {
    private func highest(_ text: String) throws -> UInt64? {
        var ids = ListedIDs()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { try ids.add(line: String(line)) }
        return ids.highest?.rawValue
    }

    @Test(arguments: [
        "7\n9\n8\n", "\n  9  \r\n", "max\n9\n", "9",
        // psql with its decoration, and without the frame.
        "         max         \n---------------------\n 9\n(1 row)\n\n", " id \n----\n  7\n  9\n(2 rows)\n",
        "?column?\n9\n(1 row)\n",
        // MySQL's, at a terminal and in a pipe.
        "+---------+\n| max(id) |\n+---------+\n|       9 |\n+---------+\n", "MAX(`id`)\n9\n",
        "+---+\n| 9 |\n+---+\n1 row in set (0.00 sec)\n", "9\n1 row in set, 1 warning (0.01 sec)\n",
    ]) func decorationIsLeftOut(_ text: String) throws {
        #expect(try highest(text) == 9)
    }

    @Test func anEmptyTableHasNone() throws {
        #expect(try highest("") == nil && highest("max\n\n(1 row)\n") == nil)
        #expect(try highest("Empty set (0.00 sec)\n") == nil)
    }

    /// A line that was left out by mistake could be the highest ID.
    @Test(arguments: [
        ("orders: 541815603606036480\n42\n", "orders: 5418"), ("\"541815603606036480\"\n", "give 541815603606036480"),
        ("max|541815603606036480\n", "max|5418"), ("ID-541815603606036480\n5\n", "ID-5418"),
        ("1.2e18", "1.2e18"), ("9\nmax\n", "max"), ("max\nmin\n9\n", "min"), ("NULL\n", "nothing is to be adopted"),
        ("max\n\\N\n", "nothing is to be adopted"),
        ("*************************** 1. row ***************************\nmax(id): 9\n", "mysql -N -B -e"),
        ("-[ RECORD 1 ]-----------\nmax | 9\n", "psql -At -c"), ("9\nrows: none\n", "psql -At -c"),
        ("7 | 9\n", "7 | 9"),
        ("(1 row\n", "(1 row"), ("18446744073709551616\n", "18446744073709551616"), ("7,9", "7,9"),
    ]) func whatIsNeitherIsRefused(_ text: String, _ word: String) {
        let error = #expect(throws: BadLine.self) { try highest(text) }
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    /// As a signed column has them.
    @Test func negativeIDsAreTwosComplement() throws {
        #expect(try highest("5\n-2\n") == UInt64.max - 1)
    }
}
