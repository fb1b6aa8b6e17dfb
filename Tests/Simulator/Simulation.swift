import FirnLayout
import FirnTestSupport

/// One run of a plan: starts what takes part, lets the faults happen, then heals everything, and checks that all works.
final class Simulation {
    /// Where a process runs, and is started again after it ended.
    private final class Place {
        let index: Int
        let host: Host
        var process: SimulatedProcess?
        var starts = 0

        init(_ index: Int, _ host: Host) {
            self.index = index
            self.host = host
        }
    }

    let plan: Plan
    let world: World
    let cluster: Cluster
    private let hosts: [Host]
    private var places: [Place] = []
    /// All that ever ran: what ends late still refers to them.
    private(set) var processes: [SimulatedProcess] = []
    var random: SeededGenerator
    private var isHealing = false

    init(_ plan: Plan, tell: ((String) -> Void)? = nil) {
        self.plan = plan
        let world = World(seed: plan.seed, tell: tell)
        self.world = world
        let judge = Judge(world: world, plan: plan)
        cluster = Cluster(world: world, server: StoreServer(world: world, judge: judge), judge: judge, plan: plan)
        var random = world.generator(1)
        hosts = (0..<plan.hosts).map { Host($0, world: world, driftPPM: .random(in: -100...100, using: &random)) }
        if plan.focus == .restores { cluster.server.copiesEvery = .random(in: 1...4, using: &random) }
        self.random = random
    }

    struct Outcome {
        var violations: [String]
        var hash: UInt64
        var events: Int
        var faults: [FaultKind: Int]
        var given: UInt64
        var values: Int
        var excused: Int
        /// Simulated time, over all processes.
        var processNanoseconds: Int64
    }

    func run() -> Outcome {
        for index in 0..<plan.places where !plan.leftOut.contains(index) {
            let place = Place(index, hosts[index % hosts.count])
            places.append(place)
            world.after(Int64(index) * 100 * milliseconds) { [self] in start(place) }
        }
        for fault in plan.faults { world.at(fault.time) { [self] in inject(fault) } }
        world.run(until: plan.duration)
        if world.violations.isEmpty { heal() }
        world.run(until: plan.duration + plan.healing)
        if world.violations.isEmpty { checkAllServe() }
        let outcome = Outcome(
            violations: world.violations,
            hash: world.hash,
            events: world.eventCount,
            faults: world.counts.injected,
            given: cluster.judge.givenCount,
            values: cluster.judge.values.givenCount,
            excused: cluster.judge.excusedCount,
            processNanoseconds: world.now * Int64(places.count)
        )
        end()
        return outcome
    }

    /// Lets all that waits return, so that nothing of this run is left.
    private func end() {
        isHealing = false
        for place in places { place.process = nil }
        for process in processes { process.kill() }
        world.drain()
    }

    // MARK: - Processes

    private func start(_ place: Place) {
        place.starts += 1
        let number = 1 + place.index + place.starts * 100
        let kind: Daemon.Kind =
            place.index < plan.daemons ? .daemon : place.index < plan.daemons + plan.minters ? .minter : .holder
        let process = Daemon(cluster, kind, host: place.host, number: number)
        place.process = process
        processes.append(process)
        cluster.fleet.all.append(process)
        place.host.processes.append(process)
        process.start()
        supervise(place)
    }

    /// Starts it again some time after it ended.
    private func supervise(_ place: Place) {
        world.after(Int64.random(in: 200...1500, using: &random) * milliseconds) { [self] in
            guard let process = place.process else { return }
            if process.isAlive { return supervise(place) }
            start(place)
        }
    }

    // MARK: - Faults

    private func inject(_ fault: Fault) {
        guard !isHealing, !places.isEmpty else { return }
        let process = places[fault.target % places.count].process
        let host = hosts[fault.target % hosts.count]
        if !FaultKind.inCalls.contains(fault.kind) { world.counts.note(fault.kind) }
        let isOfHost = FaultKind.ofHosts.contains(fault.kind) || [.fillDisk, .loseDisk].contains(fault.kind)
        let cuts: [FaultKind] = [.cutRequests, .cutAnswers, .denyWrites]
        let isOfProcess = FaultKind.ofProcesses.contains(fault.kind) || cuts.contains(fault.kind)
        let who = isOfHost ? "host \(host.number)" : isOfProcess ? process?.name ?? "nobody" : "the store"
        let amount = fault.amount
        world.record(.fault, fault.target, UInt64(bitPattern: amount), "* \(who) \(fault.kind.text(amount))")
        switch fault.kind {
        case .kill: process?.kill()
        case .killInCall: process?.isKilledInCall = true
        case .stop: (process as? Daemon)?.requestStop()
        case .pause: if let process { pause([process], fault.amount) }
        case .suspendHost: pause(host.processes, fault.amount)
        case .freezeHost:
            host.freeze()
            pause(host.processes, fault.amount) { host.thaw() }
        case .stepClock: host.stepWall(by: fault.amount - host.wallError)
        case .drift: host.setDrift(ppm: fault.amount)
        case .rest: (process as? Daemon)?.isUnwantedUntil = world.now + fault.amount
        case .cutRequests: process?.requestsLostUntil = world.now + fault.amount
        case .cutAnswers: process?.answersLostUntil = world.now + fault.amount
        case .fillDisk: host.disk.failingWrites = Int(fault.amount)
        case .loseDisk: host.disk.lose()
        case .denyWrites: process?.isDenied = true
        default: injectAtStore(fault)
        }
    }

    private func pause(_ processes: [SimulatedProcess], _ duration: Int64, then action: @escaping () -> Void = {}) {
        for process in processes { process.stop() }
        world.after(duration) {
            action()
            for process in processes { process.resume() }
        }
    }

    // MARK: - The end

    private func heal() {
        isHealing = true
        world.counts.clear()
        cluster.server.setUp(true)
        cluster.server.forgetTraps()
        putBack()
        repair()
        for host in hosts {
            host.thaw()
            host.setRight()
            host.disk.failingWrites = 0
        }
        for place in places {
            guard let process = place.process else { continue }
            process.requestsLostUntil = 0
            process.answersLostUntil = 0
            process.isKilledInCall = false
            process.isDenied = false
            (process as? Daemon)?.isUnwantedUntil = 0
        }
        world.record(.noted, 0, 0, "all faults end")
        repairForThoseThatRefuse()
        guard plan.hasExchange else { return }
        // Again and again, because a daemon that was paused may learn of it late.
        for delay in [5, 15, 30] {
            world.after(Int64(delay) * seconds) { [self] in restartThoseThatNeedIt() }
        }
    }

    private func restartThoseThatNeedIt() {
        for place in places {
            if let daemon = place.process as? Daemon, daemon.needsRestart { daemon.kill() }
        }
        repairForStartsThatRefuse()
    }

    /// Values of sequences were taken from the other store before it was found to be another one, and are recorded: the right
    /// one lacks them. Daemons refuse it also when they are started again, and say that it needs a repair.
    private func repairForStartsThatRefuse() {
        guard cluster.server.wasOtherWritten else { return }
        cluster.fleet.refusals = 0
        world.after(4 * seconds) { [self] in
            guard cluster.fleet.refusals > 0 else { return }
            repair(isAgain: true)
        }
    }

    /// A store that was restored and repaired while daemons ran may lack what they wrote in between. They refuse it, as do those
    /// that are started after them, and their message says to repair it again. One that was paused may learn of it late.
    private func repairForThoseThatRefuse() {
        guard !plan.hasExchange else { return }
        cluster.fleet.refusals = 0
        for delay in [2, 15, 30] {
            world.after(Int64(delay) * seconds) { [self] in
                let isFound = places.contains { ($0.process as? Daemon)?.findsStoreSetBack == true }
                guard isFound || cluster.fleet.refusals > 0 else { return }
                repair(isAgain: true)
                cluster.fleet.refusals = 0
            }
        }
    }

    /// Whether a holder has this worker. As long as it extends its lease, a daemon that may have no other one waits.
    private func isLeased(_ worker: UInt32, _ processes: [Daemon]) -> Bool {
        processes.contains { $0.isHolder && $0.ownWorkers.contains(worker) }
    }

    /// Liveness: some time after the last fault, everything that can have a worker gives out IDs.
    private func checkAllServe() {
        // The holder of a lease whose clock was ahead mints nothing until the clock is right again, which it becomes slowly.
        let processes = places.compactMap { $0.process as? Daemon }
        let mayHoldersWait =
            plan.faults.contains { $0.kind == .stepClock } || !processes.contains { $0.kind == .daemon }
        let daemons = processes.filter { !($0.isHolder && mayHoldersWait) }
        let recent = world.now - 5 * seconds
        let serving = daemons.filter { $0.lastGiven > recent }
        let mustServe = plan.fixedWorker.map { isLeased($0, processes) ? 0 : min(1, daemons.count) } ?? daemons.count
        let silent = daemons.filter { $0.hasSequences && $0.lastValue <= world.now - 10 * seconds }
        if let first = silent.first {
            world.violated("liveness: \(first.name) gave no value of a sequence for 10 s")
        }
        guard serving.count < mustServe else { return }
        let others = daemons.filter { $0.lastGiven <= recent }.map { "\($0.name) (\($0.status))" }
        world.violated(
            "liveness: \(plan.healing / seconds) s after the last fault \(others.joined(separator: ", ")) gave out nothing for 5 s"
        )
    }
}
