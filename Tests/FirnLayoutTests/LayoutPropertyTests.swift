import FirnLayout
import FirnTestSupport
import Testing

/// What holds for every layout with time. The seed in a failing test's argument makes the same layout and values again.
@Suite struct LayoutPropertyTests {
    @Test(arguments: seeds)
    func fieldsOfAnIDMakeItAgain(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        for _ in 0..<50 {
            let time = generator.number(upTo: layout.maximumTick)
            let worker = generator.number(upTo: layout.maximumWorker)
            let sequence = generator.number(upTo: layout.sequencesPerTick - 1)
            let id = try layout.makeID(time: time, worker: worker, sequence: sequence)
            let decoded = layout.decode(id)
            #expect(decoded.time == time && (decoded.worker ?? 0) == worker && (decoded.sequence ?? 0) == sequence)
            #expect(decoded.fitsLayout, "\(layout) \(id)")
            #expect(decoded.values.reduce(0) { $0 | $1.value << UInt64($1.field.shift) } == id.rawValue)
            let position = time << UInt64(layout.sequenceBits) | sequence
            #expect(layout.makeID(position: position, worker: worker) == id, "\(layout)")
        }
    }

    @Test(arguments: seeds)
    func positionsAndWorkersComeBackFromIDs(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        var idOfPair: [[UInt64]: FirnID] = [:]
        for _ in 0..<200 {
            let position = generator.number(upTo: layout.maximumPosition)
            let worker = generator.number(upTo: layout.maximumWorker)
            let id = layout.makeID(position: position, worker: worker)
            #expect(layout.position(of: id) == position, "\(layout)")
            #expect(layout.worker(of: id) == worker, "\(layout)")
            idOfPair[[position, worker]] = id
        }
        #expect(Set(idOfPair.values).count == idOfPair.count, "two pairs have one ID: \(layout)")
    }

    @Test(arguments: seeds)
    func aWorkersIDsRiseWithItsPositions(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        let worker = generator.number(upTo: layout.maximumWorker)
        var positions = Set((0..<100).map { _ in generator.number(upTo: layout.maximumPosition) })
        positions.formUnion(positions.filter { $0 > 0 }.map { $0 - 1 })
        let ids = positions.sorted().map { layout.makeID(position: $0, worker: worker) }
        #expect(zip(ids, ids.dropFirst()).allSatisfy(<), "\(layout)")
    }

    @Test(arguments: seeds)
    func aRunHasTheIDsOfItsPositions(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        let worker = generator.number(upTo: layout.maximumWorker)
        for _ in 0..<20 {
            let position = generator.number(upTo: layout.maximumPosition)
            let left = layout.sequencesPerTick - position % layout.sequencesPerTick
            let count = UInt32(1 + generator.number(upTo: min(left, 300) - 1))
            let run = layout.makeRun(position: position, count: count, worker: worker)
            let ids = (0..<UInt64(count)).map { layout.makeID(position: position + $0, worker: worker) }
            #expect(Array(run) == ids, "\(layout) \(position) \(count)")
            #expect(run.last == ids.last)
        }
    }

    @Test(arguments: seeds)
    func aTickIsTheTickOfItsFirstAndItsLastNanosecond(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        for _ in 0..<50 {
            let tick = generator.number(upTo: layout.maximumTick)
            let start = layout.unixNanoseconds(ofTick: tick)
            guard start < Int64.max - Int64(layout.tickNanoseconds) else { continue }
            #expect(layout.tick(atUnixNanoseconds: start) == tick, "\(layout)")
            #expect(layout.tick(atUnixNanoseconds: start + Int64(layout.tickNanoseconds) - 1) == tick, "\(layout)")
            let next = layout.tick(atUnixNanoseconds: start + Int64(layout.tickNanoseconds))
            #expect(next == tick + 1, "\(layout)")
            #expect(layout.time(ofTick: tick).unixNanoseconds == start)
            #expect(layout.unixMilliseconds(ofTick: tick) == UInt64(start) / 1_000_000)
        }
    }

    @Test(arguments: seeds)
    func aLayoutComesBackFromItsTexts(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        #expect(try Layout(parsing: layout.name) == layout)
        #expect(try Layout(parsing: layout.specification) == layout)
        let again = try Layout(
            timeBits: layout.timeBits,
            workerBits: layout.workerBits,
            sequenceBits: layout.sequenceBits,
            isSequenceAboveWorker: layout.isSequenceAboveWorker,
            tickNanoseconds: layout.tickNanoseconds,
            epochUnixMilliseconds: layout.epochUnixMilliseconds
        )
        #expect(again == layout)
    }
}
