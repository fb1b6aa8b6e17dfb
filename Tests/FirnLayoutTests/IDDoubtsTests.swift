import FirnLayout
import Testing

/// IDs that are probably another system's.
struct IDDoubtsTests {
    /// 2025-01-01.
    private static let now = UTCTime(unixSeconds: 1_735_689_600)

    private func reason(_ id: FirnID, _ layout: Layout) throws -> String? {
        let doubts = IDDoubts(layout: layout, now: Self.now)
        let reason = doubts.reason(against: id)
        #expect(doubts.isDoubtful(id) == (reason != nil))
        return reason
    }

    private func id(_ seconds: Int64, _ layout: Layout) throws -> FirnID {
        let tick = try #require(layout.tick(atUnixNanoseconds: (1_735_689_600 + seconds) * 1_000_000_000))
        return try layout.makeID(time: tick, worker: 1, sequence: 2)
    }

    @Test(
        arguments: [(-10, nil), (0, nil), (60, nil), (61, "is of 2025-01-01T00:01:01.000Z, in the future")]
            as [(Int64, String?)]
    )
    func aTimeInTheFutureIsDoubtful(seconds: Int64, expected: String?) throws {
        #expect(try reason(id(seconds, .snowflake), .snowflake) == expected)
        let descending = try Layout(parsing: "time:41ms@2020-01-01T00:00:00Z/descending,worker:10,sequence:12")
        #expect(try reason(id(seconds, descending), descending) == expected)
    }

    @Test func aTimeBeforeTheSystemIsDoubtful() throws {
        let tiktok = try #require(Layout.preset(named: "tiktok"))
        let early = try #require(tiktok.tick(atUnixNanoseconds: 1_000_000_000_000_000_000))
        let reason = try reason(tiktok.makeID(time: early, worker: 0, sequence: 0), tiktok)
        #expect(reason == "is of 2001-09-09T01:46:40.000Z, before that layout was in use")
    }

    @Test func bitsThatAreFixedAreLookedAtFirst() throws {
        #expect(try reason(FirnID(rawValue: .max), .snowflake) == "cannot be of it: its unused bits are set")
        let layout = try Layout(parsing: "version:2=2,time:41ms@2024-01-01T00:00:00Z,worker:8,spare:3=0,sequence:10")
        #expect(try reason(id(-1, layout), layout) == nil)
        #expect(
            try reason(FirnID(rawValue: id(-1, layout).rawValue ^ 1 << 63), layout)
                == "cannot be of it: its version is 0, not 2"
        )
        #expect(try reason(FirnID(rawValue: 1 << 62), .pinterest) == "cannot be of it: its unused bits are set")
        #expect(try reason(FirnID(rawValue: (1 << 62) - 1), .pinterest) == nil, "it has no time")
    }

    @Test func theHintSaysWhatToDo() {
        let doubts = IDDoubts(layout: .snowflake, now: Self.now)
        #expect(doubts.hint(on: FirnID(rawValue: 1)) == nil)
        let expected =
            "Read as snowflake, 9223372036854775808 cannot be of it: its unused bits are set. Is it another system's? A guess tells "
            + "whose: firn decode --guess, or layout=guess over HTTP."
        #expect(doubts.hint(on: FirnID(rawValue: 1 << 63)) == expected)
    }

    @Test func aGuessSaysWhyItFails() throws {
        let max = FirnID(rawValue: .max)
        let one = try #require(LayoutGuess([max], now: Self.now).failure(ofIDs: 1))
        #expect(one.hasPrefix("No known layout gives 18446744073709551615 a plausible time: in "))
        let numbers = one.split { !$0.isNumber }.dropFirst().compactMap { Int($0) }
        #expect(numbers.reduce(0, +) == KnownLayout.all.count, "\(one)")
        let several = try #require(LayoutGuess([max, max], now: Self.now).failure(ofIDs: 2))
        #expect(several.hasPrefix("No known layout gives all 2 IDs plausible times: in "))
        #expect(several.hasSuffix(". If they are of several systems, guess them one by one."))
        #expect(try LayoutGuess([id(-5, .snowflake)], now: Self.now).failure(ofIDs: 1) == nil)
    }

    @Test func remarksAreTheLastMembersWhereThereAreSome() {
        let object = JSON.object([("id", .string("1"))])
        #expect(object.adding(hints: []).text == #"{"id":"1"}"#)
        #expect(object.adding(hints: ["a", "b"]).text == #"{"id":"1","hints":["a","b"]}"#)
        #expect(object.adding(hints: ["a"], warnings: ["b"]).text == #"{"id":"1","hints":["a"],"warnings":["b"]}"#)
        #expect(JSON.null.adding(hints: ["a"]).text == "null")
    }
}
