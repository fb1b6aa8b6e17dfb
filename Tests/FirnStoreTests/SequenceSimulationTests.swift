import FirnTestSupport
import Testing

@testable import FirnStore

/// Daemons, their keepers and a store together, under faults that are drawn at random.
@Suite struct SequenceSimulationTests {
    func configuration(fixedBlock: UInt64? = nil) -> SequenceKeeper.Configuration {
        var configuration = SequenceKeeper.Configuration()
        configuration.maximumBlock = 200
        configuration.fixedBlock = fixedBlock
        configuration.exhaustedNanoseconds = 500_000_000
        return configuration
    }

    @Test(arguments: 0..<120) func noValueIsGivenTwice(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let store = MemoryStore()
        let increment = [1, 2, 5][seed % 3] as UInt64
        let parameters = try SequenceParameters(
            kind: .plain,
            increment: increment,
            offset: UInt64(seed) / 3 % increment,
            start: seed % 4 == 0 ? 500 : nil,
            maximum: seed % 5 == 0 ? 4000 : nil
        )
        let fixedBlock: UInt64? = seed % 7 == 0 ? 1 : seed % 7 == 1 ? 20 : nil
        var ledger = SequenceLedger(progression: parameters.progression)
        ledger.isStrict = fixedBlock == 1
        var daemons = [SequenceSimulatedDaemon?](repeating: nil, count: 3)
        var instance: UInt64 = 0
        var crashes = 0
        var givenBack = 0
        var now: Int64 = 0
        for step in 0..<1500 {
            ledger.began(step)
            now += Int64.random(in: 0...100_000_000, using: &random)
            disturb(store, &random)
            for index in daemons.indices {
                guard var daemon = daemons[index] else {
                    instance += 1
                    let claims = SequenceClaims(store: store, holder: holder(instance))
                    daemons[index] = SequenceSimulatedDaemon(
                        claims,
                        parameters,
                        configuration(fixedBlock: fixedBlock),
                        seed: random.next()
                    )
                    continue
                }
                let delay = random.oneIn(20) ? 30 : Int.random(in: 0...3, using: &random)
                if random.oneIn(2) {
                    let count = random.oneIn(30) ? 300 : UInt32.random(in: 1...5, using: &random)
                    daemon.call(count, step: step, now: now, &ledger, delay: delay)
                }
                daemon.work(step: step, now: now, &ledger, delay: delay, random: &random)
                if daemon.keeper.heldCount >= 2 * 300 { ledger.violations.append("holds \(daemon.keeper.heldCount)") }
                daemons[index] = daemon
                if random.oneIn(200) {
                    crashes += 1
                    daemons[index] = nil
                } else if !daemon.keeper.isTaking, random.oneIn(15) {
                    if daemon.giveBack(random: &random) == .givenBack { givenBack += 1 }
                    // Half of them are evicted and come again in the same daemon.
                    daemons[index] = random.oneIn(2) ? nil : daemon
                }
            }
        }
        #expect(ledger.violations == [])
        // It must have been worth looking at.
        #expect(ledger.given.count > 100 && ledger.failures > 0 && crashes > 3 && instance > 6, "\(ledger.given.count)")
        #expect(givenBack > 0 || fixedBlock == 1 || parameters.progression.maximum == 4000)
        #expect(ledger.given.min()! >= parameters.start ?? 1)
        if parameters.progression.maximum == 4000 && fixedBlock == nil && increment > 1 {
            #expect(ledger.exhaustions > 0)
        }
    }

    private func disturb(_ store: MemoryStore, _ random: inout SeededGenerator) {
        if random.oneIn(30) { store.loseNextAnswers(Int.random(in: 1...3, using: &random)) }
        if random.oneIn(40) { store.delayNextWrites(Int.random(in: 1...2, using: &random)) }
        if random.oneIn(20) { store.deliverDelayedWrites() }
        if random.oneIn(40) { store.failNext(Int.random(in: 1...5, using: &random)) }
        if store.isAvailable {
            if random.oneIn(300) { store.isAvailable = false }
        } else if random.oneIn(30) {
            store.isAvailable = true
        }
    }

    /// Without faults of the store, exactly what was held when a daemon died is lost, and nothing else ever.
    @Test(arguments: 0..<40) func aCrashLosesWhatWasHeldAndNoMore(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let store = MemoryStore()
        let fixedBlock: UInt64? = seed % 4 == 0 ? 20 : nil
        var ledger = SequenceLedger(progression: SequenceParameters.plain.progression)
        var lost: UInt64 = 0
        var now: Int64 = 0
        for instance in 1...20 as ClosedRange<UInt64> {
            let claims = SequenceClaims(store: store, holder: holder(instance))
            var daemon = SequenceSimulatedDaemon(
                claims,
                .plain,
                configuration(fixedBlock: fixedBlock),
                seed: random.next()
            )
            for step in 0..<Int.random(in: 1...150, using: &random) {
                now += Int64.random(in: 0...100_000_000, using: &random)
                daemon.call(UInt32.random(in: 1...5, using: &random), step: 0, now: now, &ledger, delay: 2)
                daemon.work(step: step, now: now, &ledger, delay: 2, random: &random)
            }
            if instance % 3 == 0, !daemon.keeper.isTaking {
                #expect(daemon.giveBack(random: &random) != .conflict)
            } else {
                lost += daemon.atStake
                #expect(daemon.atStake < 2 * 200)
            }
            let reserved = try claims.readSequence("a")?.record.reserved ?? 0
            #expect(reserved == UInt64(ledger.given.count) + lost)
        }
        #expect(ledger.violations == [] && ledger.given.count > 100)
    }

    @Test func flickrsOddAndEvenServersNeverMeet() throws {
        var random = SeededGenerator(seed: 1)
        let odd = try SequenceParameters(kind: .plain, increment: 2, offset: 1)
        let even = try SequenceParameters(kind: .plain, increment: 2, offset: 0)
        var values: [[UInt64]] = []
        for parameters in [odd, even] {
            let claims = SequenceClaims(store: MemoryStore(), holder: holder(1))
            var ledger = SequenceLedger(progression: parameters.progression)
            var daemon = SequenceSimulatedDaemon(claims, parameters, configuration(), seed: 1)
            for step in 0..<200 {
                daemon.call(1, step: 0, now: Int64(step) * 1_000_000, &ledger, delay: 0)
                for _ in 0..<2 {
                    daemon.work(step: step, now: Int64(step) * 1_000_000, &ledger, delay: 0, random: &random)
                }
            }
            #expect(ledger.violations == [])
            values.append(ledger.given.sorted())
        }
        #expect(values[0] == (0..<200).map { 2 * $0 + 1 })
        #expect(values[1] == (1...200).map { 2 * $0 })
    }

    @Test func instancesOfAServiceAreNumbered() {
        var random = SeededGenerator(seed: 1)
        let store = MemoryStore()
        for number in 1...3 as ClosedRange<UInt64> {
            let claims = SequenceClaims(store: store, holder: holder(number))
            var keeper = SequenceKeeper(configuration: .init(), jitterSeed: number)
            guard case (.wait(let wait), .takeBlock(let count, nil)) = keeper.take(1, now: 0) else {
                return #expect(Bool(false))
            }
            let outcome = claims.takeBlock(
                "ServiceA",
                count: count,
                for: .prefixes,
                orCreate: .prefix,
                after: nil,
                using: &random
            )
            _ = keeper.blockAnswered(outcome, now: 0)
            let given = SequenceRun(first: number, count: 1, increment: 1)
            #expect(keeper.take(1, after: wait, now: 0).outcome == .taken(given, nil))
        }
    }
}
