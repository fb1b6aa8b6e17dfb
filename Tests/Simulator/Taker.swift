import FirnEngine
import FirnLayout
import FirnTestSupport

/// A daemon's thread that serves requests: it takes IDs from its shards, a few for each wake-up.
final class Taker: IDTaker {
    private unowned(unsafe) let daemon: Daemon
    private let giver: Giver
    private let shards: [Shard]
    private var orders: [OrderCheck]
    private var lastTime: Int64 = .min
    /// When the clock was read for the present wake-up, in true time.
    private var readTime: Int64 = 0

    private var world: World { daemon.world }

    init(of daemon: Daemon, giver: Giver) {
        self.daemon = daemon
        self.giver = giver
        shards = daemon.slots.map(Shard.init)
        orders = Array(repeating: OrderCheck(), count: shards.count)
    }

    func scheduleNext(at time: Int64? = nil) {
        let mean = daemon.cluster.plan.meanTurn
        let delay = time.map { $0 - world.now } ?? Int64.random(in: 0...(2 * mean), using: &daemon.random)
        world.after(delay) { [daemon] in daemon.whenRunning { [self] in turn() } }
    }

    /// One wake-up: the clock is read once, and what happens between that and the IDs may take long.
    private func turn() {
        guard daemon.isAlive else { return }
        let moment = daemon.clock.now()
        if moment.unixNanoseconds < lastTime {
            world.violated("promise 4: the clock of \(giver.name) fell by \(lastTime - moment.unixNanoseconds) ns")
        }
        lastTime = moment.unixNanoseconds
        readTime = world.now
        for shard in shards { shard.refresh() }
        guard daemon.random.oneIn(16) else { return serve(moment) }
        let delay = Int64.random(in: 0...(50 * milliseconds), using: &daemon.random)
        world.after(delay) { [daemon] in daemon.whenRunning { [self] in serve(moment) } }
    }

    private func serve(_ moment: Moment) {
        guard daemon.isAlive else { return }
        guard world.now >= daemon.isUnwantedUntil else { return scheduleNext(at: daemon.isUnwantedUntil) }
        var nextTick: UInt64?
        for (index, shard) in shards.enumerated() {
            // As long as it was not served: the others then leave it something of the tick.
            var isWaiting = false
            for _ in 0..<Int.random(in: 1...4, using: &daemon.random) {
                guard let obstacle = take(index, moment) else { continue }
                if case .full(let tick) = obstacle {
                    nextTick = min(nextTick ?? .max, tick)
                    isWaiting = true
                } else if case .closed = obstacle {
                    daemon.rest.want()
                }
                break
            }
            shard.setWaiting(isWaiting)
        }
        guard let nextTick, daemon.random.oneIn(2) else { return scheduleNext() }
        let wait = daemon.clock.nanoseconds(from: daemon.clock.now(), untilTick: nextTick)
        scheduleNext(at: daemon.host.trueTime(after: min(wait, 5 * seconds)))
    }

    /// - Returns: why there were none.
    private func take(_ index: Int, _ moment: Moment) -> Minted<Run>? {
        let result: Minted<Run>
        if daemon.random.oneIn(3) {
            let count = UInt32(truncatingIfNeeded: 1 + daemon.random.number(upTo: 5000))
            result = shards[index].nextRun(upTo: count, now: moment.tick)
            if case .minted(let run) = result, run.count > count {
                world.violated("promise 6: \(giver.name) gave \(run.count) IDs where \(count) were asked for")
            }
        } else {
            switch shards[index].nextID(now: moment.tick) {
            case .minted(let id): result = .minted(Run(first: id, count: 1, stride: 1))
            case .full(let tick): result = .full(untilTick: tick)
            case .closed: result = .closed
            case .expired: result = .expired
            }
        }
        guard case .minted(let run) = result else { return result }
        orders[index].gave(run, ticks: moment.tick...moment.tick, at: readTime, daemon.cluster.judge, by: giver)
        daemon.lastGiven = world.now
        return nil
    }
}
