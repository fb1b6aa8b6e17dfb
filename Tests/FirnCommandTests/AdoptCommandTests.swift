import FirnLayout
import FirnTestSupport
import Foundation
import Testing

/// `firn store adopt --above-id` on the store of a real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct AdoptCommandTests {
    private static let layout = Layout.snowflake

    private func adopt(_ daemon: Firnd, _ arguments: [String], input: String? = nil) throws -> Command {
        try Command.run(["store", "adopt"] + arguments + ["--store", daemon.storeName], input: input)
    }

    /// An ID that another generator would make so far from now.
    private func id(_ distance: TimeInterval, worker: UInt64 = 3) throws -> UInt64 {
        let now = Date().addingTimeInterval(distance).timeIntervalSince1970
        let tick = try #require(Self.layout.tick(atUnixNanoseconds: Int64(now * 1e9)))
        return try Self.layout.makeID(time: tick, worker: worker, sequence: 7).rawValue
    }

    @Test func theFloorIsAboveTheHighestAndNeverLowered() throws {
        let daemon = try Firnd("--worker", "5")
        let (earlier, later) = (try id(-60), try id(-30))
        let adopted = try adopt(daemon, ["--above-id", "\(earlier)", "\(later)"])
        #expect(adopted.exitCode == 0 && adopted.errors.isEmpty, "\(adopted)")
        #expect(adopted.output.contains("every ID is above \(later)") && adopted.lines.count == 1)
        let lower = try adopt(daemon, ["--above-id", "\(earlier)"])
        #expect(lower.exitCode == 0 && lower.output.contains("stays at"), "\(lower)")
        let check = try Command.run("store", "check", "--store", daemon.storeName)
        let time = Self.layout.roundedTime(ofTick: later >> 22 + 1)
        #expect(check.exitCode == 0 && check.output.contains("adopted up to \(time)"), "\(check)")
        #expect(try daemon.firn("next").exitCode == 0, "a daemon that runs goes on")
    }

    /// What it is, and how the ID alone is had.
    @Test(arguments: [("NULL", "nothing is to be adopted from that table"), ("abc", "mysql -N -B -e")])
    func whatIsNoIDIsRefusedWithTheWayToHaveOne(_ text: String, _ words: String) throws {
        let daemon = try Firnd()
        let argument = try adopt(daemon, ["--above-id", text])
        #expect(argument.exitCode == 64 && argument.errors.contains("--above-id is"), "\(argument)")
        #expect(argument.errors.contains(words), "\(argument)")
        let empty = try adopt(daemon, ["--above-id", ""])
        #expect(empty.exitCode == 64 && empty.errors.contains("nothing is to be adopted"), "\(empty)")
        let line = try adopt(daemon, ["--above-id", "-"], input: "max\n\(text)\n")
        #expect(line.exitCode == 65 && line.errors.contains(words) && line.errors.contains("Line 2"), "\(line)")
    }

    @Test func iDsOfStandardInputMayBeDecorated() throws {
        let daemon = try Firnd()
        let highest = try id(-10)
        let text = "        max\n---------------------\n \(highest)\n(1 row)\n\n"
        let adopted = try adopt(daemon, ["--above-id", "-", "--layout", "snowflake"], input: text)
        #expect(adopted.exitCode == 0 && adopted.output.contains("\(highest)"), "\(adopted)")
        for (input, words) in [("", "no ID"), ("max\n1.5\n", "Line 2"), ("NULL\n", "Line 1")] {
            let command = try adopt(daemon, ["--above-id", "-"], input: input)
            #expect(command.exitCode == 65 && command.errors.contains(words), "\(command)")
        }
    }

    @Test func whatIsFarAheadIsRefusedAndSaysFromWhenIDsFlow() throws {
        let daemon = try Firnd()
        let far = try id(7200)
        let command = try adopt(daemon, ["--above-id", "\(far)", "--yes"])
        let time = Self.layout.roundedTime(ofTick: far >> 22 + 1)
        #expect(command.exitCode == 64 && command.errors.contains("only from \(time) on"), "\(command)")
        let past = try adopt(daemon, ["--above-id", "9223372036854775808", "--yes"])
        #expect(past.exitCode == 64 && past.errors.contains("another layout"), "\(past)")
        let foreign = try adopt(daemon, ["--above-id", "18446744073709551615", "--layout", "snowflake", "--yes"])
        #expect(foreign.exitCode == 64, "\(foreign)")
        // As decode reads it, and with the number that was given.
        let negative = try adopt(daemon, ["--above-id", "5", "-5", "--yes"])
        let words = "The ID 18446744073709551611 (-5 in a signed column) is above all IDs"
        #expect(negative.exitCode == 64 && negative.errors.contains(words), "\(negative)")
        for arguments in [["--layout", "snowflake"], ["--above-id"], ["--above-id", "x"]] {
            #expect(try adopt(daemon, arguments).exitCode == 64)
        }
        #expect(try !Command.run("store", "check", "--store", daemon.storeName).output.contains("adopted"))
    }

    /// Where the other system's clock was ahead, IDs flow once its time has come, and none below.
    @Test func whatIsALittleAheadIsWaitedFor() throws {
        let daemon = try Firnd()
        let held = try adopt(daemon, ["--above-id", "\(id(60))", "--yes"])
        #expect(held.exitCode == 75 && held.errors.contains("pid \(daemon.pid)"), "\(held)")
        daemon.end(with: SIGTERM)
        let unasked = try adopt(daemon, ["--above-id", "\(id(60))"])
        #expect(unasked.exitCode == 64 && unasked.errors.contains("no terminal to ask at: give --yes"), "\(unasked)")
        let piped = try adopt(daemon, ["--above-id", "-"], input: "\(id(60))\nyes\n")
        #expect(piped.exitCode == 65 && piped.errors.contains("Line 2"), "an answer is no ID: \(piped)")
        let pipe = try adopt(daemon, ["--above-id", "-"], input: "\(id(60))\n")
        #expect(pipe.exitCode == 64 && pipe.errors.contains("Standard input has the IDs"), "\(pipe)")
        let ahead = try id(10)
        let adopted = try adopt(daemon, ["--above-id", "\(ahead)", "--yes"])
        #expect(adopted.exitCode == 0 && adopted.output.contains("daemons give out nothing until"), "\(adopted)")
        try daemon.restart(after: SIGTERM)
        let deadline = ContinuousClock.now + .seconds(60)
        var next: UInt64?
        while next == nil, ContinuousClock.now < deadline { next = UInt64(try daemon.firn("next").output.dropLast()) }
        #expect(try #require(next) > ahead)
    }
}
