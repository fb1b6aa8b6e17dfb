import FirnLayout
import Testing

/// Several fields, constant and random bits, options, and presets with another epoch.
@Suite struct LayoutGrammarTests {
    /// A text and the name of the layout that it makes.
    static let readings: [(text: String, name: String)] = [
        (
            "time:41ms@1970-01-01T00:00:00Z,datacenter:5,worker:5,sequence:12",
            "time:41ms@1970-01-01T00:00:00Z,datacenter:5,worker:5,sequence:12"
        ),
        ("unused:1,a:0,time:41ms@0,b_2-:3,c:0=0,d:0/random", "time:41ms@1970-01-01T00:00:00Z,b_2-:3"),
        ("sequence:5,node:3,time:30min@0", "sequence:5,node:3,time:30x60s@1970-01-01T00:00:00Z"),
        ("time:30h@0", "time:30x3600s@1970-01-01T00:00:00Z"),
        ("time:30x24h@0", "time:30x86400s@1970-01-01T00:00:00Z"),
        (
            "flag:1=1,time:41ms@0,type:4=007,rest:10/random",
            "flag:1=1,time:41ms@1970-01-01T00:00:00Z,type:4=7,rest:10/random"
        ),
        ("time:41ms@0/descending", "time:41ms@1970-01-01T00:00:00Z/descending"),
        ("time:41ms/descending", "time:41ms@2025-01-01T00:00:00Z/descending"),
        ("time:41ms@0,sequence:12/first=0", "time:41ms@1970-01-01T00:00:00Z,sequence:12"),
        (
            "time:41ms@0,sequence:6/reserved=1-6/first=5",
            "time:41ms@1970-01-01T00:00:00Z,sequence:6/first=5/reserved=5-6"
        ),
        (
            "time:41ms@0,sequence:6/reserved=9-12/reserved=3/reserved=7-8/reserved=1-2",
            "time:41ms@1970-01-01T00:00:00Z,sequence:6/reserved=1-3/reserved=7-12"
        ),
        // With another epoch.
        ("snowflake@2020-01-01T00:00:00Z", "time:41ms@2020-01-01T00:00:00Z,worker:10,sequence:12"),
        ("snowflake@1288834974657", "snowflake"),
        ("discord@1288834974657/floored", "time:42ms@2010-11-04T01:42:54.657Z,worker:10,sequence:12"),
        ("safe53@0", "time:41ms@1970-01-01T00:00:00Z,worker:3,sequence:9"),
        // Rounded down to the tick since 1970.
        ("sonyflake@2025-01-01T00:00:00.009Z", "sonyflake-v2"),
        ("sonyflake-v2@2025-01-01T00:30:00.017Z", "time:39x10ms@2025-01-01T00:30:00.010Z,sequence:8,worker:16"),
        ("time:39x10ms@2014-09-01T00:00:00.007Z/floored,sequence:8,worker:16", "sonyflake"),
        (
            "time:39h@2025-01-01T00:30:00Z/floored/descending,sequence:8",
            "time:39x3600s@2025-01-01T00:00:00Z/descending,sequence:8"
        ),
        ("time:39ms@2025-01-01T00:30:00.007Z/floored", "time:39ms@2025-01-01T00:30:00.007Z"),
        ("time:39x250us@2025-01-01T00:30:00.007Z/floored", "time:39x250us@2025-01-01T00:30:00.007Z"),
        ("time:39x24h@253402300799999/floored", "time:39x86400s@9999-12-31T00:00:00Z"),
    ]

    @Test(arguments: readings)
    func textsMakeTheirLayout(text: String, name: String) throws {
        let layout = try Layout(parsing: text)
        #expect(layout.name == name)
        #expect(try Layout(parsing: layout.name) == layout)
        #expect(try Layout(parsing: layout.specification) == layout)
    }

    /// What the builds before named fields wrote into their stores, with the text that they were given.
    @Test(arguments: [
        ("snowflake", "snowflake"), ("discord", "discord"), ("instagram", "instagram"), ("sonyflake", "sonyflake"),
        ("sonyflake-v2", "sonyflake-v2"), ("safe53", "safe53"),
        ("time:41ms,worker:10,sequence:12", "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12"),
        ("time:41ms@0,worker:10,sequence:12", "time:41ms@1970-01-01T00:00:00Z,worker:10,sequence:12"),
        (
            "unused:1,time:39x10ms@1388534400001,sequence:8,worker:16",
            "time:39x10ms@2014-01-01T00:00:00.001Z,sequence:8,worker:16"
        ),
        ("time:30x3600s@0,sequence:34", "time:30x3600s@1970-01-01T00:00:00Z,sequence:34"),
        (
            "time:48x2500us@1970-01-01T00:00:00.001Z,worker:16",
            "time:48x2500us@1970-01-01T00:00:00.001Z,worker:16"
        ),
    ])
    func storesKeepTheirText(given: String, stored: String) throws {
        #expect(try Layout(parsing: given).sharedText == stored)
        #expect(try Layout(parsing: stored).sharedText == stored)
    }

    /// A text, what the message has to say, and the number of the character that it has to name.
    static let refusals: [(text: String, reason: String, character: Int)] = [
        ("time:41ms,a:1,b:2,a:3", #"field "a:3" is the second a field: give each once"#, 19),
        ("time:41ms,worker:10,sequence:14", "add up to 65 bits (time 41 + worker 10 + sequence 14)", 21),
        ("a:30,b:30,c:30,time:2ms", "add up to 92 bits", 11),
        ("time:41ms,Ab:1", "is none of", 11),
        ("time:41ms,aB:1", "is none of", 12),
        ("time:41ms,é:1", "is none of", 11),
        ("time:41ms,1a:1", "with a name of up to 32 of a–z, 0–9, - and _ that begins with a letter", 11),
        ("time:41ms," + String(repeating: "a", count: 33) + ":1", "is none of", 43),
        ("time:41ms,:1", "is none of", 11),
        ("time:41ms,utc:1", "a name that the output uses", 11),
        ("time:41ms,a:", "has no number of bits", 13),
        ("time:41ms,a:1x", #"has "x" after its bits"#, 14),
        ("time:41ms,a:2=4", #"has "4" as the constant, which does not fit in 2 bits: give 0 to 3"#, 15),
        ("time:41ms,a:0=1", "does not fit in 0 bits: give 0", 15),
        ("time:41ms,a:2=", #"has "" as the constant: give a decimal number"#, 15),
        ("time:41ms,a:2=0x1", #"has "0x1" as the constant"#, 15),
        ("time:41ms,a:20=99999999999999999999", "does not fit in 20 bits", 16),
        ("time:41ms,a:2=1/random", #"has "/random" after its bits"#, 16),
        ("time:41ms,a:2/rnd", #"has the option "rnd": the only one is /random"#, 15),
        ("time:41ms,a:2/random/random", #"has the option "random""#, 22),
        ("time:41ms,worker:2=1", #"has "=1" after its bits"#, 19),
        ("time:41ms,worker:2/random", #"has "/random" after its bits"#, 19),
        ("unused:2/random,time:41ms", "after its bits", 9),
        ("time:41ms,unused:1", "a constant as in spare:1=0", 11),
        ("time:41ms/random", #"has the option "random": a time may have /descending and /floored"#, 11),
        ("time:41ms@0/descending/descending", #"has the option "descending""#, 24),
        ("time:41ms@0/", #"has the option """#, 13),
        (
            "time:41x7us@2025-01-01T00:00:00Z/floored",
            "no whole millisecond when it is rounded down to the tick of 7us since 1970", 8
        ),
        ("time:41ms,sequence:4/first=16", "as the first number, which does not fit in 4 bits: give 0 to 15", 28),
        ("time:41ms,sequence:4/first=1/first=1", #"has the option "first=1""#, 30),
        ("time:41ms,sequence:4/first", #"has the option "first""#, 22),
        ("time:41ms,sequence:4/last=3", "a sequence may have /first=<number> once", 22),
        ("time:41ms,sequence:4/reserved=1-16", #"has "16" as the reserved number, which does not fit in 4 bits"#, 33),
        ("time:41ms,sequence:4/reserved=3-1", "reserves from 3 to 1, which is none", 31),
        ("time:41ms,sequence:4/reserved=-1", #"has "" as the reserved number"#, 31),
        ("time:41ms,sequence:4/reserved=1/reserved=2/reserved=3/reserved=4/reserved=5", "up to 4 times", 66),
        ("time:41ms,sequence:4/reserved=0-15", "leaves no sequence number", 11),
        ("time:41ms,sequence:4/first=3/reserved=2-15", "leaves no sequence number", 11),
        ("time:41ms,sequence:4=3", #"has "=3" after its bits"#, 21),
        ("time:2ms," + (0..<16).map { "f\($0):1" }.joined(separator: ","), "is one of more than 16", 90),
        ("pinterest@0", "pinterest has no time, so it takes no epoch", 10),
        ("snowflake@", "has no epoch that can be read", 11),
        ("snowflake@0/descending", #"has "descending" after its epoch: leave that out"#, 13),
        ("snowflake@253402300800000", "is past the year 9999", 11),
        ("snowflake@0,worker:3", "has no epoch that can be read", 11),
    ]

    @Test(arguments: refusals)
    func otherTextsAreRefusedAtTheCharacter(text: String, reason: String, character: Int) throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.code == .invalidLayout)
        #expect(error.message.contains(reason), "\(error)")
        #expect(error.message.contains("(character \(character))."), "\(error)")
    }

    @Test(arguments: ["snowfake@0", "@0", "@", "pinterest/floored", "snowflake/floored"])
    func unknownNamesAreRefused(text: String) throws {
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.message.contains("There is no layout"), "\(error)")
    }

    @Test func aTextOfAnyLengthGivesAShortMessage() throws {
        let text = "time:41ms," + String(repeating: "a:1,", count: 100_000)
        let error = try #require(throws: LayoutError.self) { try Layout(parsing: text) }
        #expect(error.message.contains("has 400010 characters: give at most 1024"))
        #expect(error.message.utf8.count < 2048)
    }
}
