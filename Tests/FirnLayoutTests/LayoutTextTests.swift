import FirnLayout
import Testing

@Suite struct LayoutTextTests {
    /// A text and the name of the layout that it makes.
    static let readings: [(text: String, name: String)] = [
        ("snowflake", "snowflake"),
        ("pinterest", "pinterest"),
        ("time:41ms@2025-01-01T00:00:00Z,worker:9,sequence:12", "time:41ms@2025-01-01T00:00:00Z,worker:9,sequence:12"),
        ("unused:1,time:41ms,worker:10,sequence:12", "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12"),
        ("time:41x1000us@1735689600000,worker:10,sequence:12", "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12"),
        ("time:41ms@2025-01-01T01:30:00+01:30,worker:1", "time:41ms@2025-01-01T00:00:00Z,worker:1"),
        ("time:63ns@0", "time:63ns@1970-01-01T00:00:00Z"),
        ("time:64us@100000000001", "time:64us@1973-03-03T09:46:40.001Z"),
        ("time:32s@0,worker:0,sequence:32", "time:32s@1970-01-01T00:00:00Z,sequence:32"),
        ("time:32s@0,sequence:32,worker:0", "time:32s@1970-01-01T00:00:00Z,sequence:32"),
        ("time:30x60s@0,sequence:4,worker:30", "time:30x60s@1970-01-01T00:00:00Z,sequence:4,worker:30"),
        ("time:40x2500us@253402300799999", "time:40x2500us@9999-12-31T23:59:59.999Z"),
        ("time:1x86400s@0", "time:1x86400s@1970-01-01T00:00:00Z"),
        ("time:41ms@2010-11-04T01:42:54.657Z,worker:10,sequence:12", "snowflake"),
        ("unused:1,time:39x10ms@2014-09-01T00:00:00Z,sequence:8,worker:16", "sonyflake"),
        ("time:39x10ms,sequence:8,worker:16", "sonyflake-v2"),
        ("unused:11,time:41ms,worker:3,sequence:9", "safe53"),
    ]

    @Test(arguments: readings)
    func textsMakeTheirLayout(text: String, name: String) throws {
        let layout = try Layout(parsing: text)
        #expect(layout.name == name)
        #expect(try Layout(parsing: layout.name) == layout)
    }

    @Test(arguments: Layout.presets)
    func aPresetSpelledOutIsThePreset(_ preset: Layout) throws {
        #expect(try Layout(parsing: preset.specification) == preset)
    }

    @Test func theNumbersAreThoseOfTheText() throws {
        let layout = try Layout(parsing: "time:39x10ms@2014-09-01T00:00:00Z,sequence:10,worker:14")
        #expect(layout.timeBits == 39 && layout.sequenceBits == 10 && layout.workerBits == 14)
        #expect(layout.isSequenceAboveWorker)
        #expect(layout.tickNanoseconds == 10_000_000)
        #expect(layout.epochUnixMilliseconds == 1_409_529_600_000)
        #expect(layout.runStride == 1 << 14)
        #expect(layout.fields.map(\.kind) == [.unused, .time, .sequence, .worker])
        #expect(layout.fields.map(\.shift) == [63, 24, 14, 0])
    }

    /// A text and what the message has to say.
    static let refusals: [(text: String, reason: String)] = [
        ("", #"There is no layout "": give one of snowflake, discord"#),
        ("snowfake", #"There is no layout "snowfake": snowflake is the nearest. Give one of snowflake,"#),
        ("Snowflake", ": snowflake is the nearest. "), ("twitter", ": snowflake is the nearest. "),
        ("BlueSky", ": atproto-tid is the nearest. "), ("instagramm", ": instagram is the nearest. "),
        ("sno", #""sno": give one of "#), ("billing", #""billing": give one of "#),
        ("timestamp:41ms,worker:10", #""timestamp:41ms" has a unit of time: call that field time, as in time:41ms@"#),
        ("ts:41ms@2025-01-01T00:00:00Z", "call that field time"), ("ts:32s", "call that field time"),
        ("ts:32x10ms", "call that field time"),
        ("time:41ms,ts:10ms", "after its bits: leave that out"),
        ("bits:5bits,time:9s", "after its bits: leave that out"),
        ("time:41ms,worker:12,sequence:12", "add up to 65 bits (time 41 + worker 12 + sequence 12) and an ID has 64"),
        ("time:41ms,worker:12,sequence:12", "make them 1 narrower"),
        ("unused:2,time:41ms,worker:10,sequence:12", "65 bits (unused 2 + time 41 + worker 10 + sequence 12)"),
        ("time:64ms,worker:64,sequence:64", "add up to 192 bits (time 64 + worker 64 + sequence 64)"),
        ("time:0ms,worker:10", "has no time: give it a time field of 1 bit or more"),
        ("worker:10,sequence:12", "has no time: give it a time field"),
        ("time:41ms,worker:1,worker:2", #""worker:2" is the second worker field: give each once"#),
        ("time:41ms,time:1ms", "is the second time field"),
        ("time:41ms,unused:1", #""unused:1" is not the first"#),
        ("unused:64", "has no time"),
        ("time:41", #"has "" where the tick's length and the epoch should be"#),
        ("time:41m", #"has "m" where"#),
        ("time:41xms", #"has "xms" where"#),
        ("time:41msx", #"has "msx" where"#),
        ("time:ms", "has no number of bits"),
        ("time:-1ms", "has no number of bits"),
        ("time:41x2d", "should be: after the bits give ns, us, ms, s"),
        ("time:41x86401s", "a tick of 86401s, which is not between 1ns and a day, 24h"),
        ("time:41x99999999999999999s", "is not between 1ns and a day"),
        ("time:41ms@", "has no epoch that can be read"),
        ("time:41ms@yesterday", "is not in RFC 3339's form"),
        ("time:41ms@2025-13-01T00:00:00Z", "has month 13"),
        ("time:41ms@1969-12-31T23:59:59Z", "has the epoch 1969-12-31T23:59:59.000Z: give one from 1970 on"),
        ("time:41ms@2025-01-01T00:00:00.0001Z", "in whole milliseconds"),
        ("time:41ms@253402300800000", "is past the year 9999"),
        ("time:41ms@99999999999999999999999", "is past the year 9999"),
        ("time:41ms@-5", "has no epoch that can be read"),
        ("time:41ms,worker:10x", #"has "x" after its bits"#),
        ("time:41ms,worker", #"field "worker" is none of unused:<bits>"#),
        ("time:41ms, worker:1", #"field " worker:1" is none of"#),
        ("time:41ms,9:10", "is none of unused:<bits>, time:<bits><unit>@<epoch>, worker:<bits>, sequence:<bits>"),
        ("Time:41ms", "is none of"),
    ]

    @Test(arguments: refusals)
    func otherTextsAreRefusedWithTheReason(text: String, reason: String) throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.code == .invalidLayout)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test(arguments: [-1, 65, Int.max, Int.min])
    func numbersOutOfRangeAreRefused(width: Int) {
        for (time, worker, sequence) in [(width, 1, 1), (1, width, 1), (1, 1, width)] {
            #expect(throws: LayoutError.self) {
                try Layout(
                    timeBits: time,
                    workerBits: worker,
                    sequenceBits: sequence,
                    tickNanoseconds: 1,
                    epochUnixMilliseconds: 0
                )
            }
        }
        #expect(throws: LayoutError.self) {
            try Layout(timeBits: 1, workerBits: 0, sequenceBits: 0, tickNanoseconds: 0, epochUnixMilliseconds: 0)
        }
    }

    @Test func codesHaveNames() throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: "x") }
        #expect("\(error.code)" == "invalidLayout")
        #expect("\(error)" == error.message)
    }
}
