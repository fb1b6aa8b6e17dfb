import FirnEngine
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWindows

/// A daemon without its sockets: the real engine, claims, journal, keeper and renewer, with threads that take IDs. Or a
/// minter, which is the same with one mint for all threads; or the holder of a lease, which has no store.
final class Daemon: SimulatedProcess {
    enum Kind: String {
        case daemon, minter, holder
    }

    let cluster: Cluster
    let kind: Kind
    let instance: UInt64
    let witness: Witness
    let clock: TickClock
    let rest = SimulatedRest()
    private(set) var slots: [WorkerSlot]
    private var isStopRequested = false
    private var diskSlot: HostDisk.Slot?
    private var takers: [any IDTaker] = []
    private let giver: Giver
    private(set) var leases: WorkerLeases?
    private var sequences: SequenceService?
    /// When it last gave out a value of a sequence.
    var lastValue: Int64 = -1
    /// When it last gave out an ID, in true time.
    var lastGiven: Int64 = -1
    /// Nobody wants IDs until then.
    var isUnwantedUntil: Int64 = 0
    /// What it is doing, as long as its windows have no status, or no more.
    private var note: String? = "starting"
    private var windowStatus: WindowStatus?
    private(set) var claims: WorkerClaims?

    init(_ cluster: Cluster, _ kind: Kind, host: Host, number: Int) {
        self.cluster = cluster
        self.kind = kind
        var random = cluster.world.generator(UInt64(2000 + number))
        instance = random.next()
        witness = Witness(process: number, disk: host.disk)
        clock = TickClock(layout: cluster.layout, source: host)
        slots = (0..<(kind == .daemon ? cluster.plan.workersPerDaemon : 1)).map { _ in WorkerSlot() }
        let name = "\(kind.rawValue) \(number)"
        let hasStore = kind != .holder
        giver = Giver(name: name, instances: hasStore ? [instance] : [], witness: hasStore ? witness : nil)
        super.init(world: cluster.world, host: host, number: number, name: name)
        cluster.judge.givers[number] = giver
    }

    func start() {
        world.record(.started, number, instance, "\(title) starts")
        takers =
            kind == .daemon
            ? (0..<cluster.plan.threadsPerDaemon).map { _ in Taker(of: self, giver: giver) }
            : [MintTaker(of: self, giver: giver)]
        windowFiber = spawn { [unowned self] fiber in keepWindows(fiber) }
        for taker in takers { taker.scheduleNext() }
    }

    /// As SIGTERM.
    func requestStop() {
        isStopRequested = true
        windowFiber?.ring()
    }

    override func ended() {
        diskSlot?.close()
        diskSlot = nil
    }

    var isHolder: Bool { kind == .holder }

    var hasSequences: Bool { sequences != nil }

    /// What it holds itself, and does not lease.
    var ownWorkers: Set<UInt32> { Set(slots.compactMap { $0.current().space.map { UInt32($0.worker) } }) }

    // MARK: - The thread that keeps the windows

    private func keepWindows(_ fiber: Fiber) {
        guard let source = kind == .holder ? leasedWorkers : validate(fiber) else { return }
        rest.setWakeFiber(fiber)
        let renewer = WindowRenewer(
            slots: slots,
            rule: kind == .daemon ? cluster.plan.fixedWorker.map(WorkerRule.fixed) ?? .auto : .auto,
            claims: source,
            clock: clock,
            layout: cluster.layout,
            shardsPerWorker: cluster.plan.threadsPerDaemon,
            firstSequence: cluster.plan.seed % 2 == 0 ? .zero : .random(seed: instance),
            observer: DaemonObserver(of: self),
            rest: rest,
            restAfter: cluster.plan.restAfter,
            makeRandom: { [unowned self] in ProcessRandom(of: self) }
        )
        renewer.releasesInTurn = true
        renewer.storeSetBack = { [unowned self] in sequences?.storeSetBack() }
        renewer.advance()
        guard isAlive else { return }
        // As `firnd`, after one attempt to claim every worker.
        if kind == .daemon, let claims { serve(claims) }
        repeat {
            guard isAlive else { return }
            renewer.advance()
            renewer.remember()
            renewer.testify()
            guard isAlive else { return }
            if isStopRequested { break }
            fiber.waitForBell(nanoseconds: renewer.nanosecondsToNextStep)
        } while true
        guard isAlive else { return }
        renewer.finish()
        guard isAlive else { return }
        exit("stopped")
    }

    private var leasedWorkers: (any WorkerSource)? {
        LeasedWorkers(
            calls: SimulatedLeases(of: self, giver: giver),
            maximumWorker: UInt32(clamping: cluster.layout.maximumWorker),
            maximumTick: Space.endTick(of: cluster.layout) - 1,
            windowTicks: clock.ticks(in: .nanoseconds(cluster.plan.window))
        )
    }

    /// What `firnd` does before it claims: it is repeated while the store is away.
    private func validate(_ fiber: Fiber) -> (any WorkerSource)? {
        let layout = cluster.layout
        let context = GrantJournal.Context(
            storeName: "simulated",
            layout: layout.name,
            unixMilliseconds: { layout.unixMilliseconds(ofTick: $0) },
            text: { "\($0)" }
        )
        guard let journal = try? GrantJournal(context, storage: host.disk) else { return nil }
        diskSlot = host.disk.takeOpened()
        giver.slot = diskSlot
        let link = StoreLink(cluster.server, process: self, witness: witness, timing: cluster.plan.timing)
        let store = RollbackDetectingStore(link, journal: journal)
        let claims = makeClaims(store, journal)
        var random = ProcessRandom(of: self)
        while isAlive, !isStopRequested {
            do throws(StoreError) {
                journal.identified(as: try LayoutRecord.check(store, layout: layout.name, using: &random))
                try journal.verify(store)
                let check = try claims.checkClock(
                    nowTick: clock.now().tick,
                    allowedTicks: clock.ticks(in: .seconds(3600))
                )
                if case .clockBehind = check {
                    exit("refused its clock")
                    return nil
                }
                self.claims = claims
                return claims
            } catch {
                found(error)
                if error.needsSomebody {
                    if error.code == .setBack { cluster.fleet.refusals += 1 }
                    exit("\(error.code)")
                    return nil
                }
                fiber.wait(Int64.random(in: 200...1500, using: &self.random) * milliseconds)
            }
        }
        if isAlive { exit("stopped") }
        return nil
    }

    /// What a daemon does besides giving out IDs.
    private func serve(_ claims: WorkerClaims) {
        leases = WorkerLeases(claims: claims, maximumWindowTicks: claims.windowTicks * 2)
        guard cluster.plan.hasSequences else { return }
        sequences = SequenceService(
            of: self,
            claims: SequenceClaims(store: claims.store, holder: claims.holder, journal: claims.journal),
            giver: giver
        )
        sequences?.start()
    }

    private func makeClaims(_ store: any Store, _ journal: GrantJournal) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(host: "host\(host.number)", pod: nil, pid: UInt32(number), instance: instance),
            maximumWorker: UInt32(clamping: cluster.layout.maximumWorker),
            maximumTick: Space.endTick(of: cluster.layout) - 1,
            windowTicks: clock.ticks(in: .nanoseconds(cluster.plan.window)),
            journal: journal,
            outlierTicks: clock.ticks(in: WorkerClaims.outlierDistance),
            clockID: UInt64(host.number),
            testimonyTicks: clock.ticks(in: TestimonyTimer.interval)
        )
    }

    private func exit(_ reason: String) {
        note = reason
        world.record(.exited, number, 0, "\(name) ends: \(reason)")
        kill()
    }

    /// As text, for a message.
    var status: String { note ?? windowStatus.map { "\($0)".prefix { $0 != "(" }.description } ?? "" }

    /// Whether it gives out nothing until the store is repaired.
    var findsStoreSetBack: Bool { claims?.journal?.setBackError != nil }

    /// What an operator does after another store was put in place of the right one, and taken away again: a daemon that has
    /// written to the other one says that its store was set back until it is started again.
    var needsRestart: Bool {
        guard let journal = claims?.journal, let error = journal.setBackError else { return false }
        return !error.message.contains("is another one")
    }

    /// A store that was never set back must not be found set back.
    func found(_ error: StoreError) {
        guard isAlive, error.isOfAnotherStore else { return }
        world.record(.failed, number, 1, "\(name): \(error.code)")
        if cluster.judge.restores == 0, !cluster.plan.hasExchange, !cluster.plan.hasLostDisk {
            world.violated("\(name) found the store set back, which it was not: \(error)")
        }
    }

    fileprivate func changed(to status: WindowStatus) {
        (note, windowStatus) = (nil, status)
        world.record(.status, number, 0, "\(name): \(status)")
        switch status {
        case .claiming(let error?), .windowEnded(_, _, let error?), .serving(_, _, let error?): found(error)
        default: break
        }
    }
}

/// A process's generator, for the code that draws its own numbers.
struct ProcessRandom: RandomNumberGenerator {
    private unowned(unsafe) let process: SimulatedProcess

    init(of process: SimulatedProcess) { self.process = process }

    mutating func next() -> UInt64 { process.random.next() }
}

private final class DaemonObserver: WindowObserver {
    private unowned(unsafe) let daemon: Daemon

    init(of daemon: Daemon) { self.daemon = daemon }

    func steered(_ steering: ClockSteering, moment: Moment) {}

    func changed(to status: WindowStatus, from previous: WindowStatus?) {
        if daemon.isAlive { daemon.changed(to: status) }
    }

    func stepped(_ standings: [WindowStanding], workersFarAhead: Int, now: Moment) {
        if workersFarAhead > WorkerFindings.maximumCount {
            daemon.world.violated("promise 7: \(daemon.name) remembers \(workersFarAhead) workers that are far ahead")
        }
    }

    func found(_ farAhead: FarAheadWorker) {}

    func found(unreadable error: StoreError) {
        daemon.world.violated("\(daemon.name) found a record that cannot be read: \(error)")
    }

    func released(_ held: HeldWorker, _ outcome: ReleaseOutcome) {
        let worker = held.worker
        daemon.world.record(.noted, daemon.number, UInt64(worker), "\(daemon.name): released \(worker): \(outcome)")
    }

    func notRemembered(_ error: StoreError) {}

    func during<Result>(
        _ operation: String,
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        // The disk takes time as well, in which others go on.
        if daemon.world.counts.isFaulty, daemon.random.oneIn(4) {
            daemon.windowFiber?.wait(Int64.random(in: 0...(40 * milliseconds), using: &daemon.random))
        }
        return try body()
    }
}
