import FirnEngine
import FirnLayout
import FirnTestSupport
import Testing

/// What holds whatever happens, in any order: two daemons that share a store, each with a clock of its own that jumps
/// either way, take over each other's workers, crash, extend, close and mint, on any layout. In half of the histories a
/// tick begins with any sequence number.
///
/// The seed in a failing test's argument does the same again.
@Suite struct EnginePropertyTests {
    @Test(arguments: 1...150 as ClosedRange<UInt64>)
    func noIDTwiceRisingFreshAndBelowTheStoredLimit(seed: UInt64) {
        var history = History(seed: seed)
        for step in 0..<1000 {
            if let broken = history.step() {
                Issue.record("seed \(seed), step \(step), layout \(history.layout): \(broken)")
                return
            }
        }
        for (worker, ranges) in history.taken {
            let overlap = ranges.overlap
            #expect(overlap == nil, "seed \(seed), layout \(history.layout), worker \(worker)")
        }
    }

    @Test func theHistoriesMintALot() {
        // A model that only ever refuses would break nothing either.
        let runs = (1...30).map { seed in
            var history = History(seed: UInt64(seed))
            for _ in 0..<1000 { _ = history.step() }
            return history.taken.values.map(\.count).reduce(0, +)
        }
        #expect(runs.reduce(0, +) > 1000, "\(runs)")
    }
}

/// One random history of two daemons.
private struct History {
    let layout: Layout
    /// The positions given out, by worker.
    var taken: [UInt64: [Range<UInt64>]] = [:]

    private var generator: SeededGenerator
    private var store = ModelStore()
    private let daemons: [ModelDaemon]
    private var clocks: [UInt64]
    /// The last ID of each shard.
    private var last: [[UInt64?]] = [[nil, nil, nil], [nil, nil, nil]]
    private let workers: [UInt64]

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Layout.random(using: &generator)
        self.layout = layout
        let firstSequence = seed % 2 == 0 ? FirstSequence.zero : .random(seed: seed)
        daemons = (0..<2).map { _ in ModelDaemon(layout: layout, shards: 3, firstSequence: firstSequence) }
        // Some start where the layout ends.
        let start =
            generator.oneIn(4)
            ? layout.maximumTick - min(layout.maximumTick, 40) : generator.number(upTo: layout.maximumTick)
        clocks = [start, start]
        workers = [0, layout.maximumWorker, generator.number(upTo: layout.maximumWorker)]
        self.generator = generator
    }

    /// Lets one thing happen.
    ///
    /// - Returns: the promise that it broke, if it did.
    mutating func step() -> String? {
        let index = Int.random(in: 0..<2, using: &generator)
        let daemon = daemons[index]
        if daemon.space == nil, generator.oneIn(4) { open(index) }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<60: return mint(index)
        case 60..<72: tick(index)
        case 72..<84:
            if let space = daemon.space {
                daemon.extend(to: later(max(space.windowLimit, clocks[index])), store: &store)
            }
        case 84..<86: daemon.close(store: &store)
        case 86..<93: open(index)
        case 93..<97: daemon.shards.randomElement(using: &generator)!.setWaiting(Bool.random(using: &generator))
        case 97: daemon.slot.close()
        case 98:
            daemon.crash()
            last[index] = [nil, nil, nil]
        default: for shard in daemon.shards { shard.refresh() }
        }
        // Most wake-ups see the change at once, some late.
        if !generator.oneIn(3) { for shard in daemon.shards { shard.refresh() } }
        return nil
    }

    /// A worker is free when its limit has passed, by this daemon's clock, which may be wrong. Some do not ask.
    private mutating func open(_ index: Int) {
        let (daemon, now) = (daemons[index], clocks[index])
        let worker = workers.randomElement(using: &generator)!
        guard daemon.space == nil, (store.records[worker]?.limit ?? 0) <= now || generator.oneIn(4) else { return }
        daemon.open(worker: worker, limit: later(now), store: &store)
    }

    private mutating func tick(_ index: Int) {
        let now = clocks[index]
        switch Int.random(in: 0..<10, using: &generator) {
        case 0 where generator.oneIn(3): clocks[index] = now - min(now, generator.number(upTo: 50))
        case 1: clocks[index] = now &+ generator.number(upTo: 200)
        default: clocks[index] = now &+ 1
        }
        if clocks[index] < now, now > .max - 1000 { clocks[index] = .max }
    }

    private mutating func later(_ tick: UInt64) -> UInt64 {
        let (sum, overflow) = tick.addingReportingOverflow(1 + UInt64.random(in: 0..<60, using: &generator))
        return overflow ? .max : sum
    }

    private mutating func mint(_ index: Int) -> String? {
        let now = clocks[index]
        let which = Int.random(in: 0..<3, using: &generator)
        let shard = daemons[index].shards[which]
        let run: Run
        if Bool.random(using: &generator) {
            guard let id = shard.nextID(now: now).value else { return nil }
            run = Run(first: id, count: 1, stride: layout.runStride)
        } else {
            let count = UInt32(1 + generator.number(upTo: generator.oneIn(5) ? UInt64(UInt32.max) - 1 : 10))
            guard let minted = shard.nextRun(upTo: count, now: now).value else { return nil }
            guard minted.count <= count else { return "\(minted.count) IDs for the \(count) asked for" }
            run = minted
        }
        let final = run[run.endIndex - 1]
        let worker = layout.worker(of: run.first)
        let first = layout.position(of: run.first)
        defer {
            last[index][which] = final.rawValue
            taken[worker, default: []].append(first..<first + UInt64(run.count))
        }
        guard worker == shard.worker else { return "an ID of worker \(worker)" }
        guard layout.makeID(position: first, worker: worker) == run.first else { return "an ID of another layout" }
        guard layout.position(of: final) == first + UInt64(run.count - 1) else { return "a run that wraps" }
        guard layout.tick(of: run.first) == now, layout.tick(of: final) == now else {
            return "a tick that is not \(now)"
        }
        guard now < store.records[worker]?.limit ?? 0 else { return "a tick that the stored window does not hold" }
        guard last[index][which].map({ $0 < run.first.rawValue }) ?? true else { return "an ID that falls" }
        return nil
    }
}
