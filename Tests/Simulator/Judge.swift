import FirnLayout
import FirnStore

/// Compares everything that is given out, by all processes, with the promises. It keeps notes of its own and does not ask
/// the code that is tested.
final class Judge {
    /// One holder's time with a worker, as the store's writes show it.
    final class Holding {
        let worker: UInt32
        let process: Int
        let instance: UInt64
        let generation: UInt64
        let lineage: Int
        /// The limit of the holder before it: nothing below may be given out (promise 3).
        let firstTick: UInt64
        /// The highest that was durably written (promise 2).
        var limit: UInt64
        /// That of the claim: what is above it is an extension.
        let firstLimit: UInt64
        var highestUsed: UInt64?
        /// When it was claimed.
        let moment: Moment
        /// What its writer had used before, and the store lacked then.
        var lacked: Holding?
        var wasWrittenAfterRestore = false
        /// Whether each write since the store was restored agreed with everything that its writer had seen.
        var couldNotKnow = true

        init(_ worker: UInt32, process: Int, record: WorkerRecord, lineage: Int, firstTick: UInt64, at moment: Moment) {
            self.worker = worker
            self.process = process
            self.moment = moment
            firstLimit = record.limit
            self.instance = record.holder.instance
            self.generation = record.generation
            self.lineage = lineage
            self.firstTick = firstTick
            limit = record.limit
        }

        var isExcused: Bool { wasWrittenAfterRestore && couldNotKnow }
    }

    /// When a worker was claimed.
    struct Moment {
        /// In true time.
        var time: Int64
        /// The store's floor.
        var floor: UInt64
        /// How often the store had been repaired.
        var repairs: Int
    }

    struct Applied {
        var write: StoreWrite
        var previous: StoredValue?
        var version: UInt64
        var lineage: Int
        var writer: WriterView
    }

    private struct Interval {
        var first: UInt64
        var last: UInt64
        var holding: Holding
    }

    private final class WorkerHistory {
        var holdings: [Holding] = []
        var given: [Interval] = []
        /// The record that was written last: the next one mostly replaces it.
        var last: (text: String, record: WorkerRecord)?

        func record(_ text: String, _ key: String) -> WorkerRecord? {
            if let last, last.text == text { return last.record }
            return try? WorkerRecord(key: key, text: text)
        }
    }

    let world: World
    let layout: Layout
    /// By the worker's number.
    private let workers: [WorkerHistory]
    private(set) var highestLimit: UInt64 = 0
    private(set) var restores = 0
    private(set) var repairs = 0
    /// For what it contains now.
    unowned(unsafe) var store: StoreServer!
    /// Of the processes, by their numbers.
    var givers: [Int: Giver] = [:]
    /// Whether a daemon's highest grant is that of its last window.
    let hasOneGrant: Bool
    private(set) var givenCount: UInt64 = 0
    /// IDs that came twice where nobody could know.
    private(set) var excusedCount = 0
    let values: ValueJudge

    init(world: World, plan: Plan) {
        self.world = world
        layout = plan.layout
        hasOneGrant = plan.hasOneGrant
        values = ValueJudge(world: world)
        workers = (0...layout.maximumWorker).map { _ in WorkerHistory() }
    }

    func wasRestored() { restores += 1 }

    func wasRepaired() { repairs += 1 }

    // MARK: - What the store was told

    func applied(_ applied: Applied) {
        if applied.write.key.hasPrefix(SequenceRecord.keyPrefix) { return values.applied(applied, restores: restores) }
        if applied.write.key == FloorRecord.key { return raised(applied) }
        guard applied.write.key.hasPrefix(WorkerRecord.keyPrefix) else { return }
        guard let worker = try? WorkerRecord.worker(ofKey: applied.write.key),
            let record = try? WorkerRecord(key: applied.write.key, text: applied.write.value)
        else { return world.violated("\(applied.writer.name) wrote what is no record: \(applied.write)") }
        let history = workers[Int(worker)]
        let previous = applied.previous.flatMap { history.record($0.value, applied.write.key) }
        history.last = (applied.write.value, record)
        let holding: Holding
        if let previous, previous.generation == record.generation,
            let known = self.holding(of: worker, record, in: applied.lineage)
        {
            holding = known
            extended(known, worker, from: previous, to: record, applied.writer)
        } else {
            if record.generation != (previous?.generation ?? 0) + 1 {
                world.violated(
                    "promise 3: \(applied.writer.name) claimed worker \(worker) with generation \(record.generation) after "
                        + "\(previous?.generation ?? 0)"
                )
            }
            holding = Holding(
                worker,
                process: applied.writer.process,
                record: record,
                lineage: applied.lineage,
                firstTick: previous?.freeFrom ?? 0,
                at: Moment(time: world.now, floor: floor, repairs: repairs)
            )
            if let last = givers[applied.writer.process]?.lastUsed, isLacking(last) { holding.lacked = last }
            history.holdings.append(holding)
        }
        highestLimit = max(highestLimit, record.limit)
        guard restores > 0 || applied.lineage > 0 else { return }
        holding.wasWrittenAfterRestore = true
        if applied.version <= applied.writer.seen { holding.couldNotKnow = false }
    }

    private func extended(
        _ holding: Holding,
        _ worker: UInt32,
        from previous: WorkerRecord,
        to record: WorkerRecord,
        _ writer: WriterView
    ) {
        if previous.isGivenBack {
            world.violated("\(writer.name) wrote to worker \(worker) after it was given back")
        }
        if record.isGivenBack {
            if let used = holding.highestUsed, used >= record.limit {
                world.violated(
                    "promise 2: \(writer.name) gave worker \(worker) back from tick \(record.limit) on and had used \(used)"
                )
            }
            holding.limit = record.limit
        } else if record.limit < previous.limit {
            world.violated("\(writer.name) lowered the limit of worker \(worker) to \(record.limit)")
        } else {
            holding.limit = max(holding.limit, record.limit)
        }
    }

    private func holding(of worker: UInt32, _ record: WorkerRecord, in lineage: Int) -> Holding? {
        workers[Int(worker)].holdings.last {
            $0.generation == record.generation && $0.instance == record.holder.instance && $0.lineage == lineage
        }
    }

    // MARK: - What was given out

    /// Positions of one tick, given out by a process that read its clock at true time `time`. A thread that read it before
    /// the windows were closed may still end its wake-up with what is left of its block.
    func gave(_ first: UInt64, count: UInt64, worker: UInt32, at time: Int64, by giver: Giver) {
        givenCount += count
        world.count(.minted, first &* 0x1_0001 &+ count)
        let tick = first >> UInt64(layout.sequenceBits)
        let last = first + count - 1
        if last >> UInt64(layout.sequenceBits) != tick {
            world.violated("promise 6: \(giver.name) gave a run that goes past the end of tick \(tick)")
        }
        let history = workers[Int(worker)]
        guard
            let holding = history.holdings.last(where: {
                tick < $0.limit && tick >= $0.firstTick && giver.instances.contains($0.instance)
            })
        else {
            let own = history.holdings.filter { giver.instances.contains($0.instance) }
            let limits = own.map { "\($0.firstTick)..<\($0.limit)" }
            return world.violated(
                "promise 2 or 3: \(giver.name) gave out tick \(tick) of worker \(worker), and the store had granted it "
                    + "\(limits)"
            )
        }
        if tick < holding.moment.floor { checkFloor(history.holdings, tick, giver) }
        checkNotice(holding, tick, at: time, giver)
        if let proofTime = giver.witness?.proofTime, proofTime < time {
            world.violated("\(giver.name) gave out tick \(tick) after it was shown that the store had been set back")
        }
        holding.highestUsed = max(holding.highestUsed ?? 0, tick)
        insert(Interval(first: first, last: last, holding: holding), history, worker, giver)
    }

    private func insert(_ new: Interval, _ history: WorkerHistory, _ worker: UInt32, _ giver: Giver) {
        let count = history.given.count
        guard let last = history.given.last else { return history.given.append(new) }
        if last.last < new.first {
            if last.last + 1 == new.first, last.holding === new.holding {
                history.given[count - 1].last = new.last
            } else {
                history.given.append(new)
            }
            return
        }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if history.given[middle].last < new.first { low = middle + 1 } else { high = middle }
        }
        let other = history.given[low]
        if other.first <= new.last {
            if other.holding.isExcused || new.holding.isExcused {
                excusedCount += 1
                return
            }
            world.violated(
                "promise 1: position \(max(other.first, new.first)) of worker \(worker) was given out twice, by process "
                    + "\(other.holding.process) (generation \(other.holding.generation)) and by \(giver.name) (generation "
                    + "\(new.holding.generation))"
            )
            return
        }
        history.given.insert(new, at: low)
    }
}

/// Checks what one thread, or one minter, gives out, in its order.
struct OrderCheck {
    private var last: UInt64?

    /// - Parameters:
    ///   - ticks: those in which the call may have read the clock.
    ///   - time: when the clock was read, in true time.
    mutating func gave(_ run: Run, ticks: ClosedRange<UInt64>, at time: Int64, _ judge: Judge, by giver: Giver) {
        let layout = judge.layout
        if let last, run.first.rawValue <= last {
            judge.world.violated("promise 4: \(giver.name) gave out \(run.first) after \(last)")
        }
        last = run.last.rawValue
        let position = layout.position(of: run.first)
        if layout.position(of: run.last) != position + UInt64(run.count) - 1 {
            judge.world.violated("promise 6: the run \(run) of \(giver.name) is not of consecutive positions")
        }
        let tick = position >> UInt64(layout.sequenceBits)
        if !ticks.contains(tick) {
            judge.world.violated("promise 5: \(giver.name) gave out tick \(tick) in \(ticks)")
        }
        let worker = UInt32(layout.worker(of: run.first))
        judge.gave(position, count: UInt64(run.count), worker: worker, at: time, by: giver)
    }
}
