import FirnTestSupport
import Foundation
import Testing

/// `firn ticket`, `firn prefix` and `firn sequence` with the real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct SequenceTests {
    @Test func ticketsHaveTheFormsThatIDsHave() throws {
        let daemon = try Firnd()
        #expect(try daemon.firn("ticket", "orders").output == "1\n")
        #expect(try daemon.firn("ticket", "orders", "-n", "3").output == "2\n3\n4\n")
        let json = try daemon.firn("ticket", "orders", "-n", "2", "--format", "json")
        #expect(json.exitCode == 0 && json.output == "{\"id\":\"5\"}\n{\"id\":\"6\"}\n")
        #expect(try daemon.firn("ticket", "orders", "--format", "hex-fixed").output == "0000000000000007\n")
        #expect(try daemon.tickets("orders", 65_536) == Array(8...65_543))
    }

    @Test func sequencesAreListedInATable() throws {
        let daemon = try Firnd()
        let head = "name  kind  next  increment  offset  maximum\n"
        #expect(try daemon.firn("sequence", "list").output == head)

        _ = try daemon.firn("sequence", "create", "odd", "--increment", "2", "--maximum", "99")
        let pins = ["sequence", "create", "pins", "--pinterest", "--shard", "3429", "--type", "1"]
        _ = try daemon.firn(pins + ["--start", "7075733"])
        _ = try daemon.firn("sequence", "create", "ServiceA", "--prefix")
        let table = """
            name      kind                             next  increment  offset              maximum
            ServiceA  prefix                              1          1       0  9223372036854775807
            odd       plain                               1          2       1                   99
            pins      pinterest(shard=3429,type=1)  7075733          1       0          68719476735

            """
        #expect(try daemon.firn("sequence", "list").output == table)

        let json = try daemon.firn("sequence", "list", "--format", "json")
        #expect(
            json.lines == [
                #"{"name":"ServiceA","kind":"prefix","next":"1","increment":"1","offset":"0","#
                    + #""maximum":"9223372036854775807"}"#,
                #"{"name":"odd","kind":"plain","next":"1","increment":"2","offset":"1","maximum":"99"}"#,
                #"{"name":"pins","kind":"pinterest","shard":"3429","type":"1","next":"7075733","increment":"1","#
                    + #""offset":"0","maximum":"68719476735"}"#,
            ]
        )
    }

    @Test func moreThanAPageOfSequencesIsListed() throws {
        let daemon = try Firnd()
        // Each is a call; 300 is more than a page of 256.
        let script = (100..<400).map { "'\(Command.product("firn").path)' prefix s\($0) >/dev/null || exit 1" }
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script.joined(separator: "\n")]
        shell.environment = ["PATH": "/usr/bin:/bin", "FIRN_ADDRESS": daemon.address]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let names = try daemon.firn("sequence", "list").lines.dropFirst().map { $0.prefix { $0 != " " } }
        #expect(names == (100..<400).map { "s\($0)" })
    }

    @Test func anAutoIncrementMovesOverButNeverBack() throws {
        let daemon = try Firnd("--sequence-block", "1")
        #expect(try daemon.firn("sequence", "create", "orders", "--start", "5000").exitCode == 0)
        #expect(try daemon.tickets("orders", 2) == [5000, 5001])
        let again = try daemon.firn("sequence", "create", "orders")
        #expect(again.exitCode == 0, "what is there may be asked for again: \(again)")
        let raised = try daemon.firn("sequence", "create", "orders", "--start", "9000")
        #expect(raised.exitCode == 0 && raised.output.contains(" 9000 "), "\(raised)")
        #expect(try daemon.tickets("orders") == [9000])
        let back = try daemon.firn("sequence", "create", "orders", "--start", "100")
        #expect(back.exitCode == 70 && back.output.isEmpty && back.errors.hasPrefix("firn: "), "\(back)")
        #expect(try daemon.tickets("orders") == [9001])
    }

    @Test func whatTheDaemonRefusesIs70() throws {
        let daemon = try Firnd("--sequences-explicit")
        #expect(try daemon.firn("ticket", "unknown").exitCode == 70)
        #expect(try daemon.firn("prefix", "unknown").exitCode == 70)
        #expect(try daemon.firn("sequence", "create", "short", "--maximum", "3").exitCode == 0)
        #expect(try daemon.firn("sequence", "create", "short", "--maximum", "4").exitCode == 70)
        #expect(try daemon.firn("prefix", "short").exitCode == 70)
        #expect(try daemon.tickets("short", 2) == [1, 2])
        let tooMany = try daemon.firn("ticket", "short", "-n", "2")
        #expect(tooMany.exitCode == 70 && tooMany.output.isEmpty, "all or none: \(tooMany)")
        #expect(try daemon.tickets("short") == [3])
        let end = try daemon.firn("sequence", "list", "--format", "json")
        #expect(end.output.contains(#""next":null"#), "\(end)")
        #expect(try daemon.firn("sequence", "list").output.contains(" none "))
    }
}
