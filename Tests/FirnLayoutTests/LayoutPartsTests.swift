import FirnLayout
import FirnTestSupport
import Testing

/// IDs of layouts with several parts, constants, random bits, and other orders of the fields.
@Suite struct LayoutPartsTests {
    @Test func theWorkerIsAllItsPartsPutTogether() throws {
        let layout = try Layout(parsing: "time:41ms@0,datacenter:5,worker:5,sequence:12")
        #expect(layout.workerBits == 10 && layout.maximumWorker == 1023)
        let id = try layout.makeID(time: 9, worker: 3 << 5 | 7, sequence: 8)
        #expect(id.rawValue == 9 << 22 | 3 << 17 | 7 << 12 | 8)
        let decoded = layout.decode(id)
        #expect(decoded["datacenter"] == 3 && decoded["worker"] == 7 && decoded.worker == 103)
        #expect(decoded["node"] == nil)
        #expect(layout.worker(of: id) == 103)
        #expect(layout.makeID(position: 9 << 12 | 8, worker: 103) == id)
        #expect(layout.position(of: id) == 9 << 12 | 8)
        #expect(layout.fields.map(\.kind) == [.unused, .time, .worker, .worker, .sequence])
        #expect(layout.fields.map(\.name) == ["unused", "time", "datacenter", "worker", "sequence"])
    }

    @Test func partsInSeparatePiecesArePutTogetherToo() throws {
        let layout = try Layout(parsing: "shard:3,time:41ms@0,type:4,sequence:12,local:2")
        let id = try layout.makeID(time: 5, worker: 0b101_1001_10, sequence: 77)
        let decoded = layout.decode(id)
        #expect(decoded["shard"] == 0b101 && decoded["type"] == 0b1001 && decoded["local"] == 0b10)
        #expect(decoded.worker == 0b101_1001_10 && decoded.sequence == 77 && decoded.time == 5)
        #expect(decoded.shard == nil, "the kinds are Pinterest's")
        #expect(!layout.isSequenceAboveWorker)
        #expect(try Layout(parsing: "time:41ms@0,sequence:12,a:2,b:2").isSequenceAboveWorker)
    }

    @Test func constantsAreInEveryIDAndTellOthersApart() throws {
        let layout = try Layout(parsing: "version:2=2,time:41ms@0,kind:3=5,worker:6,spare:2=0,sequence:10")
        #expect(layout.mintingObstacle == nil)
        #expect(layout.constantBits == UInt64(2) << 62 | 5 << 18)
        let id = layout.makeID(position: 3 << 10 | 4, worker: 33)
        #expect(id.rawValue == UInt64(2) << 62 | 3 << 21 | 5 << 18 | 33 << 12 | 4)
        #expect(try layout.makeID(time: 3, worker: 33, sequence: 4) == id)
        #expect(layout.makeRun(position: 3 << 10 | 4, count: 2, worker: 33).last.rawValue == id.rawValue + 1)
        #expect(layout.position(of: id) == 3 << 10 | 4 && layout.worker(of: id) == 33)
        #expect(layout.decode(id).fitsLayout)
        let other = FirnID(rawValue: id.rawValue ^ 1 << 18)
        #expect(!layout.decode(other).fitsLayout)
        #expect(layout.position(of: other) == 3 << 10 | 4 && layout.worker(of: other) == 33)
        #expect(!layout.decode(FirnID(rawValue: id.rawValue | 1 << 11)).fitsLayout, "a constant of 0 is one, too")
        #expect(layout.drawing(of: other).contains("4   not 5, so not of this layout"))
        #expect(layout.drawing(of: id).contains("5   constant"))
    }

    @Test func aDescendingTimeCountsDown() throws {
        let layout = try Layout(parsing: "time:4s@1970-01-01T00:00:01Z/descending,worker:4")
        let ids = try (0...15).map { tick in try layout.makeID(time: tick, worker: 0, sequence: 0).rawValue }
        #expect(ids == (0...15).map { (15 - $0) << 4 })
        let decoded = layout.decode(FirnID(rawValue: 15 << 4 | 3))
        #expect(decoded.time == 0 && decoded["time"] == 0 && decoded.utc == layout.epoch)
        #expect(decoded.json.text.contains(#""time":0,"worker":3"#))
        #expect(decoded.values.map(\.value) == [0, 15, 3], "the bits themselves")
        let range = try layout.idRange(fromUnixMilliseconds: 3000, to: 5000)
        #expect(range.lowerBound.rawValue == 12 << 4 && range.upperBound.rawValue == 13 << 4 | 15)
    }

    @Test func fieldsAreGivenByName() throws {
        let layout = try Layout(parsing: "flag:1=1,time:41ms@0,dc:4,node:6,rest:2/random,sequence:10")
        let id = try layout.makeID(of: ["time": 3, "dc": 2, "node": 1, "rest": 3, "sequence": 9, "flag": 1])
        #expect(id.rawValue == UInt64(1) << 63 | 3 << 22 | 2 << 18 | 1 << 12 | 3 << 10 | 9)
        #expect(try layout.makeID(of: ["time": 3, "rest": 3, "sequence": 9], worker: 2 << 6 | 1) == id)
        #expect(try layout.makeID(of: [:]).rawValue == UInt64(1) << 63)
        let descending = try Layout(parsing: "time:4s@0/descending,worker:4")
        #expect(try descending.makeID(of: [:]) == descending.makeID(time: 0, worker: 0, sequence: 0))
        let refusals: [(values: [String: UInt64], worker: UInt64?, code: LayoutError.Code, reason: String)] = [
            (["node": 64], nil, .valueOutOfRange, "The node 64 does not fit in the 6 bits"),
            (["flag": 0], nil, .valueOutOfRange, "The flag 0 is not that of the layout"),
            (["worker": 1], nil, .noSuchField, #"has no field "worker": it has flag, time, dc, node, rest, sequence."#),
            (["unused": 0], nil, .noSuchField, "has no field"),
            (["node": 1], 3, .valueOutOfRange, "its part node too"),
            ([:], 1024, .valueOutOfRange, "The whole worker 1024 does not fit in the 10 bits"),
        ]
        for refusal in refusals {
            let error = try #require(throws: LayoutError.self) {
                try layout.makeID(of: refusal.values, worker: refusal.worker)
            }
            #expect(error.code == refusal.code && error.message.contains(refusal.reason), "\(error)")
        }
    }

    @Test func jsonHasThePartsAndTheWholeWorkerWhereItsNameIsFree() throws {
        let parts = try Layout(parsing: "time:41ms@0,dc:5,node:5,sequence:12")
        #expect(
            parts.decode(FirnID(rawValue: 3 << 17 | 7 << 12)).json.text
                == #"{"id":"421888","layout":"time:41ms@1970-01-01T00:00:00Z,dc:5,node:5,sequence:12","unused":0,"time":0,"#
                + #""dc":3,"node":7,"sequence":0,"worker":103,"utc":"1970-01-01T00:00:00.000Z","fits":true}"#
        )
    }

    /// Where a part is called `worker`, that name is not the whole number's as well.
    @Test func theWholeWorkerHasANameOfItsOwn() throws {
        let id = FirnID(rawValue: 3 << 17 | 7 << 12)
        let named = try Layout(parsing: "time:41ms@0,dc:5,worker:5,sequence:12")
        #expect(named.decode(id).json.text.contains(#""dc":3,"worker":7,"sequence":0,"wholeWorker":103,"utc""#))
        let one = try Layout(parsing: "time:41ms@0,worker:10,sequence:12")
        #expect(one.decode(id).json.text.contains(#""worker":103,"sequence":0,"utc""#))
        let constant = try Layout(parsing: "time:41ms@0,kind:5=0,worker:5,sequence:12")
        #expect(constant.wholeWorkerName == nil && Layout.snowflake.wholeWorkerName == nil)
        #expect(Layout.pinterest.wholeWorkerName == nil)
        let messages: [(values: [String: UInt64], worker: UInt64?, start: String)] = [
            (["worker": 32], nil, "The worker's part worker 32 does not fit in the 5 bits"),
            (["dc": 32], nil, "The dc 32 does not fit in the 5 bits"),
            ([:], 1024, "The whole worker 1024 does not fit in the 10 bits"),
            (["worker": 1], 3, "The whole worker 3 is given and its part worker too: give one of them."),
        ]
        for message in messages {
            let error = try #require(throws: LayoutError.self) {
                try named.makeID(of: message.values, worker: message.worker)
            }
            #expect(error.message.hasPrefix(message.start), "\(error)")
        }
        let narrow = try Layout(parsing: "time:41ms@0,worker:1,sequence:12")
        let error = try #require(throws: LayoutError.self) { try narrow.makeID(time: 0, worker: 2, sequence: 0) }
        #expect(error.message.hasPrefix("The worker 2 does not fit in the 1 bit that"), "\(error)")
    }

    @Test(
        arguments: [
            ("snowflake", 2, 8_192_000, "second"), ("time:32s@0,worker:4", 1, 1, "second"),
            ("time:30min@0", 1, 1, "minute"),
            ("time:30x7s@0", 1, 8, "minute"), ("time:30h@0,worker:4", 1, 1, "hour"),
            ("time:30h@0,sequence:6", 1, 1, "minute"),
            ("time:30x24h@0,sequence:4", 1, 16, "day"), ("time:30x24h@0,sequence:4", 2, 1, "hour"),
            ("time:1x24h@0", 1, 1, "day"),
            ("time:1ns@0,sequence:63", 1, .max, "second"), ("pinterest", 1, 0, "second"),
        ] as [(String, Int, UInt64, String)]
    )
    func aLowRateIsToldInALongerUnit(text: String, workers: Int, ids: UInt64, unit: String) throws {
        let rate = try Layout(parsing: text).idRate(ofWorkers: workers)
        #expect(rate.ids == ids && rate.unit == unit, "\(rate)")
    }

    @Test func reservedNumbersAreSaidToBe() throws {
        let layout = try Layout(parsing: "time:41ms@0,worker:6,sequence:6/first=5/reserved=60-63")
        #expect(layout.firstSequence == 5 && layout.reservedSequences == [60...63])
        #expect(layout.idsPerSecond == 55_000)
        let reserved = (0..<64).map { FirnID(rawValue: $0) }.filter { layout.decode($0).isSequenceReserved }
        #expect(reserved.map(\.rawValue) == [0, 1, 2, 3, 4, 60, 61, 62, 63])
        #expect(layout.decode(FirnID(rawValue: 4)).fitsLayout)
        #expect(layout.drawing(of: FirnID(rawValue: 4)).contains("reserved: IDs begin with 5"))
        #expect(layout.drawing(of: FirnID(rawValue: 61)).contains("reserved, of 0–63"))
        #expect(!layout.drawing(of: FirnID(rawValue: 5)).contains("reserved:"))
    }

    @Test(arguments: seeds)
    func anyLayoutsIDsComeBackFromTheirFields(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        guard let layout = try? Layout(parsing: Layout.randomText(using: &generator)) else { return }
        for _ in 0..<20 {
            let time = generator.number(upTo: layout.maximumTick)
            let worker = generator.number(upTo: layout.maximumWorker)
            let sequence = generator.number(upTo: layout.sequencesPerTick - 1)
            let id = try layout.makeID(time: time, worker: worker, sequence: sequence)
            let decoded = layout.decode(id)
            #expect(decoded.time == time && (decoded.worker ?? 0) == worker && (decoded.sequence ?? 0) == sequence)
            #expect(decoded.fitsLayout && layout.worker(of: id) == worker, "\(layout)")
            var values = Dictionary(uniqueKeysWithValues: layout.fields.map { ($0.name, decoded[$0.name] ?? 0) })
            values["unused"] = nil
            #expect(try layout.makeID(of: values) == id, "\(layout)")
            if layout.mintingObstacle == nil {
                let position = time << UInt64(layout.sequenceBits) | sequence
                #expect(layout.makeID(position: position, worker: worker) == id, "\(layout)")
                #expect(layout.position(of: id) == position, "\(layout)")
            }
        }
    }
}
