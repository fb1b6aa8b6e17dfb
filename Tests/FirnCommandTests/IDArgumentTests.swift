import FirnLayout
import FirnTestSupport
import Testing

/// How `firn decode` reads the texts of IDs.
@Suite(.timeLimit(Firnd.patience)) struct IDArgumentTests {
    private func ids(_ command: Command) -> [String] {
        command.lines.compactMap { $0.split(separator: "\"").dropFirst(3).first.map(String.init) }
    }

    /// Texts of bwmarrin/snowflake bc74ab2, and an ID of a signed column.
    @Test(
        arguments: [
            (["5Wj8yQ8QrH2", "--from-format", "base58-flickr"], "2126632240690500159"),
            (["b5y4oafiryrt9", "--from-format", "base32-z"], "2126632240690500159"),
            (["-8000000000000000000"], "10446744073709551616"),
            (["--layout", "discord", "-8000000000000000000"], "10446744073709551616"),
            (["--", "-8000000000000000000"], "10446744073709551616"),
            ([" 541815603606036480 "], "541815603606036480"),
        ]
    )
    func readsWhatOthersWrite(arguments: [String], id: String) throws {
        let command = try Command.run(["decode", "--format", "json"] + arguments)
        #expect(command.exitCode == 0 && ids(command) == [id], "\(command)")
    }

    @Test func negativeNumbersKeepTheirPlace() throws {
        let command = try Command.run("decode", "1", "-2", "3", "--format", "json", "-4", "--layout", "discord", "5")
        #expect(command.exitCode == 0, "\(command)")
        #expect(ids(command) == ["1", "18446744073709551614", "3", "18446744073709551612", "5"])
    }

    @Test(
        arguments: [
            (["-9223372036854775809"], "give -9223372036854775808 to 18446744073709551615"),
            (["-1x"], #""x" as character 3"#), (["-1", "--from-format", "hex"], #""-" as character 1"#),
            (["5Wj8yQ8QrH2"], "base58-flickr (2126632240690500159)"),
            (["0xff"], "It is an ID in hex (255): give the format that it was written in, as with --from-format hex."),
            (["5", "--from-format", "hex-fixed"], ", as with --from-format hex."),
            (["id=541815603606036480"], "It holds the number 541815603606036480: give that alone."),
            (["3.43688E+17"], "the other 12 are lost"),
            (["-3.43688E+17"], "the other 12 are lost"), (["541,815"], "and give 541815."),
            (["01ARZ3NDEKTSV4RRFFQ69G5FAV"], "ULID, of 128 bits: its time is 2016-07-30T23:54:10.259Z"),
            (["-x", "1"], "-x"), (["--from-format", "base58-flicker", "1"], "base58-flickr"), ([""], "has no digits"),
            (["   "], "has no digits"),
        ]
    )
    func otherTextsAreRefusedWithTheReason(arguments: [String], hint: String) throws {
        let command = try Command.run(["decode"] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(hint), "\(command)")
    }

    @Test func otherCommandsTakeNoNegativeNumbers() throws {
        for arguments in [["next", "-n", "-1"], ["compose", "--time", "2025-01-01", "--worker", "-1"]] {
            let command = try Command.run(arguments)
            #expect(command.exitCode == 64 && command.output.isEmpty, "\(command)")
        }
    }

    @Test func aSecondReadingIsToldOnceOnStandardError() throws {
        let texts = ["5Wj8yQ8QrH2", "5Wj8yQ8QrH3"]
        let command = try Command.run(["decode", "--format", "json", "--from-format", "base58"] + texts)
        #expect(command.exitCode == 0 && ids(command).count == 2)
        #expect(command.errors.split(separator: "\n").count == 1)
        #expect(command.errors.hasPrefix(#"firn: The text "5Wj8yQ8QrH2" is an ID in base58 ("#))
        #expect(command.errors.contains("base58-flickr (2126632240690500159)"))
        let plain = try Command.run("decode", "541815603606036480", "--format", "json")
        #expect(plain.errors.isEmpty)
    }

    @Test func theHelpNamesEachAlphabet() throws {
        let help = try Command.run("decode", "--help")
        // Long words are not broken, and lines are.
        let words = Set(help.output.split { $0.isWhitespace || ":;,".contains($0) }.map(String.init))
        for format in IDFormat.allCases {
            #expect(words.contains(format.name), "\(format)")
            #expect(words.contains(format.digits), "\(format)")
        }
    }
}
