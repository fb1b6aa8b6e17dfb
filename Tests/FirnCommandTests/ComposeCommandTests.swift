import FirnLayout
import FirnTestSupport
import Testing

/// `firn compose`: what it takes for granted, and what it says of wrong fields.
@Suite(.timeLimit(Firnd.patience)) struct ComposeCommandTests {
    private static let parts = "time:41ms@2025-01-01T00:00:00Z,datacenter:5,worker:5,rest:2/random,sequence:10"
    private static let named = "time:41ms@2025-01-01T00:00:00Z,datacenter:5,node:5,sequence:12"

    private func compose(_ layout: String, _ arguments: String...) throws -> Command {
        try Command.run(["compose", "--time", "2025-01-01T00:00:00.001Z", "--layout", layout] + arguments)
    }

    @Test(arguments: [
        ("sequence:12", 0), ("sequence:12/first=5", 5), ("sequence:12/first=5/reserved=5-9", 10),
        ("sequence:12/reserved=0-4", 5), ("sequence:12/first=5/reserved=7-9", 5),
    ])
    func theSequenceIsTheFirstUnlessItIsGiven(field: String, expected: UInt64) throws {
        let layout = "time:41ms@2025-01-01T00:00:00Z,datacenter:5,\(field)"
        let plain = try compose(layout)
        #expect(plain.output == "\(1 << 17 | expected)\n", "\(plain)")
        let named = try compose(layout, "--field", "datacenter=0")
        #expect(named.output == plain.output, "\(named)")
        #expect(try compose(layout, "--sequence", "3").output == "\(1 << 17 | 3)\n")
        #expect(try compose(layout, "--field", "sequence=3").output == "\(1 << 17 | 3)\n")
    }

    @Test(arguments: [
        (
            parts, ["--worker", "4", "--field", "worker=3"],
            "give --worker with the whole number, or --field datacenter=N --field worker=N"
        ),
        (
            parts, ["--worker", "1024"],
            "The worker 1024 does not fit in the 10 bits of datacenter and worker: give --worker with the"
        ),
        (
            named, ["--field", "worker=3"],
            "has no field worker, but datacenter and node: give --field datacenter=N --field node=N,"
        ),
        (
            "snowflake", ["--worker", "4", "--field", "worker=3"],
            "as --worker and as --field worker: give one of them."
        ),
        (
            "snowflake", ["--sequence", "-1"],
            "The value '-1' is invalid for '--sequence <sequence>': it is negative, give 0 or more."
        ),
        (
            "snowflake", ["--worker", "18446744073709551616"],
            "it is larger than 64 bits hold, give 18446744073709551615 at most."
        ),
        ("snowflake", ["--worker", "0x10"], "give a number in decimal digits."),
        (
            "snowflake", ["--field", "worker=-1"],
            "--field 'worker=-1' has a wrong value: it is negative, give 0 or more."
        ),
        ("snowflake", ["--field", "=1"], "--field '=1' is no field"),
    ])
    func wrongFieldsAreRefused(layout: String, arguments: [String], reason: String) throws {
        let command = try Command.run(["compose", "--time", "2025-01-01", "--layout", layout] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(reason), "\(command)")
        #expect(command.errors.contains("Usage: firn compose [--time <time>]"), "\(command)")
        #expect(command.errors.contains("See 'firn compose --help' for more information."), "\(command)")
    }

    @Test func wrongFieldsAreSaidBeforeAMissingTime() throws {
        let wrong = try Command.run("compose", "--field", "x=-1")
        #expect(wrong.exitCode == 64 && wrong.errors.contains("'x=-1' has a wrong value"), "\(wrong)")
        let missing = try Command.run("compose")
        #expect(missing.exitCode == 64 && missing.errors.hasPrefix("Error: The time is missing: "), "\(missing)")
        #expect(missing.errors.contains("\nUsage: firn compose [--time <time>] "), "\(missing)")
        #expect(missing.errors.hasSuffix("\n  See 'firn compose --help' for more information.\n"), "\(missing)")
    }

    @Test func aTimeThatIsGivenAsAFieldIsToldItsOption() throws {
        let command = try Command.run("compose", "--field", "time=5")
        #expect(command.exitCode == 64, "\(command)")
        #expect(
            command.errors.hasPrefix("Error: The time is not given as --field: give it as in --time 2025-"),
            "\(command)"
        )
    }

    @Test func aPartThatIsCalledWorkerIsToldFromTheWhole() throws {
        let whole = try compose(Self.parts, "--worker", "33")
        #expect(whole.exitCode == 0)
        #expect(
            whole.errors
                == "firn: --worker 33 is the whole number, of datacenter and worker; for the part give --field "
                + "worker=N.\n"
        )
        #expect(try compose(Self.named, "--worker", "33").errors.isEmpty)
        #expect(try compose("snowflake@2025-01-01T00:00:00Z", "--worker", "33").errors.isEmpty)
    }

    @Test func anOffsetIsATime() throws {
        let command = try Command.run("compose", "--time", "-1h")
        #expect(command.exitCode == 0 && command.lines.count == 1, "\(command)")
    }
}
