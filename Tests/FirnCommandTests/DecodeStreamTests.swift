import FirnLayout
import FirnTestSupport
import Foundation
import Testing

/// `firn decode` with IDs on standard input.
@Suite(.timeLimit(.minutes(20))) struct DecodeStreamTests {
    @Test(arguments: [["decode"], ["decode", "-"], ["decode", "--format", "line"]])
    func readsOneIDPerLine(arguments: [String]) throws {
        let lines = " 541815603606036480\r\n\n\t1116766490855473152\n9223372036854775809"
        let command = try Command.run(arguments, input: lines)
        #expect(command.exitCode == 0)
        #expect(
            command.errors == "firn: read as snowflake, 9223372036854775809 cannot be of it: its unused bits are set. "
                + "Is it another system's? Try firn decode --guess 9223372036854775809.\n"
        )
        #expect(
            command.output == """
                541815603606036480  2014-12-08T04:44:41.003Z  worker 826  sequence 0
                1116766490855473152  2019-04-12T18:14:14.595Z  worker 0  sequence 0
                9223372036854775809  2010-11-04T01:42:54.657Z  unused 1  worker 0  sequence 1  not of this layout

                """
        )
    }

    @Test(arguments: [
        (["decode"], "", "is empty"), (["decode", "--guess"], "", "is empty"),
        (["decode", "--column", "x"], "", "is empty"),
        (["decode"], "\n", "has 1 line without one"), (["decode", "--guess"], " \n\n\n", "has 3 lines without one"),
        (["decode", "--csv", "--column", "id"], "id,day\n", "has a header and no IDs"),
    ])
    func saysThatThereAreNoIDs(arguments: [String], input: String, reason: String) throws {
        let command = try Command.run(arguments, input: input)
        #expect(command.exitCode == 65 && command.output.isEmpty, "\(command)")
        #expect(command.errors == "firn: No IDs were read: standard input \(reason).\n")
    }

    @Test func writesTheHeaderAlsoAboveNothing() throws {
        let header = try Command.run("decode", "--format", "tsv")
        #expect(header.exitCode == 65 && header.output == "id\tunused\ttime\tworker\tsequence\tutc\tfits\n")
        let bad = try Command.run(["decode"], input: "x\n")
        #expect(bad.exitCode == 65 && bad.errors.filter(\.isNewline).count == 1, "the bad line says enough")
    }

    @Test(arguments: [
        ("1,a\n2,\"b\n3,c\n", "line 2: A quote opens here"),
        ("1,a\n\"2\n\",\"b\n", "line 2: A quote opens in line 3, in the same row,"),
    ])
    func saysWhichQuoteIsNotClosed(input: String, place: String) throws {
        let command = try Command.run(["decode", "--csv"], input: input)
        #expect(command.exitCode == 65)
        let first = command.errors.split(separator: "\n").first
        #expect(first == "firn: \(place) and is not closed before the input ends: the line is left out.")
    }

    @Test func namesInputThatIsNoText() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("firn-utf16-\(UUID())")
        defer { try? FileManager.default.removeItem(at: url) }
        try Data([0xFF, 0xFE, 0x31, 0, 0x0A, 0]).write(to: url)
        let command = try Command.run(["decode"], suffix: "< '\(url.path)'")
        #expect(command.exitCode == 65 && command.output.isEmpty)
        #expect(
            command.errors
                == "firn: Standard input is UTF-16, and not text in UTF-8. Convert it, as with iconv -f UTF-16 "
                + "-t UTF-8.\n"
        )
    }

    @Test func hintsAtColumnsOnce() throws {
        let command = try Command.run(["decode"], input: "1\n2,x\n3,y\n")
        #expect(command.exitCode == 65 && command.lines.count == 1)
        let errors = command.errors.split(separator: "\n")
        #expect(errors.count == 2 && errors[0].hasPrefix("firn: line 2: ") && errors[0].contains("give --csv"))
        #expect(errors[1].hasPrefix("firn: line 3: ") && !errors[1].contains("--csv"))
    }

    /// The texts are IDs in two forms, and one ID is of the future.
    @Test func jsonHasTheHintsOfEachID() throws {
        let base58 = try Command.run(
            ["decode", "--from-format", "base58", "--format", "json"],
            input: "11\n5Wj8yQ8QrH2\n"
        )
        #expect(base58.lines.first?.contains("hints") == false)
        #expect(base58.lines.last?.contains(#","hints":["The text \"5Wj8yQ8QrH2\" is an ID in base58 ("#) == true)
        let future = try Command.run("decode", "--format", "json", "1", "9223372036854775807")
        #expect(future.lines.first?.hasSuffix(#""fits":true}"#) == true)
        #expect(future.lines.last?.contains(#","hints":["Read as snowflake, 9223372036854775807 is of 2080-"#) == true)
        let warned = try Command.run(
            "decode",
            "--format",
            "json",
            "1",
            "--layout",
            "time:39h@2025-01-01T00:30:00Z,sequence:8,worker:16"
        )
        #expect(warned.output.contains(#","warnings":["The epoch "#))
    }

    /// Where decimal commas are usual, columns end at semicolons.
    @Test func readsColumnsThatEndAtAnotherCharacter() throws {
        let table = "sum;\"the;id\";day\n1,5;\"541815603606036480\";\"a\n;b\"\n;2;c\n"
        let command = try Command.run(
            ["decode", "--separator", ";", "--column", "the;id", "--format", "tsv"],
            input: table
        )
        #expect(command.exitCode == 0 && command.errors.isEmpty, "\(command)")
        #expect(
            command.lines.dropFirst().map { $0.prefix { $0 != "\t" } } == ["541815603606036480", "2"],
            "\(command)"
        )
        let first = try Command.run(
            ["decode", "--separator", ";", "--header", "--format", "tsv"],
            input: "id;x\n7;y\n"
        )
        #expect(first.lines.count == 2 && first.lines[1].hasPrefix("7\t"), "\(first)")
    }

    @Test func aWrongKindOfHistogramIsNamed() throws {
        let command = try Command.run(["decode", "--histogram", "day"], input: "1\n")
        #expect(command.exitCode == 64, "\(command)")
        #expect(
            command.errors.contains("There is no histogram 'day': give one of all, time, worker, sequence."),
            "\(command)"
        )
    }

    @Test func readsAColumnByName() throws {
        let table = "\u{FEFF}order,\"the id\",day\r\n7,\"541815603606036480\",\"a\n\"\"b\"\"\"\r\n8,,c\r\n9,1,d\r\n"
        let command = try Command.run(
            ["decode", "--csv", "--column", "the id", "--format", "tsv"],
            input: table
        )
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        #expect(
            command.output == """
                id\tunused\ttime\tworker\tsequence\tutc\tfits
                541815603606036480\t0\t129178906346\t826\t0\t2014-12-08T04:44:41.003Z\ttrue
                1\t0\t0\t0\t1\t2010-11-04T01:42:54.657Z\ttrue

                """
        )
    }

    @Test func readsAColumnByNumber() throws {
        let command = try Command.run(
            ["decode", "--column", "2", "--header", "--layout", "pinterest"],
            input: "day\tid\nMonday\t241294492511762325\n"
        )
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        #expect(command.output == "241294492511762325  shard 3429  type 1  local 7075733\n")
        let missing = try Command.run(["decode", "--column", "ids"], input: "day\tid\nMonday\t1\n")
        #expect(missing.exitCode == 65 && missing.output.isEmpty && missing.errors.contains(#""day", "id""#))
    }

    @Test func drawsAndWritesJSON() throws {
        let json = try Command.run(["decode", "--format", "json"], input: "1\n2\n")
        #expect(json.exitCode == 0 && json.lines.count == 2)
        #expect(json.lines.last?.hasPrefix(#"{"id":"2","layout":"snowflake""#) == true)
        let text = try Command.run(["decode", "--format", "text"], input: "1\n2\n")
        let arguments = try Command.run("decode", "1", "2")
        #expect(text.exitCode == 0 && text.output == arguments.output && text.output.contains("┌"))
    }

    @Test func goesOnBehindBadLines() throws {
        let command = try Command.run(["decode"], input: "1\nx\n\n18446744073709551616\n2\n")
        #expect(command.exitCode == 65 && command.lines.count == 2)
        let errors = command.errors.split(separator: "\n")
        #expect(errors.count == 2 && errors[0].hasPrefix("firn: line 2: The ID \"x\""))
        #expect(errors[1].hasPrefix("firn: line 4: The ID \"18446744073709551616\" is larger"))
    }

    @Test func countsBadLines() throws {
        let lines = (1...2000).map { $0 % 2 == 0 ? "\($0)" : "x\($0)" }.joined(separator: "\n")
        let command = try Command.run(["decode"], input: lines)
        #expect(command.exitCode == 65 && command.lines.count == 1000)
        let errors = command.errors.split(separator: "\n")
        #expect(errors.count == 21 && errors.last == "firn: 1,000 lines are no IDs; the first 20 are shown.")
    }

    @Test func decodesManyIDs() throws {
        let ids = (1...20_000).map { 541_815_603_606_036_480 + $0 << 20 }
        let input = ids.map { "\($0)\n" }.joined()
        let command = try Command.run(["decode", "--format", "tsv"], input: input)
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        let lines = command.lines
        #expect(lines.count == 20_001)
        #expect(zip(lines.dropFirst(), ids).allSatisfy { $0.hasPrefix("\($1)\t0\t") })
    }

    @Test func aClosedPipeEndsQuietly() throws {
        let ids = (1...20_000).map { "\($0)\n" }.joined()
        let command = try Command.run(["decode"], suffix: "| head -n 1", input: ids)
        #expect(command.exitCode == 0 && command.errors.isEmpty && command.lines.count == 1)
    }

    @Test func drawsHistograms() throws {
        // From 2014-12-08T04:44:41.003Z on, one per millisecond, of 37 workers.
        let ids = (0..<20_000).map { "\((129_178_906_346 + $0) << 22 | ($0 % 37) << 12 | $0 % 7)\n" }.joined() + "x\n"
        let all = try Command.run(["decode", "--histogram"], input: ids)
        #expect(all.exitCode == 65 && all.errors.hasPrefix("firn: line 20001: "))
        #expect(all.output.hasPrefix("20,000 IDs of the layout snowflake\n\ntime in UTC, 1 s per row\n"))
        #expect(all.output.contains("\n\nworker, the 20 busiest of 37\n") && all.output.contains("\n\nsequence\n"))
        #expect(all.lines.allSatisfy { $0.count <= 80 } && all.lines.contains { $0.count == 80 })
        let narrow = try Command.run(["decode", "--histogram", "worker"], input: ids, environment: ["COLUMNS": "50"])
        #expect(narrow.lines.contains { $0.count == 50 } && narrow.lines.allSatisfy { $0.count <= 50 })
        #expect(!narrow.output.contains("time in UTC") && !narrow.output.contains("sequence"))
        let given = try Command.run("decode", "--histogram", "sequence", "1", "2")
        #expect(given.exitCode == 0 && given.output.hasPrefix("2 IDs of the layout snowflake\n\nsequence\n"))
    }

    @Test(arguments: [
        ["1", "-"], ["--column", "1", "1"], ["--csv", "1"], ["--no-header", "1"], ["--column", "0"],
        ["--column", "id", "--no-header"], ["--column", "-1"], ["--column", "99999999999999999999"],
        ["--histogram", "--format", "json"], ["--histogram", "day"],
        ["--histogram", "--layout", "pinterest"], ["--format", "csv"], ["--separator", "a"], ["--separator", ";;"],
        ["--separator", ""], ["--separator", "\""], ["--separator", ";", "--csv"], ["--separator", ";", "1"],
    ])
    func refusesArguments(arguments: [String]) throws {
        let command = try Command.run(["decode"] + arguments, input: "1\n")
        #expect(command.exitCode == 64 && command.output.isEmpty && !command.errors.isEmpty, "\(command)")
    }

    @Test func refusesInputThatCannotBeRead() throws {
        let command = try Command.run(["decode"], suffix: "< /")
        #expect(command.exitCode == 74 && command.errors.hasPrefix("firn: Standard input could not be read"))
    }

    /// Answers come while the input goes on.
    @Test func answersAtOnce() throws {
        let process = Process()
        process.executableURL = Command.product("firn")
        process.arguments = ["decode"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        defer { process.waitUntilExit() }
        for id in 1...3 {
            try input.fileHandleForWriting.write(contentsOf: Data("\(id)\n".utf8))
            var answer = pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&answer, 1, 60_000) == 1 else {
                Issue.record("no answer to \(id)")
                break
            }
            let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            #expect(text.hasPrefix("\(id)  2010"))
        }
        try input.fileHandleForWriting.close()
    }

    @Test func aTerminalIsNotWaitedFor() throws {
        let terminal = try PseudoTerminal()
        // The end of the input (^D), if it is read all the same.
        try terminal.write("\u{4}")
        let asked = try terminal.run("decode", input: terminal.slave)
        #expect(asked.exitCode == 64 && asked.output.isEmpty && asked.errors.contains("Missing expected argument"))
    }

    @Test func aTerminalShowsProgress() throws {
        let terminal = try PseudoTerminal()
        let input = Pipe()
        let process = Process()
        process.executableURL = Command.product("firn")
        process.arguments = ["decode", "--histogram"]
        let output = Pipe()
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, terminal.slave)
        try process.run()
        terminal.closeSlave()
        let writer = input.fileHandleForWriting
        try writer.write(contentsOf: Data("1\n2\n".utf8))
        Thread.sleep(forTimeInterval: 1.5)
        try writer.write(contentsOf: Data("3\n".utf8))
        var shown = ""
        while !shown.contains("per second"), let text = terminal.read() { shown += text }
        try writer.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        while let text = terminal.read() { shown += text }
        #expect(shown.hasPrefix("\r\u{1B}[K") && shown.contains(" lines, ") && shown.hasSuffix("\r\u{1B}[K"))
        #expect(String(decoding: answer, as: UTF8.self).hasPrefix("3 IDs of the layout snowflake\n"))
    }
}

/// A terminal without a screen.
private final class PseudoTerminal {
    private let master: FileHandle
    let slave: FileHandle

    init() throws {
        // What grantpt, unlockpt and ptsname do (ioctl_tty(2)), which Swift's Glibc module does not have.
        let (unlock, getNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))
        var (locked, number) = (CInt(0), CInt(0))
        let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0, ioctl(descriptor, unlock, &locked) == 0, ioctl(descriptor, getNumber, &number) == 0
        else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        master = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard other >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        slave = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    }

    /// Some text; nil once no process has the terminal, and where nothing comes for a minute.
    func read() -> String? {
        var screen = pollfd(fd: master.fileDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&screen, 1, 60_000) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Foundation.read(master.fileDescriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    func write(_ text: String) throws { try master.write(contentsOf: Data(text.utf8)) }

    func closeSlave() { try? slave.close() }

    func run(_ arguments: String..., input: FileHandle) throws -> Command {
        let process = Process()
        process.executableURL = Command.product("firn")
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let errorText = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Command(
            exitCode: process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: errorText, as: UTF8.self)
        )
    }
}
