import FirnLayout
import FirnTestSupport
import Testing

@Suite struct LayoutRangeTests {
    @Test func aSecondOfSnowflakes() throws {
        let range = try Layout.snowflake.idRange(fromUnixMilliseconds: 1_555_092_854_000, to: 1_555_092_855_000)
        #expect(range.lowerBound == FirnID(rawValue: 266_257_879_343 << 22))
        #expect(range.upperBound == FirnID(rawValue: 266_257_880_343 << 22 - 1))
        #expect(range.contains(FirnID(rawValue: 1_116_766_490_855_473_152)))
    }

    @Test func theWholeLifeOfALayoutIsARange() throws {
        for layout in Layout.presets where layout.mintingObstacle == nil {
            let last = try #require(layout.lastInstant)
            let isLastOfSecond = last.nanosecond == 999_999_999
            let end = UTCTime(
                unixSeconds: last.unixSeconds + (isLastOfSecond ? 1 : 0),
                nanosecond: isLastOfSecond ? 0 : last.nanosecond + 1
            )
            let range = try layout.idRange(from: layout.epoch, to: end)
            #expect(range.lowerBound.rawValue == 0)
            #expect(range.upperBound == layout.makeID(position: layout.maximumPosition, worker: layout.maximumWorker))
        }
        let widest = try Layout(parsing: "time:64x86400s@0")
        let range = try widest.idRange(from: widest.epoch, to: UTCTime(unixSeconds: .max, nanosecond: 999_999_999))
        #expect(range.upperBound.rawValue == UInt64(Int64.max) / 86_400)
    }

    @Test func anIDsTimeIsWhenItsTickBegins() throws {
        let layout = try Layout(parsing: "time:40x10ms@1970-01-01T00:00:01Z,sequence:4")
        func ticks(_ start: UInt64, _ end: UInt64) throws -> ClosedRange<UInt64> {
            let range = try layout.idRange(fromUnixMilliseconds: start, to: end)
            #expect(range.lowerBound.rawValue & 15 == 0 && range.upperBound.rawValue & 15 == 15)
            return range.lowerBound.rawValue >> 4...range.upperBound.rawValue >> 4
        }
        #expect(try ticks(1000, 1010) == 0...0)
        #expect(try ticks(1000, 1011) == 0...1)
        #expect(try ticks(1000, 1001) == 0...0)
        #expect(try ticks(1001, 1011) == 1...1)
        #expect(try ticks(1010, 1040) == 1...3)
    }

    /// For ticks of 100 ms, sixteen of them from 1000 ms on, so up to 2600 ms.
    static let refusals: [(start: UInt64, end: UInt64, code: LayoutError.Code, reason: String)] = [
        (2000, 2000, .emptyRange, "from 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:02.000Z is empty"),
        (2000, 1999, .emptyRange, "give an end after the start"),
        (1001, 1100, .emptyRange, "No tick begins from"),
        (2501, 2600, .emptyRange, "ticks of 100ms"),
        (999, 2000, .beforeEpoch, "start 1970-01-01T00:00:00.999Z is before the epoch"),
        (999, 2000, .beforeEpoch, "give 1970-01-01T00:00:01.000Z or later"),
        (1000, 2601, .pastEnd, "end 1970-01-01T00:00:02.601Z is past the last instant"),
        (2550, 9000, .pastEnd, "end 1970-01-01T00:00:09.000Z is past"),
        (2600, 9000, .pastEnd, "start 1970-01-01T00:00:02.600Z is past"),
        (0, .max, .beforeEpoch, "before the epoch"),
        (1000, .max, .pastEnd, "1970-01-01T00:00:02.599999999Z: give an earlier one"),
    ]

    @Test(arguments: refusals)
    func otherRangesAreRefusedWithTheReason(
        start: UInt64,
        end: UInt64,
        code: LayoutError.Code,
        reason: String
    ) throws {
        let layout = try Layout(parsing: "time:4x100ms@1970-01-01T00:00:01Z,worker:2")
        let error = try #require(throws: LayoutError.self) {
            try layout.idRange(fromUnixMilliseconds: start, to: end)
        }
        #expect(error.code == code)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test func theLastTickCanBeAskedFor() throws {
        let layout = try Layout(parsing: "time:4x100ms@1970-01-01T00:00:01Z,worker:2")
        #expect(try layout.idRange(fromUnixMilliseconds: 2500, to: 2600) == FirnID(rawValue: 60)...FirnID(rawValue: 63))
        #expect(try layout.idRange(fromUnixMilliseconds: 2500, to: 2501) == FirnID(rawValue: 60)...FirnID(rawValue: 63))
        #expect(layout.lastInstantUnixMilliseconds == 2599)
    }

    @Test func rangesAreRightWhereNanosecondsPass64Bits() throws {
        let layout = try Layout(parsing: "time:64ns@0")
        let highest = UTCTime(unixSeconds: 18_446_744_073, nanosecond: 709_551_615)  // 2^64 - 1 ns
        let after = UTCTime(unixSeconds: 18_446_744_073, nanosecond: 709_551_616)
        #expect(try layout.idRange(from: highest, to: after) == FirnID(rawValue: .max)...FirnID(rawValue: .max))
        let coarser = try Layout(parsing: "time:64x16ns@0")
        let past = UTCTime(unixSeconds: 18_446_744_073, nanosecond: 709_551_617)
        #expect(try coarser.idRange(from: after, to: past).lowerBound.rawValue == 1 << 60)
        #expect(try coarser.idRange(from: coarser.epoch, to: after).upperBound.rawValue == 1 << 60 - 1)
    }

    @Test func aLayoutWithoutTimeHasNoRanges() throws {
        let error = try #require(throws: LayoutError.self) {
            try Layout.pinterest.idRange(fromUnixNanoseconds: 1, to: 2)
        }
        #expect(error.code == .noSuchField)
        #expect(error.message.contains("The layout pinterest has no time"))
    }

    @Test func constantBitsAreInBothEnds() throws {
        let layout = try Layout(parsing: "version:2=2,time:41ms@0,kind:3=5,worker:6,spare:2=0,rest:4/random,sequence:6")
        let range = try layout.idRange(fromUnixMilliseconds: 3, to: 5)
        #expect(range.lowerBound.rawValue == UInt64(2) << 62 | 3 << 21 | 5 << 18)
        #expect(range.upperBound.rawValue == UInt64(2) << 62 | 4 << 21 | 5 << 18 | 63 << 12 | 0b11_1111_1111)
    }

    @Test func aFieldAboveTheTimeHasNoOneRange() throws {
        let layout = try Layout(parsing: "flag:1=1,region:3,time:41ms@0")
        let error = try #require(throws: LayoutError.self) { try layout.idRange(fromUnixMilliseconds: 3, to: 5) }
        #expect(error.code == .noSuchField)
        #expect(error.message.contains("has the field region above the time: the IDs of a range of time are not one"))
    }

    /// Every ID of the ticks is in the range, and none of the ticks beside it.
    @Test(arguments: seeds)
    func anyLayoutsRangeHasTheIDsOfItsTicks(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            guard let layout = try? Layout(parsing: Layout.randomText(using: &generator)),
                layout.maximumTick > 10
            else { continue }
            let first = generator.number(upTo: min(layout.maximumTick - 2, 1 << 40)) + 1
            let last = first + generator.number(upTo: min(layout.maximumTick - 1 - first, 1000))
            let (start, end) = (layout.time(ofTick: first), layout.time(ofTick: last + 1))
            guard let range = try? layout.idRange(from: start, to: end) else {
                #expect(layout.mintingObstacle?.contains("above the time") == true || layout.isDescending, "\(layout)")
                continue
            }
            for tick in [first - 1, first, last, last + 1] {
                for _ in 0..<5 {
                    var values: [String: UInt64] = ["time": tick]
                    for field in layout.fields where field.kind != .time && field.kind != .unused {
                        values[field.name] =
                            field.kind == .constant ? field.constant : generator.number(upTo: field.maximum)
                    }
                    let id = try layout.makeID(of: values)
                    #expect(range.contains(id) == (first...last).contains(tick), "\(layout) \(tick)")
                }
            }
        }
    }

    @Test(arguments: seeds)
    func aRangeHoldsExactlyTheIDsOfItsTicks(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        for _ in 0..<20 {
            let first = generator.number(upTo: layout.maximumTick - 1)
            let last = first + generator.number(upTo: min(layout.maximumTick - first, 1000))
            let start = layout.time(ofTick: first)
            let lastInstant = try #require(layout.lastInstant)
            let end = last == layout.maximumTick ? justAfter(lastInstant) : layout.time(ofTick: last + 1)
            // The times of the highest ticks meet at the end of what UTCTime holds.
            guard end.unixSeconds < .max else { continue }
            let range = try layout.idRange(from: start, to: end)
            let top = layout.sequencesPerTick - 1
            #expect(try range.lowerBound == layout.makeID(time: first, worker: 0, sequence: 0), "\(layout)")
            #expect(
                try range.upperBound == layout.makeID(time: last, worker: layout.maximumWorker, sequence: top),
                "\(layout)"
            )
        }
    }

    @Test(arguments: seeds)
    func touchingRangesNeitherOverlapNorLeaveAGap(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        let length = Int64(layout.tickNanoseconds)
        for _ in 0..<20 {
            let origin = layout.unixNanoseconds(ofTick: generator.number(upTo: layout.maximumTick))
            guard layout.maximumTick > 10, origin < .max - 20 * length else { continue }
            let cut = origin + length + Int64.random(in: 0..<length, using: &generator)
            guard let lastInstant = layout.lastInstant, UTCTime(unixNanoseconds: cut + length) <= lastInstant else {
                continue
            }
            let below = try layout.idRange(fromUnixNanoseconds: origin, to: cut)
            let above = try layout.idRange(fromUnixNanoseconds: cut, to: cut + length)
            #expect(below.upperBound.rawValue + 1 == above.lowerBound.rawValue, "\(layout) cut at \(cut)")
        }
    }

    private func justAfter(_ instant: UTCTime) -> UTCTime {
        instant.nanosecond == 999_999_999 && instant.unixSeconds < .max
            ? UTCTime(unixSeconds: instant.unixSeconds + 1)
            : UTCTime(unixSeconds: instant.unixSeconds, nanosecond: min(instant.nanosecond + 1, 999_999_999))
    }
}
