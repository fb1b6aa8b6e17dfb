import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// Two to four daemons on a store that is restored from older copies between any two calls, before and after each answer;
/// with lost answers, late writes, pauses, crashes, clocks that differ, and state directories that are lost.
///
/// No ID and no ticket is given twice, but where the second daemon could not know: its store agreed with all that it had
/// ever seen. `RestoredWorld` says what that is without asking the code. And no daemon gives out anything after it was
/// shown that the store was set back, and each goes on by itself after the repair.
@Suite struct RestoreSimulationTests {
    private struct Machine {
        var daemon: SimulatedDaemon?
        /// Whether the store was held against its journal once, before anything else is asked of it.
        var isValidated = false
        var witness: RestoredWorld.Witness?
        var store: RollbackDetectingStore?
        /// What its disk remembers, over all runs.
        var journal: GrantJournal?
        var pieces: [RestoredWorld.Piece] = []
        var doubt: SequenceDoubt?
        var highestValue: UInt64 = 0
        var clockOffset: Int64 = 0
        var engineTick: UInt64 = 0
        var pausedUntilStep = 0
        var usedSinceRepair = 0
        /// How often the store had been repaired when it was last granted anything.
        var repairsAtGrant = 0

        mutating func now(_ step: Int) -> UInt64 {
            engineTick = max(engineTick, UInt64(max(0, 100_000 + Int64(step) + clockOffset)))
            return engineTick
        }
    }

    private static let context = GrantJournal.Context(
        storeID: 1,
        storeName: "memory",
        unixMilliseconds: { $0 },
        text: { "\($0)" }
    )

    @Test(arguments: Array(0..<60) + [180, 338, 493, 584, 1117, 1301]) func onlyWhatNobodyCanKnowComesTwice(_ seed: Int)
    {
        let world = RestoredWorld(seed: UInt64(seed))
        var machines = [Machine](repeating: Machine(), count: 2 + seed % 3)
        let maximumWorker = UInt32(seed / 3 % 3)
        let isFixed = seed % 5 == 0
        var instance: UInt64 = 0
        world.takeSnapshot()
        // Quiet seeds have few restores, so that long histories are forgotten; others one every few calls.
        let frequency = [40, 150, 600, 2500][seed % 4]
        for step in 0..<1900 {
            let isHealing = step >= 1300
            world.restoreOneIn = isHealing || step < 100 ? 0 : frequency
            if !isHealing {
                disturb(world)
            } else if step == 1300 {
                heal(world)
                world.repair(now: UInt64(100_000 + step))
                for index in machines.indices { machines[index].usedSinceRepair = 0 }
            }
            for index in machines.indices {
                if !isHealing { disturb(&machines[index], step: step, world) }
                guard step >= machines[index].pausedUntilStep else { continue }
                advance(&machines[index], step: step, world) { machine in
                    instance += 1
                    start(&machine, instance, maximumWorker, isFixed: isFixed, world)
                }
            }
        }
        #expect(world.violations.prefix(5) == [], "of \(world.violations.count)")
        if maximumWorker + 1 >= machines.count, !isFixed {
            #expect(machines.allSatisfy { $0.usedSinceRepair > 50 }, "all go on: \(machines.map(\.usedSinceRepair))")
        } else {
            #expect(machines.contains { $0.usedSinceRepair > 50 })
        }
    }

    private func start(
        _ machine: inout Machine,
        _ instance: UInt64,
        _ maximumWorker: UInt32,
        isFixed: Bool,
        _ world: RestoredWorld
    ) {
        let keepsDisk = !world.random.oneIn(4)
        let witness = world.witness(after: machine.witness, keepsDisk: keepsDisk)
        let journal = GrantJournal(Self.context, remembering: keepsDisk ? machine.journal?.highest : nil)
        if let grant = journal.highest, machine.repairsAtGrant == world.repairs {
            witness.seen = grant.version
        } else {
            witness.lastGrant = nil
        }
        let store = RollbackDetectingStore(WitnessedStore(world, witness), journal: journal)
        machine.witness = witness
        machine.journal = journal
        machine.store = store
        machine.isValidated = false
        machine.pieces = []
        machine.doubt = nil
        machine.highestValue = 0
        var claims = WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: maximumWorker,
            maximumTick: 1 << 40,
            windowTicks: 30,
            journal: journal
        )
        claims.listAtOnce(instance % 3 == 0)
        machine.daemon = SimulatedDaemon(
            claims: claims,
            rule: isFixed ? .fixed(0) : .any(excluding: []),
            seed: world.random.next()
        )
    }

    /// One machine's turn: the notice of another thread, one ID, one step of the keeper, and now and then tickets.
    private func advance(
        _ machine: inout Machine,
        step: Int,
        _ world: RestoredWorld,
        start: (inout Machine) -> Void
    ) {
        let now = machine.now(step)
        guard var daemon = machine.daemon, let journal = machine.journal, let witness = machine.witness else {
            return start(&machine)
        }
        if !machine.isValidated {
            guard let store = machine.store, (try? journal.verify(store)) != nil else {
                // What it sees before it was validated does not count: it has no floor yet to tell a repair by.
                witness.seen = machine.repairsAtGrant == world.repairs ? journal.highest?.version ?? 0 : 0
                witness.hasProof = false
                return
            }
            machine.isValidated = true
        }
        if let error = journal.setBackError, daemon.isWaiting, daemon.space != nil {
            daemon.pending = daemon.keeper.storeSetBack(error)
        } else if daemon.isWaiting, world.random.oneIn(300) {
            daemon.requestStop()
        }
        // Within a second, in a daemon; here at once.
        if journal.setBackError == nil, daemon.pending != .closeSpace, let used = daemon.use(now: now),
            let piece = machine.pieces.first(where: { $0.limit > used.tick })
        {
            world.used(used.worker, used.tick, piece, witness)
            machine.usedSinceRepair += 1
        }
        switch daemon.pending {
        case .openSpace(let held):
            machine.repairsAtGrant = world.repairs
            machine.pieces = [world.granted(held, to: daemon.claims.holder, witness)]
        case .raiseLimit(let held):
            machine.repairsAtGrant = world.repairs
            machine.pieces.append(world.granted(held, to: daemon.claims.holder, witness))
        default: break
        }
        daemon.step(now: now, ledger: nil, random: &world.random)
        machine.daemon = daemon.pending == .finish ? nil : daemon
        if world.random.oneIn(8), let store = machine.store {
            takeTickets(&machine, store, daemon.claims.holder, world)
        }
    }

    private func takeTickets(
        _ machine: inout Machine,
        _ store: RollbackDetectingStore,
        _ holder: Holder,
        _ world: RestoredWorld
    ) {
        let outcome = SequenceClaims(store: store, holder: holder).takeBlock(
            "a",
            count: 3,
            for: .tickets,
            orCreate: .plain,
            after: machine.doubt,
            using: &world.random
        )
        machine.doubt = nil
        switch outcome {
        case .taken(let block) where block.values.first > machine.highestValue:
            machine.highestValue = block.values.last
            world.took(block, holder.instance, machine.witness!)
        case .failed(_, let doubt): machine.doubt = doubt
        default: break
        }
    }

    private func disturb(_ world: RestoredWorld) {
        let store = world.store
        if world.random.oneIn(150) { world.takeSnapshot() }
        if world.restores > 0, world.random.oneIn(300) {
            heal(world)
            world.repair(now: world.highestLimit)
        }
        if world.random.oneIn(60) { store.loseNextAnswers(Int.random(in: 1...3, using: &world.random)) }
        if world.random.oneIn(80) { store.delayNextWrites(Int.random(in: 1...2, using: &world.random)) }
        if world.random.oneIn(20) { store.deliverDelayedWrites() }
        if world.random.oneIn(60) { store.failNext(Int.random(in: 1...5, using: &world.random)) }
        if store.isAvailable {
            if world.random.oneIn(500) { store.isAvailable = false }
        } else if world.random.oneIn(40) {
            store.isAvailable = true
        }
    }

    private func heal(_ world: RestoredWorld) {
        world.store.isAvailable = true
        world.store.failNext(0)
        world.store.loseNextAnswers(0)
        world.store.delayNextWrites(0)
        world.store.state.withLock { $0.faults.delayedWrites = [] }
    }

    private func disturb(_ machine: inout Machine, step: Int, _ world: RestoredWorld) {
        if world.random.oneIn(400) { machine.pausedUntilStep = step + Int.random(in: 1...90, using: &world.random) }
        if world.random.oneIn(500) { machine.clockOffset = Int64.random(in: -40...40, using: &world.random) }
        // Killed: nothing released, and the next run's clock may be behind this one's.
        if world.random.oneIn(400) { machine.daemon = nil }
        if machine.daemon == nil { machine.engineTick = 0 }
    }
}
