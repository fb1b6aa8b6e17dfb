import FirnLayout
import FirnTestSupport
import Testing

@testable import firn

/// `firn range` where it has more to say than two numbers.
@Suite(.timeLimit(Firnd.patience)) struct RangeCommandTests {
    /// All 64 bits are used, so IDs of the second half of its time are negative in a signed column.
    private static let whole = "time:42ms@2020-01-01T00:00:00Z,worker:10,sequence:12"

    @Test func aRangeFrom2To63OnHasAClauseForEachKindOfColumn() throws {
        let command = try Command.run("range", "2100-01-01", "2100-01-02", "--layout", Self.whole)
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        #expect(
            command.lines == [
                "lowest    10588973432832000000", "highest   10589335820697599999",
                "WHERE id BETWEEN 10588973432832000000 AND 10589335820697599999  -- unsigned: MySQL's BIGINT UNSIGNED, NUMERIC",
                "WHERE id BETWEEN -7857770640877551616 AND -7857408253011951617  -- signed: BIGINT, SQLite's INTEGER",
            ],
            "\(command)"
        )
    }

    @Test func aRangeAcross2To63HasTwoParts() throws {
        let command = try Command.run("range", "2020-01-02", "2100-01-01", "--layout", Self.whole, "--format", "json")
        #expect(
            command.output
                .contains(#""whereSigned":"WHERE (id >= 362387865600000 OR id <= -7857770640877551617)"}"#),
            "\(command)"
        )
        let below = try Command.run("range", "2025-01-01", "2025-02-01", "--format", "json")
        let clause = #""WHERE id BETWEEN 1874244142494646272 AND 1885478166328246271""#
        #expect(below.output.hasSuffix("\"where\":\(clause),\"whereSigned\":\(clause)}\n"), "\(below)")
    }

    /// What a database does with the clause, for IDs around both ends.
    @Test(
        arguments: [
            (1, 5), (0, UInt64.max), (5, 1 << 63), ((1 << 63) - 1, 1 << 63), (1 << 63, UInt64.max),
            ((1 << 63) + 7, (1 << 63) + 7),
            (0, (1 << 63) - 1), (17, UInt64.max - 3),
        ] as [(UInt64, UInt64)]
    )
    func theSignedClauseFindsTheSameIDs(lowest: UInt64, highest: UInt64) throws {
        let range = FirnID(rawValue: lowest)...FirnID(rawValue: highest)
        let clause = WhereClause(range)
        let near = [lowest, highest, 1 << 63, 0].flatMap { [$0 &- 1, $0, $0 &+ 1] }
        for id in near {
            let isFound = try finds(clause.signed, Int64(bitPattern: id))
            #expect(isFound == range.contains(FirnID(rawValue: id)), "\(id) by \(clause.signed)")
        }
    }

    private func finds(_ clause: String, _ id: Int64) throws -> Bool {
        let words = clause.split { " ()".contains($0) }
        if words.count == 8 {
            try #require(
                words[1] == "id" && words[2] == ">=" && words[4] == "OR" && words[5] == "id" && words[6] == "<="
            )
            return try id >= #require(Int64(words[3])) || id <= #require(Int64(words[7]))
        }
        try #require(words.count == 6 && words[1] == "id" && words[2] == "BETWEEN" && words[4] == "AND")
        return try id >= #require(Int64(words[3])) && id <= #require(Int64(words[5]))
    }

    @Test func anOffsetNeedsNoHyphensBeforeIt() throws {
        let command = try Command.run("range", "-1h", "now")
        #expect(command.exitCode == 0 && command.lines.count == 3, "\(command)")
        let between = try Command.run("range", "--format", "json", "-2h", "-1h")
        #expect(between.exitCode == 0 && between.lines.count == 1, "\(between)")
        let wrong = try Command.run("range", "-1y", "now")
        #expect(
            wrong.exitCode == 64 && wrong.errors.contains(#"The time "-1y" cannot be read at character 3"#),
            "\(wrong)"
        )
    }

    @Test func millisecondsGetAHint() throws {
        let command = try Command.run("range", "@1577836800000", "now")
        #expect(command.exitCode == 64 && command.output.isEmpty)
        #expect(
            command.errors.hasPrefix(
                "firn: The time \"@1577836800000\" is in seconds. If it is in milliseconds, give @1577836800.000.\n"
            ),
            "\(command)"
        )
    }

    @Test func theLastInstantIsSaid() throws {
        let command = try Command.run("range", "2025-01-01", "2225-01-01")
        #expect(command.exitCode == 64 && command.errors.contains("2080-07-10T17:30:30.208999999Z"), "\(command)")
    }
}
