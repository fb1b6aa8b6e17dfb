import FirnEngine
import FirnLayout
import FirnTestSupport

/// The threads of a process that mints by itself: they share one mint, whose IDs rise over the whole process.
final class MintTaker: IDTaker {
    private unowned(unsafe) let daemon: Daemon
    private let giver: Giver
    private let mint: SharedMint
    private var order = OrderCheck()

    init(of daemon: Daemon, giver: Giver) {
        self.daemon = daemon
        self.giver = giver
        mint = SharedMint(slot: daemon.slots[0], clock: daemon.clock, layout: daemon.cluster.layout)
    }

    func scheduleNext(at time: Int64?) {
        let world = daemon.world
        let mean = daemon.cluster.plan.meanTurn
        let delay = time.map { $0 - world.now } ?? Int64.random(in: 0...mean, using: &daemon.random)
        world.after(delay) { [daemon] in daemon.whenRunning { [self] in turn() } }
    }

    private func turn() {
        guard daemon.isAlive else { return }
        let world = daemon.world
        guard world.now >= daemon.isUnwantedUntil else { return scheduleNext(at: daemon.isUnwantedUntil) }
        for _ in 0..<Int.random(in: 1...6, using: &daemon.random) {
            let tick = daemon.clock.now().tick
            let result: Minted<Run>
            if daemon.random.oneIn(3) {
                let count = UInt32(truncatingIfNeeded: 1 + daemon.random.number(upTo: 5000))
                result = mint.nextRun(upTo: count)
                if case .minted(let run) = result, run.count > count {
                    world.violated("promise 6: \(giver.name) gave \(run.count) IDs where \(count) were asked for")
                }
            } else {
                result = single()
            }
            switch result {
            case .minted(let run):
                order.gave(run, ticks: tick...tick, at: world.now, daemon.cluster.judge, by: giver)
                daemon.lastGiven = world.now
            case .closed:
                daemon.rest.want()
                return scheduleNext()
            case .full, .expired:
                return scheduleNext()
            }
        }
        scheduleNext()
    }

    private func single() -> Minted<Run> {
        switch mint.nextID() {
        case .minted(let id): .minted(Run(first: id, count: 1, stride: 1))
        case .full(let tick): .full(untilTick: tick)
        case .closed: .closed
        case .expired: .expired
        }
    }
}
