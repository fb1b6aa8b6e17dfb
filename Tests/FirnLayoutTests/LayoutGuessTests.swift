import FirnLayout
import FirnTestSupport
import Testing

@Suite struct LayoutGuessTests {
    /// When the vectors were minted, a minute later.
    private let now = try! UTCTime(parsing: "2026-11-30T11:38:20Z")

    /// Fresh IDs, each alone, are named right.
    @Test(arguments: KnownID.all.filter { $0.provenance.contains("2026-11-30T") })
    func aFreshIDIsNamedRight(_ known: KnownID) throws {
        let guess = LayoutGuess([known.id], now: now)
        let first = try #require(guess.candidates.first)
        #expect(first.known.name == known.layout)
        #expect(first.isPlausible)
        #expect(first.reason == "just now" || first.reason.hasSuffix("seconds ago"))
        #expect(first.decoded == known.layout(known.id))
        #expect(guess.candidates.count == KnownLayout.all.count, "each layout is there, and once")
        #expect(Set(guess.candidates.map(\.known)) == Set(KnownLayout.all))
    }

    /// How old the latest ID is tells more than how old the first is; and a sequence that always begins with another number
    /// is learned.
    @Test(arguments: [("shardingsphere", 10, 40 * 86_400, 5, 0), ("tso", 60, 60, 0, 1), ("tso", 10, 60, 0, 1)])
    func aLongListIsOfTheSystemWhoseLatestIDIsNew(name: String, count: Int, step: Int, worker: UInt64, sequence: UInt64)
        throws
    {
        let now = try UTCTime(parsing: "2026-11-30T12:00:00Z")
        let layout = try #require(Layout.preset(named: name))
        let ids = try (0..<count).reversed().map { age in
            let tick = try #require(
                layout.tick(
                    // Not at the same millisecond of each second, which would be one worker of several layouts.
                    atUnixNanoseconds: (now.unixSeconds - Int64(age * step) - 1) * 1_000_000_000
                        - Int64(age * 7919 % 997) * 1_000_000
                )
            )
            return try layout.makeID(time: tick, worker: worker, sequence: sequence)
        }
        let best = LayoutGuess(ids, now: now).candidates.prefix(3).map(\.known.name)
        #expect(best.first == name, "\(best)")
    }

    /// Where nothing is plausible, a layout that the bits fit comes before one that they cannot be of.
    @Test func aLayoutThatFitsComesBeforeOneThatCannotBe() throws {
        let now = try UTCTime(parsing: "2026-11-30T12:00:00Z")
        let others = LayoutGuess([FirnID(rawValue: UInt64(bitPattern: -8_000_000_000_000_000_000))], now: now)
            .candidates
            .filter { !$0.isPlausible }.map(\.decoded.fitsLayout)
        #expect(others.contains(true) && others.contains(false))
        #expect(others == others.sorted { $0 && !$1 })
    }

    /// Every known ID is plausible in its own layout, and what comes before it is plausible too.
    @Test(arguments: KnownID.all)
    func anIDIsPlausibleInItsOwnLayout(_ known: KnownID) throws {
        let guess = LayoutGuess([known.id], now: now)
        let own = try #require(guess.candidates.first { $0.known.name == known.layout })
        #expect(own.isPlausible, "\(own.reason)")
        let plausible = guess.candidates.prefix { $0.isPlausible }
        #expect(guess.candidates.dropFirst(plausible.count).allSatisfy { !$0.isPlausible })
        #expect(zip(plausible, plausible.dropFirst()).allSatisfy { $0.evidence >= $1.evidence })
    }

    /// IDs that services published years ago.
    @Test(
        arguments: [
            ("snowflake", 1_593_572_310_593_806_338), ("mastodon", 101_767_036_616_676_231),
            ("unix", 7_102_577_116_159_582_209), ("unix", 6_904_926_959_046_938_624),
            ("tso", 443_852_055_297_916_932), ("weibo", 3_379_782_484_330_149),
            ("tiktok", 6_854_717_870_488_702_213), ("atproto-tid", 1_728_652_679_052_295_174),
        ] as [(String, UInt64)]
    )
    func anOldIDIsNamedRight(layout: String, id: UInt64) throws {
        let guess = LayoutGuess([FirnID(rawValue: id)], now: now)
        #expect(guess.candidates.first?.known.name == layout)
    }

    /// Machine 51,966 with number 207 is machine 65,231 with number 202 in the other order, and nothing tells which: the
    /// more common one comes first.
    @Test func whatOneIDDoesNotTellIsLeftToWhatIsCommon() throws {
        let guess = LayoutGuess([FirnID(rawValue: 648_160_595_996_769_999)], now: now)
        #expect(guess.candidates.prefix(2).map(\.known.name) == ["sonyflake", "sonyflake-turbo"])
        #expect(guess.candidates[1].isPlausible)
        #expect(guess.candidates[0].evidence - guess.candidates[1].evidence < 4)
    }

    @Test func whatSpeaksAgainstALayoutIsSaid() throws {
        let reasons = { (id: UInt64, now: String) throws -> [String: String] in
            let guess = LayoutGuess([FirnID(rawValue: id)], now: try UTCTime(parsing: now))
            let implausible = guess.candidates.filter { !$0.isPlausible }
            return Dictionary(uniqueKeysWithValues: implausible.map { ($0.known.name, $0.reason) })
        }
        let tweet = try reasons(1_593_572_310_593_806_338, "2022-11-19T00:00:00Z")
        #expect(tweet["discord"] == "its time is in the future")
        #expect(tweet["snowflake"] == nil)
        #expect(tweet["mastodon"] == "its time is in the future")
        #expect(tweet["tiktok"] == "its time is before 2014-08-01, the first day of this layout")
        #expect(tweet["safe53"] == "its unused bits are set")
        let future = try reasons(1_593_572_310_593_806_338, "2022-11-18T00:00:00Z")
        #expect(future["snowflake"] == "its time is in the future")
        #expect(try reasons(1 << 63, "2026-11-30T00:00:00Z")["pinterest"] == "its unused bits are set")
    }

    /// Clocks differ: a time that is a minute ahead is not in the future.
    @Test func aClockMayBeAMinuteAhead() throws {
        let id = FirnID(rawValue: 1_593_572_310_593_806_338)
        let isPlausible = { (now: String) throws -> Bool in
            let guess = LayoutGuess([id], now: try UTCTime(parsing: now))
            return guess.candidates.contains { $0.known.name == "snowflake" && $0.isPlausible }
        }
        #expect(try isPlausible("2022-11-18T11:49:20Z"))
        #expect(try !isPlausible("2022-11-18T11:49:19Z"))
    }

    /// One ID of many is enough to rule a layout out.
    @Test func oneIDThatDoesNotFitRulesALayoutOut() throws {
        let tweet = FirnID(rawValue: 1_593_572_310_593_806_338)
        let future = try Layout.snowflake.makeID(time: Layout.snowflake.maximumTick, worker: 0, sequence: 0)
        let guess = LayoutGuess([tweet, future], now: now)
        let snowflake = try #require(guess.candidates.first { $0.known.name == "snowflake" })
        #expect(!snowflake.isPlausible)
        #expect(snowflake.reason == "its time is in the future")
        #expect(snowflake.decoded.id == tweet)
    }

    /// IDs whose order of machine and sequence one alone does not show: machine 1 with number 0 is machine 0, number 1.
    @Test func severalIDsNarrowIt() throws {
        let goes = try Layout(parsing: "sonyflake")
        let turbos = try Layout(parsing: "sonyflake-turbo")
        let ticks = (0..<10).map { goes.tick(atUnixNanoseconds: now.unixNanoseconds)! - 500 + $0 }
        for (layout, machine) in [(goes, 258 as UInt64), (turbos, 258), (goes, 65_280), (turbos, 65_280)] {
            let ids = try ticks.flatMap { tick in
                try (0..<3).map { try layout.makeID(time: tick, worker: machine, sequence: $0) }
            }
            let guess = LayoutGuess(ids, now: now)
            #expect(guess.candidates.first?.known.layout == layout)
            #expect(guess.candidates.first?.reason == "times rise, 1 worker, the latest 4 seconds ago")
        }
    }

    /// Numbers that are carried on from tick to tick do not outweigh the time.
    @Test(arguments: ["instagram-2013", "unix", "snowflake", "cosid", "tsid"])
    func numbersMayBeCarriedOn(name: String) throws {
        let layout = try Layout(parsing: name)
        let tick = try #require(layout.tick(atUnixNanoseconds: now.unixNanoseconds)) - 1000
        let ids = try (0..<10).map { try layout.makeID(time: tick + 20 * $0, worker: 682, sequence: $0) }
        #expect(LayoutGuess(ids, now: now).candidates.first?.known.name == name)
    }

    @Test func theOrderOfTimesIsSaid() throws {
        let ids = try [9, 5, 7].map { try Layout.discord.makeID(time: 300_000_000_000 + $0, worker: $0, sequence: 0) }
        let reason = { (ids: [FirnID]) in
            LayoutGuess(ids, now: now).candidates.first { $0.known.name == "discord" }?.reason
        }
        #expect(reason(ids) == "times do not rise, 3 workers, the latest 2 years ago")
        #expect(reason(ids.sorted()) == "times rise, 3 workers, the latest 2 years ago")
        #expect(reason([ids[0]]) == "2 years ago")
    }

    /// A system whose clock is ahead, or a machine whose clock is behind.
    @Test(
        arguments: [("snowflake", 3600, "60 minutes"), ("sonyflake", 7200, "2 hours"), ("discord", 90, "90 seconds")]
            as [(String, Int64, String)]
    )
    func aTimeAheadOfThisClockIsSaid(name: String, seconds: Int64, length: String) throws {
        let layout = try Layout(parsing: name)
        let tick = try #require(layout.tick(atUnixNanoseconds: now.unixNanoseconds + seconds * 1_000_000_000))
        let guess = LayoutGuess([try layout.makeID(time: tick, worker: 1, sequence: 0)], now: now)
        #expect(guess.candidates.first?.known.name != name)
        #expect(
            guess.remarks(ofIDs: 1) == [
                "In \(name) the ID's time is \(length) ahead of this clock; but for that, \(name) would come first. Either a clock is "
                    + "wrong, or the layout."
            ]
        )
        let ids = try [tick - 1, tick].map { try layout.makeID(time: $0, worker: 1, sequence: 0) }
        let several = try #require(LayoutGuess(ids, now: now).clockRemark(ofIDs: 2))
        #expect(several.hasPrefix("In \(name) the latest time is \(length) ahead of this clock; "))
    }

    @Test func nothingIsSaidOfClocksThatCannotBeSoWrong() throws {
        for known in KnownID.all {
            #expect(LayoutGuess([known.id], now: now).clockRemark(ofIDs: 1) == nil, "\(known.layout)")
        }
        let present = try #require(Layout.discord.tick(atUnixNanoseconds: now.unixNanoseconds))
        for (hours, isSaid) in [(47, true), (49, false)] as [(UInt64, Bool)] {
            let id = try Layout.discord.makeID(time: present + hours * 3_600_000, worker: 1, sequence: 0)
            #expect((LayoutGuess([id], now: now).clockRemark(ofIDs: 1) != nil) == isSaid, "\(hours) hours")
        }
    }

    /// Its numbers are carried on from ID to ID below 2,048: in a long list that outweighs the few workers of another layout.
    @Test(arguments: [0, 3, 215, 1000] as [UInt64], [true, false])
    func aYearOfCosidIsNamedRight(worker: UInt64, isSample: Bool) throws {
        let layout = try Layout(parsing: "cosid")
        let latest = try #require(layout.tick(atUnixNanoseconds: now.unixNanoseconds))
        var generator = SeededGenerator(seed: worker)
        let ids = try (1...100 as ClosedRange<UInt64>).map { number in
            let tick = latest - (101 - number) * 315_360_000 + .random(in: 0..<86_400_000, using: &generator)
            let sequence = isSample ? .random(in: 0..<2048, using: &generator) : number
            return try layout.makeID(time: tick, worker: worker, sequence: sequence)
        }
        let names = LayoutGuess(ids, now: now).candidates.prefix(2).map(\.known.name)
        #expect(names.first == "cosid", "\(names)")
    }

    /// No ID and no time of the present makes it fail, and it does not slow down with more IDs than it looks at.
    @Test func anyIDsAreTaken() {
        var generator = SeededGenerator(seed: 18)
        for _ in 0..<300 {
            let count = Int.random(in: 1...5, using: &generator)
            let ids = (0..<count).map { _ in
                FirnID(
                    rawValue: .random(in: 0 ... .max, using: &generator) >> UInt64.random(in: 0...63, using: &generator)
                )
            }
            let seconds = Int64.random(in: -5_000_000_000...250_000_000_000, using: &generator)
            let guess = LayoutGuess(ids, now: UTCTime(unixSeconds: seconds))
            #expect(guess.candidates.count == KnownLayout.all.count)
            #expect(guess.candidates.allSatisfy { !$0.evidence.isNaN && $0.evidence < .infinity })
        }
        let many = LayoutGuess(Array(repeating: FirnID(rawValue: 5), count: 100_000), now: now)
        #expect(many.candidates.count == KnownLayout.all.count)
    }
}

extension KnownID {
    fileprivate func layout(_ id: FirnID) -> DecodedID? {
        Layout.preset(named: layout)?.decode(id)
    }
}
