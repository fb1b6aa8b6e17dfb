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

    private static let parts = "time:41ms@2025-01-01T00:00:00Z,datacenter:5,worker:5,rest:2/random,sequence:10"

    @Test func composesAndDecodesFieldsByName() throws {
        let words = ["compose", "--time", "2025-01-01T00:00:00.001Z", "--sequence", "9", "--layout", Self.parts]
        let named = try Command.run(words + ["--field", "datacenter=3", "--field", "worker=7", "--field", "rest=2"])
        #expect(named.exitCode == 0 && named.output == "4618249\n", "\(named)")
        let whole = try Command.run(words + ["--worker", "103", "--field", "rest=2"])
        #expect(whole.output == named.output, "\(whole)")
        let json = try Command.run("decode", "4618249", "--layout", Self.parts, "--format", "json")
        #expect(
            json.output.contains(#""time":1,"datacenter":3,"worker":7,"rest":2,"sequence":9,"wholeWorker":103,"#),
            "\(json)"
        )
        let line = try Command.run("decode", "4618249", "--layout", Self.parts, "--format", "line")
        #expect(line.output.contains("  datacenter 3  worker 7  rest 2  sequence 9  wholeWorker 103\n"), "\(line)")
        let table = try Command.run("decode", "4618249", "--layout", Self.parts, "--format", "tsv")
        #expect(table.lines.first?.hasSuffix("\tsequence\twholeWorker\tutc\tfits") == true, "\(table)")
        #expect(table.lines.last?.contains("\t9\t103\t2025-01-01T") == true, "\(table)")
        let shards = try Command.run([
            "compose", "--time", "2025-01-01", "--layout", "time:41ms,shard:5", "--shard", "6",
        ])
        #expect(shards.output == "6\n", "\(shards)")
    }

    @Test(arguments: [
        (["--field", "datacenter"], "'datacenter' is no field: give it as in --field datacenter=3"),
        (["--field", "datacenter=+3"], "--field 'datacenter=+3' has a wrong value: give a number in decimal digits."),
        (["--field", "datacenter=3", "--field", "datacenter=4"], "'datacenter' is given twice"),
        (["--field", "datacenter=32"], "The datacenter 32 does not fit in the 5 bits"),
        (["--field", "node=3"], #"has no field "node": it has time, datacenter, worker, rest, sequence"#),
        (["--field", "sequence=3", "--sequence", "4"], "The sequence is given as --field and as --sequence"),
    ])
    func wrongFieldsAreRefused(arguments: [String], reason: String) throws {
        let command = try Command.run(["compose", "--time", "2025-01-01", "--layout", Self.parts] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(reason), "\(command)")
    }

    @Test func allLayoutsAreDecodedAndTimeOnTopIsFoundByRange() throws {
        let falling = try Command.run("range", "1970-01-01", "1970-01-02", "--layout", "time:30s@0/descending,worker:4")
        #expect(falling.lines.first == "lowest    17178486784", "\(falling)")
        #expect(falling.lines.dropFirst().first == "highest   17179869183", "\(falling)")
        let above = try Command.run("range", "2025-01-01", "2025-02-01", "--layout", "region:4,time:41ms@0")
        #expect(above.exitCode == 64 && above.errors.contains("has the field region above the time"), "\(above)")
        let decoded = try Command.run("decode", "1", "--layout", "region:4,time:41ms@0")
        #expect(decoded.exitCode == 0 && decoded.errors.isEmpty, "\(decoded)")
    }

    /// Sonyflake rounds its start down to its unit, and says nothing of it.
    @Test(arguments: [
        ["decode", "1"], ["range", "2026-01-01T00:15:00Z", "2026-02-01"], ["compose", "--time", "2026-01-01"],
    ])
    func anEpochOffTheTickIsWarnedOfInSonyflakesOrder(arguments: [String]) throws {
        let layout = "time:39h@2025-01-01T00:30:00Z"
        let warned = try Command.run(arguments + ["--layout", layout + ",sequence:8,worker:16"])
        #expect(warned.exitCode == 0 && warned.errors.contains("write /floored after the epoch"), "\(warned)")
        let floored = try Command.run(arguments + ["--layout", layout + "/floored,sequence:8,worker:16"])
        #expect(floored.exitCode == 0 && floored.errors.isEmpty && floored.output != warned.output, "\(floored)")
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

    @Test func rangesTakeMoreThanDates() throws {
        let month = try Command.run("range", "2025-01", "20250201T010000+01")
        #expect(month.exitCode == 0)
        #expect(month.lines.last == "WHERE id BETWEEN 1874244142494646272 AND 1885478166328246271")
        let hour = try Command.run("range", "--", "-1h", "now")
        #expect(hour.exitCode == 0 && hour.lines.count == 3, "\(hour)")
        let wrong = try Command.run("range", "2025-01-01", "2025-01-32")
        #expect(wrong.errors.contains(#"at character 9, "32": the day is 01 to 31"#))
    }

    @Test(arguments: [
        ["decode", "abc"], ["decode", "18446744073709551616"], ["decode", "1", "--layout", "none"],
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
