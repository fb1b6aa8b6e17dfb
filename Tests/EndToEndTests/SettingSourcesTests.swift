import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

@testable import FirnConfiguration
@testable import firnd

/// What is written in a file, in the environment or on the command line is what runs, or it is refused in words.
@Suite struct SettingSourcesTests {
    private func row(_ name: String, of output: String) -> String? {
        output.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }
            .map { $0.dropFirst(name.count + 2).trimmingCharacters(in: .whitespaces) }
    }

    /// As an editor on Windows leaves it. It gave SQLite's default store, and the check was content.
    @Test(arguments: ["\r\n", "\n", "\r"])
    func aFileWithAnyLineEndsIsReadWhole(_ end: String) throws {
        try withScratch { scratch in
            let lines = [
                "# production", "listen = unix:\(scratch.file("f.sock"))", "store = memory", "layout = sonyflake",
            ]
            let file = try scratch.write("firn.conf", lines.map { $0 + end }.joined())
            let (ending, error, output) = try runToEnd(in: scratch, ["--check", "--config", file])
            #expect(ending == .exited(0), "\(error)")
            #expect(row("listen", of: output) == "unix:\(scratch.file("f.sock"))")
            #expect(row("store", of: output) == "memory")
            #expect(row("layout", of: output) == "time:39x10ms@2014-09-01T00:00:00Z,sequence:8,worker:16")

            let daemon = try Daemon(in: scratch, name: "f", arguments: ["--config", file])
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                #expect(try Peer.unix(scratch.file("f.sock")).describe().layout == .sonyflake)
            }
        }
    }

    @Test(arguments: [
        ("memory\r", "memory\\r"), ("memory\n", "memory\\n"), ("mem\u{B}ory", "mem\\u{B}ory"), ("a\tb", "a\\tb"),
        ("memory\u{85}", "memory\\u{85}"),
    ])
    func aControlCharacterIsRefusedWhereverItComesFrom(_ value: String, _ escaped: String) throws {
        try withScratch { scratch in
            let listen = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            for arguments in [["--check"], []] {
                let flag = try runToEnd(in: scratch, arguments + listen + ["--store=\(value)"])
                #expect(flag.ending == .exited(78) && flag.error.contains("'--store=\(escaped)'"), "\(flag.error)")
                let variable = try runToEnd(in: scratch, arguments + listen, environment: ["FIRN_STORE": value])
                #expect(variable.ending == .exited(78) && variable.error.contains("FIRN_STORE: '\(escaped)'"))
            }
        }
    }

    /// One rule for all values of a file and of the environment, whichever part refuses them: the place, and exit code 78.
    @Test(arguments: [
        ("window", "3", "it has no unit; write 3s"), ("max-batch", "many", "'many' is invalid"),
        ("max-batch", "0", "--max-batch is 0"), ("rest-after", "soon", "soon"), ("layout", "snow", "snow"),
        ("worker", "5000", "5000"), ("listen", "tcp:0.0.0.0:23999", "can be reached from other hosts"),
    ]) func aWrongValueIsToldWithItsPlace(_ name: String, _ value: String, _ words: String) throws {
        try withScratch { scratch in
            let file = try scratch.write("firn.conf", "# ours\nstore = memory\n\(name) = \(value)\n")
            let arguments = name == "listen" ? [] : ["--listen", "unix:\(scratch.file("firn.sock"))"]
            for start in [["--check"], []] {
                let run = try runToEnd(in: scratch, start + arguments + ["--config", file])
                #expect(run.ending == .exited(78) && run.error.contains("firnd: \(file), line 3: "), "\(run.error)")
                #expect(run.error.contains(words) && !run.error.contains("Usage:"), "\(run.error)")
            }
            let variable = "FIRN_" + name.uppercased().replacing("-", with: "_")
            let checked = ["--check", "--store", "memory"] + arguments
            let run = try runToEnd(in: scratch, checked, environment: [variable: value])
            #expect(run.ending == .exited(78) && run.error.contains("firnd: \(variable): "), "\(run.error)")
            guard name != "listen" else { return }
            // On the command line it is as before.
            let flag = try runToEnd(
                in: scratch,
                checked + ["--\(name)", value, "--config", try scratch.write("b", "")]
            )
            #expect(!flag.error.contains(", line ") && flag.error.contains(words), "\(flag.error)")
        }
    }

    @Test func falseInTheEnvironmentWinsOverTrueInTheFile() throws {
        try withScratch { scratch in
            let file = try scratch.write("firn.conf", "sequences-explicit = true\nstore = memory\n")
            func makes(_ environment: [String: String], _ name: String) throws -> Bool {
                let daemon = try Daemon(
                    in: scratch,
                    name: name,
                    arguments: ["--config", file, "--listen", "unix:\(scratch.file(name + ".sock"))"],
                    environment: environment
                )
                return try withExtendedLifetime(daemon) {
                    try daemon.waitUntilServing()
                    let command = try Command.run("ticket", "orders", "--address", "unix:\(daemon.socketPath)")
                    return command.exitCode == 0
                }
            }
            #expect(try !makes([:], "file"))
            #expect(try makes(["FIRN_SEQUENCES_EXPLICIT": "false"], "false"))
            #expect(try makes(["FIRN_SEQUENCES_EXPLICIT": "off"], "off"))
            // An empty variable says nothing.
            #expect(try !makes(["FIRN_SEQUENCES_EXPLICIT": ""], "empty"))
            #expect(try !makes(["FIRN_SEQUENCES_EXPLICIT": " "], "blank"))
        }
    }

    @Test func aMisspeltVariableIsWarnedOfAtTheCheckAndAtTheStart() throws {
        let environment = [
            "FIRN_LAYOT": "sonyflake", "FIRN_STROE": "etcd:127.0.0.1:2379", "FIRN_CLOCK_OFFSET": "+1h",
            "FIRN_PORT": "tcp://10.0.0.1:7300", "FIRN_SERVICE_HOST": "10.0.0.1", "FIRN_PORT_7300_TCP_ADDR": "10.0.0.1",
            "FIRN_HTTP_PORT": "tcp://10.0.0.1:3000", "FIRN_ADDRESS": "unix:/x",
        ]
        try withScratch { scratch in
            let arguments = ["--store", "memory", "--listen", "unix:\(scratch.file("firn.sock"))"]
            let check = try runToEnd(in: scratch, ["--check"] + arguments, environment: environment)
            #expect(check.ending == .exited(0))
            let warnings = check.output.split(separator: "\n").filter { $0.hasPrefix("Warning: ") }
            #expect(warnings.count == 3, "\(warnings)")
            #expect(warnings.contains { $0.contains("FIRN_LAYOT ") && $0.hasSuffix("is FIRN_LAYOUT meant?") })
            #expect(warnings.contains { $0.contains("FIRN_STROE ") && $0.hasSuffix("is FIRN_STORE meant?") })
            #expect(warnings.contains { $0.contains("FIRN_CLOCK_OFFSET ") && $0.contains("command line alone") })

            let daemon = try Daemon(in: scratch, arguments: arguments, environment: environment)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                #expect(daemon.lines(with: " warning ").count == 3, "\(daemon.log)")
                #expect(daemon.lines(with: "is FIRN_LAYOUT meant?").count == 1)
            }
        }
    }

    /// Reflection has to find what the parser finds: its names, which are repeatable, and which are flags.
    @Test func settingsAreTheOptionsThatTheParserHas() throws {
        struct Dump: Decodable {
            struct Command: Decodable { var arguments: [Argument] }
            struct Argument: Decodable {
                struct Name: Decodable { var name: String }
                var kind: String
                var isRepeating: Bool
                var preferredName: Name
            }
            var command: Command
        }
        let (ending, error, output) = try withScratch { try runToEnd(in: $0, ["--experimental-dump-help"]) }
        #expect(ending == .exited(0), "\(error)")
        let dump = try JSONDecoder().decode(Dump.self, from: Data(output.utf8))
        var expected: [String: Settings.Kind] = [:]
        for argument in dump.command.arguments {
            expected[argument.preferredName.name] =
                argument.kind == "flag" ? .flag : argument.isRepeating ? .list : .value
        }
        for name in Settings.commandLineOnly + ["help", "version"] {
            #expect(expected.removeValue(forKey: name) != nil, "\(name) is no option")
        }
        #expect(expected.count > 40 && Settings.kinds == expected)
    }

    @Test func noSettingHasAServicesName() {
        for name in Settings.kinds.keys {
            #expect(!Environment.isOfService(LayeredArguments.variable(name), "tcp://10.0.0.1:1"), "\(name)")
        }
    }

    @Test func theCommandWarnsOfItsOwnVariablesToo() throws {
        let environment = ["FIRN_STROE": "memory", "FIRN_LAYOUT": "sonyflake", "FIRN_SERVICE_HOST": "10.0.0.1"]
        let command = try Command.run(["decode", "1"], environment: environment)
        #expect(command.exitCode == 0 && command.errors.split(separator: "\n").count == 1)
        #expect(command.errors.contains("FIRN_STROE") && command.errors.contains("is FIRN_STORE meant?"))
        // No setting of the daemon's is near enough to one of the command's.
        let all = Dictionary(
            uniqueKeysWithValues: Settings.kinds.keys.map { (LayeredArguments.variable($0), "x") }
        )
        #expect(try Command.run(["decode", "1"], environment: all).errors.isEmpty)

        let control = try Command.run(["health"], environment: ["FIRN_ADDRESS": "unix:/a\r"])
        #expect(control.exitCode == 64 && control.errors.contains("FIRN_ADDRESS: 'unix:/a\\r'"), "\(control)")
        let word = try Command.run("health", "--address", "unix:/a\n")
        #expect(word.exitCode == 64 && word.errors.contains("'unix:/a\\n'"), "\(word)")
    }
}
