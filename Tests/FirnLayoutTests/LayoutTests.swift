import FirnLayout
import Testing

@Suite struct LayoutTests {
    /// Name, fields from high to low, last day, IDs per second. Days computed apart from this code.
    static let presets: [(name: String, fields: String, lastDay: String?, idsPerSecond: Double)] = [
        ("snowflake", "unused 1, time 41, worker 10, sequence 12", "2080-07-10", 4_096_000),
        ("discord", "time 42, worker 10, sequence 12", "2154-05-15", 4_096_000),
        ("instagram", "time 41, worker 13, sequence 10", "2081-04-30", 1_024_000),
        ("sonyflake", "unused 1, time 39, sequence 8, worker 16", "2188-11-16", 25_600),
        ("sonyflake-v2", "unused 1, time 39, sequence 8, worker 16", "2199-03-19", 25_600),
        ("safe53", "unused 11, time 41, worker 3, sequence 9", "2094-09-07", 512_000),
        ("pinterest", "unused 2, shard 16, type 10, local 36", nil, 0),
    ]

    @Test(arguments: presets)
    func presetsAreAsPublished(name: String, fields: String, lastDay: String?, idsPerSecond: Double) throws {
        let layout = try #require(Layout.preset(named: name))
        #expect(layout.name == name)
        #expect("\(layout)" == name)
        #expect(layout.fields.map { "\($0.kind.rawValue) \($0.width)" }.joined(separator: ", ") == fields)
        #expect(layout.fields.first?.highestBit == 63)
        #expect(layout.fields.last?.shift == 0)
        #expect(layout.lastDay == lastDay)
        #expect(layout.idsPerSecond == idsPerSecond)
        #expect(layout.hasTime == (lastDay != nil))
        #expect(layout.runStride == (name.hasPrefix("sonyflake") ? 65_536 : 1))
    }

    @Test func presetsBeginWithTheSevenThatDaemonsMint() {
        #expect(Layout.presets.prefix(7).map(\.name) == Self.presets.map(\.name))
        #expect(Set(Layout.presets).count == Layout.presets.count)
        #expect(Layout.preset(named: "Snowflake") == nil)
        #expect(Layout.preset(named: "") == nil)
    }

    @Test func maximaAreThoseOfTheFields() {
        let layout = Layout.sonyflake
        #expect(layout.maximumTick == 549_755_813_887)
        #expect(layout.maximumWorker == 65_535)
        #expect(layout.sequencesPerTick == 256)
        #expect(layout.maximumPosition == 140_737_488_355_327)
        #expect(Layout.safe53.makeID(position: Layout.safe53.maximumPosition, worker: 7).rawValue == 1 << 53 - 1)
    }

    @Test func theWidestLayoutsWork() throws {
        let timeOnly = try Layout(parsing: "time:64ns@0")
        #expect(timeOnly.makeID(position: .max, worker: 0).rawValue == .max)
        #expect(timeOnly.position(of: FirnID(rawValue: .max)) == .max)
        #expect(timeOnly.maximumTick == .max)
        #expect(timeOnly.sequencesPerTick == 1)
        #expect(timeOnly.lastDay == "2554-07-21")
        #expect(timeOnly.unixNanoseconds(ofTick: .max) == .max)
        let sequences = try Layout(parsing: "time:1s@0,sequence:63")
        #expect(sequences.sequencesPerTick == 1 << 63)
        #expect(sequences.makeID(position: .max, worker: 0).rawValue == .max)
        #expect(sequences.makeRun(position: 0, count: .max, worker: 0).last.rawValue == UInt64(UInt32.max) - 1)
        let workers = try Layout(parsing: "time:1s@0,worker:63")
        #expect(workers.makeID(position: 1, worker: workers.maximumWorker).rawValue == .max)
        #expect(workers.runStride == 1)
    }

    /// The ticks around those whose seconds pass 63 and 64 bits.
    @Test(arguments: [106_751_991_167_300, 106_751_991_167_301, 213_503_982_334_601, 213503982334602, UInt64.max])
    func timesPastTheEndAreTheLastThereIs(tick: UInt64) throws {
        let layout = try Layout(parsing: "time:64x86400s@0")
        let time = layout.time(ofTick: tick)
        if tick == 106_751_991_167_300 {
            #expect(time == UTCTime(unixSeconds: 9_223_372_036_854_720_000))
        } else {
            #expect(time == UTCTime(unixSeconds: .max, nanosecond: 999_999_999))
        }
        #expect(layout.unixNanoseconds(ofTick: tick) == .max)
        #expect(layout.unixMilliseconds(ofTick: tick) == .max)
    }

    /// Rounded down, and never `.123749999Z`.
    @Test func timesForPeopleEndInMilliseconds() throws {
        let layout = try Layout(parsing: "time:50x250us@2025-01-01T00:00:00Z,sequence:13")
        #expect(layout.roundedTime(ofTick: 8495).description == "2025-01-01T00:00:02.123Z")
        #expect(layout.time(ofTick: 8495).nanosecond == 123_750_000)
    }

    @Test func composingRefusesWhatDoesNotFit() throws {
        func check(_ code: LayoutError.Code, _ reason: String, _ body: () throws(LayoutError) -> FirnID) throws {
            let error = try #require(throws: LayoutError.self) { try body() }
            #expect(error.code == code)
            #expect(error.message.contains(reason), "\(error)")
        }
        let layout = Layout.snowflake
        try check(.valueOutOfRange, "worker 1024 does not fit in the 10 bits that the layout snowflake") {
            () throws(LayoutError) in try layout.makeID(time: 0, worker: 1024, sequence: 0)
        }
        try check(.valueOutOfRange, "sequence 4096 does not fit in the 12 bits") {
            () throws(LayoutError) in try layout.makeID(time: 0, worker: 0, sequence: 4096)
        }
        try check(.valueOutOfRange, "give 0 to 2199023255551.") {
            () throws(LayoutError) in try layout.makeID(time: 1 << 41, worker: 0, sequence: 0)
        }
        let narrow = try Layout(parsing: "time:41ms@0,sequence:12")
        try check(.valueOutOfRange, "worker 1 does not fit in the 0 bits") {
            () throws(LayoutError) in try narrow.makeID(time: 0, worker: 1, sequence: 0)
        }
        try check(.valueOutOfRange, "type 1024 does not fit in the 10 bits") {
            () throws(LayoutError) in try Layout.pinterest.makeID(shard: 0, type: 1024, local: 0)
        }
        try check(.noSuchField, "compose it of shard, type and local") {
            () throws(LayoutError) in try Layout.pinterest.makeID(time: 0, worker: 0, sequence: 0)
        }
        try check(.noSuchField, "compose it of time, worker and sequence") {
            () throws(LayoutError) in try layout.makeID(shard: 0, type: 0, local: 0)
        }
    }

    @Test func anIDOfAnotherLayoutIsNoticed() {
        let decoded = Layout.snowflake.decode(FirnID(rawValue: 1 << 63 | 5))
        #expect(decoded.unusedBits == 1)
        #expect(!decoded.fitsLayout)
        #expect(decoded.sequence == 5)
        #expect(Layout.safe53.decode(FirnID(rawValue: 0b11 << 53)).unusedBits == 3)
        #expect(Layout.discord.decode(FirnID(rawValue: .max)).fitsLayout)
    }

    @Test func absentFieldsAreNilAndTimesArePinterestsNever() {
        let decoded = Layout.pinterest.decode(FirnID(rawValue: 1))
        #expect(decoded.time == nil && decoded.worker == nil && decoded.sequence == nil)
        #expect(decoded.utc == nil && decoded.unixMilliseconds == nil && decoded.unixNanoseconds == nil)
        #expect(Layout.snowflake.decode(FirnID(rawValue: 1)).shard == nil)
        #expect(Layout.pinterest.tick(atUnixNanoseconds: 1) == nil)
        #expect(Layout.pinterest.lastInstant == nil)
        #expect(Layout.pinterest.lastInstantUnixMilliseconds == .max)
    }

    @Test func positionsOutOfRangeTrap() async {
        await #expect(processExitsWith: .failure) { _ = Layout.snowflake.makeID(position: 1 << 53, worker: 0) }
        await #expect(processExitsWith: .failure) { _ = Layout.snowflake.makeID(position: 0, worker: 1024) }
        await #expect(processExitsWith: .failure) { _ = Layout.pinterest.makeID(position: 0, worker: 0) }
        await #expect(processExitsWith: .failure) { _ = Layout.pinterest.position(of: FirnID(rawValue: 0)) }
        await #expect(processExitsWith: .failure) { _ = Layout.snowflake.makeRun(position: 1, count: 4096, worker: 0) }
        await #expect(processExitsWith: .failure) { _ = Layout.snowflake.makeRun(position: 0, count: 0, worker: 0) }
        await #expect(processExitsWith: .success) { _ = Layout.snowflake.makeRun(position: 1, count: 4095, worker: 0) }
    }
}
