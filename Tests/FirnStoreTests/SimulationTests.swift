import FirnTestSupport
import Testing

@testable import FirnStore

/// Keepers, claims and a store together, under a clock and faults that are drawn at random.
@Suite struct SimulationTests {
    /// One machine's life: a daemon or none, and a clock that jumps, within one run only forward.
    struct Machine {
        var daemon: SimulatedDaemon?
        /// What its disk remembers of the store, over all runs.
        var journal: GrantJournal?
        var clockOffset: Int64 = 0
        var engineTick: UInt64 = 0
        var pausedUntilStep = 0

        mutating func now(_ step: Int) -> UInt64 {
            engineTick = max(engineTick, UInt64(max(0, 100_000 + Int64(step) + clockOffset)))
            return engineTick
        }
    }

    @Test(arguments: 0..<150) func rangesNeverOverlap(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let store = MemoryStore()
        let ledger = Ledger(store: store)
        let isFixed = seed % 3 == 0
        let maximumWorker: UInt32 = seed % 2 == 0 ? 0 : 2
        var machines = [Machine](repeating: Machine(), count: 4)
        var instance: UInt64 = 0
        var opened = 0
        var wanted = 0
        for step in 0..<4000 {
            disturb(store, &random)
            for index in machines.indices {
                disturb(&machines[index], step: step, &random)
                guard step >= machines[index].pausedUntilStep else { continue }
                let now = machines[index].now(step)
                guard var daemon = machines[index].daemon else {
                    instance += 1
                    let journal = GrantJournal(
                        Self.context,
                        remembering: machines[index].journal?.highest
                    )
                    machines[index].journal = journal
                    var claims = WorkerClaims(
                        store: RollbackDetectingStore(store, journal: journal),
                        holder: holder(instance),
                        maximumWorker: maximumWorker,
                        maximumTick: 1 << 40,
                        windowTicks: 30,
                        journal: journal
                    )
                    claims.listAtOnce(seed % 5 == 0)
                    machines[index].daemon = SimulatedDaemon(
                        claims: claims,
                        rule: isFixed ? .fixed(0) : .any(excluding: []),
                        seed: random.next()
                    )
                    continue
                }
                if daemon.isWaiting, random.oneIn(300) { daemon.requestStop() }
                if random.oneIn(150) { daemon.mayRest.toggle() }
                if !daemon.mayRest, let used = daemon.use(now: now) {
                    ledger.used(used.worker, used.tick, by: daemon.claims.holder)
                }
                let before = daemon
                daemon.step(now: now, ledger: ledger, random: &random)
                opened += daemon.opened - before.opened
                wanted += daemon.wanted - before.wanted
                machines[index].daemon = daemon.pending == .finish ? nil : daemon
            }
        }
        #expect(ledger.violations == [])
        // It must have been worth looking at.
        #expect(opened > 3 && ledger.usedTicks > 50, "\(opened) spaces, \(ledger.usedTicks) ticks")
        #expect(wanted > 0, "none was ever at rest")
    }

    private static let context = GrantJournal.Context(
        storeID: 1,
        storeName: "memory",
        unixMilliseconds: { $0 },
        text: { "\($0)" }
    )

    private func disturb(_ store: MemoryStore, _ random: inout SeededGenerator) {
        if random.oneIn(30) { store.loseNextAnswers(Int.random(in: 1...3, using: &random)) }
        if random.oneIn(40) { store.delayNextWrites(Int.random(in: 1...2, using: &random)) }
        if random.oneIn(20) { store.deliverDelayedWrites() }
        if random.oneIn(40) { store.failNext(Int.random(in: 1...5, using: &random)) }
        if store.isAvailable {
            if random.oneIn(400) { store.isAvailable = false }
        } else if random.oneIn(40) {
            store.isAvailable = true
        }
    }

    private func disturb(_ machine: inout Machine, step: Int, _ random: inout SeededGenerator) {
        if random.oneIn(400) { machine.pausedUntilStep = step + Int.random(in: 1...90, using: &random) }
        if random.oneIn(500) { machine.clockOffset += Int64.random(in: -80...80, using: &random) }
        // Killed: nothing released, and the next run's clock may be behind this one's.
        if random.oneIn(600) {
            machine.daemon = nil
            machine.engineTick = 0
        }
        if machine.daemon == nil { machine.engineTick = 0 }
    }

    @Test func storeComesBackAndSoDoesService() {
        var random = SeededGenerator(seed: 1)
        let store = MemoryStore()
        let ledger = Ledger(store: store)
        let claims = WorkerClaims(
            store: store,
            holder: holder(1),
            maximumWorker: 0,
            maximumTick: 1 << 40,
            windowTicks: 30
        )
        var daemon = SimulatedDaemon(claims: claims, rule: .any(excluding: []), seed: 1)
        var used: [UInt64] = []
        for now in 1000..<UInt64(1500) {
            if now == 1100 { store.isAvailable = false }
            if now == 1300 { store.isAvailable = true }
            for _ in 0..<5 { daemon.step(now: now, ledger: ledger, random: &random) }
            if let use = daemon.use(now: now) { used.append(use.tick) }
        }
        let lastBefore = used.last { $0 < 1300 } ?? 0
        let firstAfter = used.first { $0 >= 1300 } ?? 0
        #expect(lastBefore >= 1119, "served until the window ended: \(lastBefore)")
        #expect(lastBefore < 1130)
        #expect(firstAfter < 1311, "served again soon after the store was back: \(firstAfter)")
        #expect(used.last == 1499)
        #expect(daemon.opened == 1, "the same space all the time")
        #expect(ledger.violations == [])
    }
}
