import FirnLayout
import FirnTestSupport
import Foundation
import Testing

/// What the command does without a daemon.
@Suite(.timeLimit(Firnd.patience)) struct OfflineTests {
    @Test func decodesAndDraws() throws {
        let command = try Command.run("decode", "541815603606036480", "1")
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        #expect(command.output.contains("│ 00001111000010011101010011010111011101010 │ 1100111010 │ 000000000000 │"))
        #expect(command.output.contains("2014-12-08T04:44:41.003Z"))
        #expect(command.output.contains("\n\n1  ·  snowflake\n"), "pictures are apart")
    }

    @Test func decodesAsJSON() throws {
        let command = try Command.run(
            "decode",
            "547205677072712195",
            "--layout",
            "sonyflake",
            "--format",
            "json"
        )
        let expected =
            #"{"id":"547205677072712195","layout":"sonyflake","unused":0,"time":32616000000,"sequence":255,"#
            + #""worker":515,"utc":"2025-01-01T00:00:00.000Z","fits":true}"# + "\n"
        #expect(command.exitCode == 0 && command.output == expected)
    }

    @Test func fieldsThatJavaScriptWouldRoundAreStrings() throws {
        let command = try Command.run(
            "decode",
            "18446744073709551615",
            "--layout",
            "time:54ms,worker:9",
            "--format",
            "json"
        )
        #expect(command.output.contains(#""unused":1,"time":"18014398509481983","worker":511,"#))
        #expect(command.output.contains(#""fits":false"#))
    }

    @Test(arguments: IDFormat.allCases.map(\.name))
    func readsTheFormsThatItWrites(format: String) throws {
        let text = try Command.run(
            "compose",
            "--time",
            "2014-12-08T04:44:41.003Z",
            "--worker",
            "826",
            "--format",
            format
        )
        let line = try #require(text.lines.first)
        let command = try Command.run("decode", String(line), "--from-format", format, "--format", "json")
        #expect(command.exitCode == 0 && command.output.hasPrefix(#"{"id":"541815603606036480","#))
    }

    @Test func composesWhatDecodingGives() throws {
        let command = try Command.run("compose", "--time", "2014-12-08T04:44:41.003Z", "--worker", "826")
        #expect(command.exitCode == 0 && command.output == "541815603606036480\n")
        let date = try Command.run("compose", "--time", "2025-01-01", "--format", "base32-fixed")
        #expect(date.exitCode == 0 && date.lines.first?.count == 13)
    }

    @Test func composesPinterests() throws {
        // From Pinterest's own article: shard 3429, type 1, local 7075733.
        let command = try Command.run(
            "compose",
            "--layout",
            "pinterest",
            "--shard",
            "3429",
            "--type",
            "1",
            "--local",
            "7075733"
        )
        #expect(command.exitCode == 0 && command.output == "241294492511762325\n")
    }

    @Test func findsTheRangeOfAMonth() throws {
        let command = try Command.run("range", "2025-01-01", "2025-02-01T00:00:00Z")
        #expect(command.exitCode == 0)
        #expect(
            command.lines == [
                "lowest    1874244142494646272", "highest   1885478166328246271",
                "WHERE id BETWEEN 1874244142494646272 AND 1885478166328246271",
            ]
        )
        let json = try Command.run("range", "2025-01-01", "2025-02-01", "--format", "json")
        #expect(json.output.contains(#""lowest":"1874244142494646272","highest":"1885478166328246271""#))
    }

    @Test(arguments: [
        ["decode", "abc"], ["decode"], ["decode", "18446744073709551616"], ["decode", "1", "--layout", "none"],
        ["compose"], ["compose", "--time", "1999-01-01"], ["compose", "--time", "2999-01-01"],
        ["compose", "--time", "2025-13-01"], ["compose", "--time", "2025-01-01", "--worker", "1024"],
        ["compose", "--time", "2025-01-01", "--shard", "1"],
        ["compose", "--layout", "pinterest", "--time", "2025-01-01"],
        ["range", "2025-02-01", "2025-01-01"], ["range", "2025-01-01", "soon"], ["next", "-n", "0"],
        ["next", "-n", "x"],
        ["next", "--format", "roman"], ["next", "--timeout", "0"], ["health", "--address", "nowhere"], ["fly"],
        ["range", "2025-01-01", "2025-02-01", "--layout", "pinterest"],
        ["ticket"], ["ticket", "a b"], ["ticket", "a", "-n", "0"], ["ticket", "a", "-n", "65537"],
        ["ticket", "a", "--format", "roman"], ["prefix"], ["prefix", ""], ["prefix", "Service A"],
        ["sequence", "create"], ["sequence", "create", "a/b"], ["sequence", "list", "--format", "table"],
    ])
    func wrongArgumentsExitWith64(arguments: [String]) throws {
        let command = try Command.run(arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && !command.errors.isEmpty, "\(command)")
    }

    @Test(
        arguments: [
            (["--increment", "0"], "increment 0"), (["--start", "0"], "start 0"), (["--maximum", "0"], "maximum 0"),
            (["--offset", "1"], "offset 1 is not below the increment 1"),
            (["--increment", "2", "--offset", "2"], "0 to 1"), (["--start", "9", "--maximum", "8"], "8 or less"),
            (["--start", "-1"], "--start"), (["--shard", "1"], "--pinterest"), (["--type", "1"], "--pinterest"),
            (["--pinterest"], "--shard and --type"), (["--pinterest", "--shard", "1"], "--shard and --type"),
            (["--pinterest", "--shard", "65536", "--type", "1"], "0 to 65535"),
            (["--pinterest", "--shard", "1", "--type", "1024"], "0 to 1023"),
            (["--pinterest", "--shard", "1", "--type", "1", "--prefix"], "two kinds"),
        ]
    )
    func sequencesThatAreNoneAreRefusedWithoutADaemon(arguments: [String], hint: String) throws {
        let command = try Command.run(
            ["sequence", "create", "a", "--address", "unix:/nowhere/firn.sock"] + arguments
        )
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(hint), "\(command)")
    }

    @Test(
        arguments: [
            ["next"], ["next", "-n", "5"], ["describe"], ["health"], ["ticket", "a"], ["prefix", "a"],
            ["sequence", "create", "a"], ["sequence", "list"],
        ]
    )
    func aMissingDaemonIsOneLineAnd69(arguments: [String]) throws {
        let given = try Command.run(arguments + ["--address", "unix:/nowhere/firn.sock"])
        #expect(given.exitCode == 69 && given.output.isEmpty)
        #expect(given.errors.filter(\.isNewline).count == 1 && given.errors.contains("start firnd"))
        let fromEnvironment = try Command.run(arguments, environment: ["FIRN_ADDRESS": " unix:/nowhere/else.sock "])
        #expect(fromEnvironment.exitCode == 69 && fromEnvironment.errors.contains("/nowhere/else.sock,"))
    }

    @Test func helpSaysWhatAndHow() throws {
        let help = try Command.run("--help")
        #expect(help.exitCode == 0)
        for text in ["EXAMPLES:", "EXIT CODES:", "FIRN_ADDRESS", "firn decode 541815603606036480", "  69 "] {
            #expect(help.output.contains(text), "\(text)")
        }
        for subcommand in [
            "next", "ticket", "prefix", "sequence", "decode", "compose", "range", "describe", "health", "workers",
            "store",
        ] {
            #expect(help.output.contains("  \(subcommand) "))
            #expect(try Command.run(subcommand, "--help").exitCode == 0)
        }
    }
}
