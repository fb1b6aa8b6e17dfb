import FirnLayout
import FirnTestSupport
import Foundation
import Testing

/// `firn decode --guess`, and what `firn decode` says of times that cannot be.
@Suite(.timeLimit(Firnd.patience)) struct GuessCommandTests {
    /// A post of Twitter, 2022-11-18, which in Discord's layout is of 2027-01-15.
    private let post = "1593572310593806338"

    /// An ID of a layout that is made now.
    private func fresh(_ layout: Layout, worker: UInt64, secondsAgo: Int64 = 0) throws -> FirnID {
        let seconds = Int64(Date().timeIntervalSince1970) - secondsAgo
        let tick = try #require(layout.tick(atUnixNanoseconds: seconds * 1_000_000_000))
        return try layout.makeID(time: tick, worker: worker, sequence: 0)
    }

    @Test func guessesInATable() throws {
        let id = try fresh(#require(Layout.preset(named: "tsid")), worker: 215, secondsAgo: 7200)
        let command = try Command.run("decode", "--guess", "\(id)")
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        let lines = command.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(lines.first == ["layout", "time", "worker", "sequence", "why"])
        #expect(lines.count == KnownLayout.all.count + 1)
        #expect(lines[1].first == "tsid")
        #expect(Array(lines[1].dropFirst(2)) == ["215", "0", "2", "hours", "ago"])
        let mastodon = try #require(lines.first { $0.first == "mastodon" })
        #expect(mastodon.contains("no:") && mastodon.last == "future" && mastodon[2] == "-", "it has no worker")
    }

    @Test func guessesInJSON() throws {
        let command = try Command.run("decode", "--guess", "--format", "json", post)
        #expect(command.exitCode == 0)
        let expected =
            #"{"id":"1593572310593806338","layout":"snowflake","unused":0,"time":379937245987,"worker":378,"sequence":2,"#
            + #""utc":"2022-11-18T11:50:20.644Z","fits":true,"plausible":true,"reason":""#
        #expect(command.output.hasPrefix(expected))
        #expect(command.lines.count == KnownLayout.all.count)
    }

    /// Arguments that are not decimal are read in the format in which they can be IDs, unless it is given.
    @Test func guessesFromTheTextForm() throws {
        let post = try #require(UInt64(self.post))
        let id = FirnID(rawValue: post)
        let command = try Command.run("decode", "--guess", id.formatted(.base58))
        #expect(command.exitCode == 0, "\(command)")
        #expect(command.errors.hasPrefix("firn: The IDs are not decimal and were read as "), "\(command.errors)")
        #expect(command.errors.contains("base58"), "\(command.errors)")
        let given = try Command.run("decode", "--guess", "--from-format", "decimal", id.formatted(.base58))
        #expect(given.exitCode != 0 && given.output.isEmpty)
    }

    /// Three IDs of one machine tell the order of machine and sequence, which one does not.
    @Test func guessesFromSeveralAndFromStandardInput() throws {
        let layout = try #require(Layout.preset(named: "sonyflake-turbo"))
        let ids = try ([30, 20, 10] as [Int64]).map { "\(try fresh(layout, worker: 51_966, secondsAgo: $0))" }
        let commands = [
            try Command.run(["decode", "--guess"] + ids),
            try Command.run(["decode", "--guess"], input: ids.joined(separator: "\n")),
        ]
        for command in commands {
            #expect(command.exitCode == 0)
            let first = try #require(command.lines.dropFirst().first)
            #expect(first.hasPrefix("sonyflake-turbo ") && first.contains("times rise, 1 worker, the latest "))
        }
    }

    @Test(arguments: [["--histogram"], ["--format", "tsv"], ["--format", "line"]])
    func refusesWhatItHasNot(options: [String]) throws {
        let command = try Command.run(["decode", "--guess", post] + options)
        #expect(command.exitCode == 64)
        #expect(command.errors.contains("--guess"))
    }

    @Test func aTimeInTheFutureIsSaid() throws {
        let future = try fresh(.discord, worker: 1, secondsAgo: -7200)
        let command = try Command.run("decode", "--layout", "discord", "\(future)", "\(future.rawValue + 1)")
        #expect(command.exitCode == 0)
        #expect(command.errors.hasPrefix("firn: read as discord, \(future) is of "))
        #expect(command.errors.contains(", in the future, and 1 more is doubtful. Is it another system's? "))
        #expect(command.errors.contains("Try firn decode --guess \(future)."))
        #expect(command.errors.split(separator: "\n").count == 1, "once, and not for each")
    }

    @Test func aTimeBeforeTheSystemIsSaid() throws {
        let command = try Command.run("decode", "--layout", "tiktok", post, "--format", "json")
        #expect(command.exitCode == 0 && command.output.contains(#""utc":"1981-10-04T08:34:26.000Z""#))
        #expect(command.errors.contains("1981-10-04T08:34:26.000Z, before that layout was in use. "))
    }

    @Test func bitsThatCannotBeSetAreSaidOnce() throws {
        let ids = [UInt64.max, 1 << 63, (1 << 63) + 1].map { "\($0)\n" }.joined()
        let command = try Command.run(["decode"], input: ids + "1\n")
        #expect(command.exitCode == 0 && command.lines.count == 4)
        let expected =
            "firn: read as snowflake, 18446744073709551615 cannot be of it: its unused bits are set, and 2 more are doubtful. Is "
            + "it another system's? Try firn decode --guess 18446744073709551615.\n"
        #expect(command.errors == expected)
    }

    @Test func aTimeAheadOfThisClockIsSaid() throws {
        let ahead = try fresh(#require(Layout.preset(named: "sonyflake")), worker: 1, secondsAgo: -7290)
        for options in [[], ["--format", "json"]] as [[String]] {
            let command = try Command.run(["decode", "--guess", "\(ahead)"] + options)
            #expect(command.exitCode == 0 && !command.output.hasPrefix(#"{"id":"\(ahead)","layout":"sonyflake""#))
            #expect(
                command.errors
                    == "firn: In sonyflake the ID's time is 2 hours ahead of this clock; but for that, sonyflake would "
                    + "come first. Either a clock is wrong, or the layout.\n"
            )
        }
    }

    @Test func itIsSaidWhenNoLayoutIsPlausible() throws {
        let last = try Command.run("decode", "--guess", "18446744073709551615")
        #expect(last.exitCode == 65 && last.lines.count == KnownLayout.all.count + 1, "\(last)")
        #expect(last.errors.hasPrefix("firn: No known layout gives 18446744073709551615 a plausible time: in "))
        #expect(last.errors.contains(" unused or constant bits differ, in "))
        // Both bits on top are 0, so that it may be Pinterest's.
        let timeless = try Command.run(["decode", "--guess"], input: "4611686018427387903\n5\n4611686018427387902\n")
        #expect(timeless.exitCode == 0)
        #expect(timeless.errors.hasPrefix("firn: No known layout gives all 3 IDs plausible times: in "), "\(timeless)")
        #expect(timeless.errors.hasSuffix(" If they are of several systems, guess them one by one.\n"), "\(timeless)")
        #expect(timeless.errors.contains(" pinterest is possible, and has no time."), "\(timeless)")
    }

    @Test func guessIsNoLayout() throws {
        let command = try Command.run("decode", "--layout", "Guess", post)
        #expect(command.exitCode == 64 && command.errors.contains("firn decode --guess tells"), "\(command)")
    }

    @Test(arguments: ["snowflake", "time:41ms@2010-11-04T01:42:54.657Z,worker:9,sequence:13"])
    func nothingIsSaidOfATimeThatCanBe(layout: String) throws {
        let command = try Command.run("decode", "--layout", layout, post)
        #expect(command.exitCode == 0 && command.errors.isEmpty)
    }
}
