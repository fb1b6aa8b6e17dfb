import FirnLayout
import FirnTestSupport
import Testing

/// Sonyflake counts `time.UnixNano() / unit` and subtracts the same of its start (sony/sonyflake, `toSonyflakeTime`).
@Suite struct SonyflakeClockTests {
    /// Minted by sony/sonyflake v2 f167a9d with a unit of an hour and the start 2025-01-01T00:30Z, at some minute after
    /// eleven on 2026-11-28.
    @Test func anIDWithAStartOffItsUnitHasItsHour() throws {
        let id = FirnID(rawValue: 280_431_165_447)
        let floored = try Layout(parsing: "time:39h@2025-01-01T00:30:00Z/floored,sequence:8,worker:16")
        #expect(floored.decode(id).utc?.description == "2026-11-28T11:00:00.000Z")
        let exact = try Layout(parsing: "time:39h@2025-01-01T00:30:00Z,sequence:8,worker:16")
        #expect(exact.decode(id).utc?.description == "2026-11-28T11:30:00.000Z")
    }

    @Test(arguments: seeds)
    func flooredCountsWholeUnitsSince1970(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let units: [(text: String, nanoseconds: Int64)] = [
            ("ms", 1_000_000), ("x10ms", 10_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
            ("h", 3_600_000_000_000), ("x7ms", 7_000_000), ("x250us", 250_000), ("x86399s", 86_399_000_000_000),
        ]
        for unit in units {
            let epoch = Int64(generator.number(upTo: 4_000_000_000_000))
            let layout = try Layout(
                parsing: "time:50\(unit.text)@\(UTCTime(unixMilliseconds: UInt64(epoch)))/floored,sequence:8"
            )
            for _ in 0..<10 {
                let now = epoch * 1_000_000 + Int64(generator.number(upTo: 1 << 61))
                let expected = UInt64(now / unit.nanoseconds - epoch * 1_000_000 / unit.nanoseconds)
                #expect(layout.tick(atUnixNanoseconds: now) == expected, "\(layout) at \(now)")
            }
        }
    }
}
