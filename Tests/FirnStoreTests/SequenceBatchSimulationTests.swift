import FirnTestSupport
import Testing

@testable import FirnStore

/// Daemons that reserve for several sequences in batches, on a store that loses, delays and refuses some of the writes of
/// a batch and not others. Between any two calls of a batch, other daemons make theirs.
@Suite struct SequenceBatchSimulationTests {
    /// A daemon with one keeper for each sequence, and one batch that is in progress.
    private struct Daemon {
        let claims: SequenceClaims
        var sequences: [SequenceSimulatedDaemon]
        var batch = SequenceBatch<Int>()
        var mustRead = false
        /// When the store's present call ends.
        var dueStep = 0

        init(_ claims: SequenceClaims, _ configuration: SequenceKeeper.Configuration, seed: UInt64, count: Int) {
            self.claims = claims
            sequences = (0..<count).map { number in
                SequenceSimulatedDaemon(claims, .plain, configuration, seed: seed &+ UInt64(number), name: "s\(number)")
            }
        }

        /// One call to the store: the writes that are due, or the reads.
        mutating func advance(step: Int, random: inout SeededGenerator) {
            guard step >= dueStep else { return }
            for index in sequences.indices {
                if let reservation = sequences[index].begin(step: step) { batch.add(reservation, for: index) }
            }
            let answered = mustRead ? batch.read(claims) : batch.write(claims, using: &random)
            mustRead.toggle()
            dueStep = step + (random.oneIn(10) ? 20 : 1)
            for (index, outcome) in answered { sequences[index].answer(outcome, dueStep: dueStep) }
        }

        /// Gives back what is held, in one call.
        mutating func giveBack(random: inout SeededGenerator) -> [SequenceReturnOutcome] {
            let rests = sequences.indices.compactMap { index in
                sequences[index].keeper.isTaking ? nil : sequences[index].keeper.rest()
            }
            return claims.giveBack(rests, using: &random)
        }
    }

    /// What a run has to have met, or it shows nothing.
    private struct Coverage {
        var givenBack = 0
        var crashes = 0
    }

    private func configuration(_ seed: Int) -> SequenceKeeper.Configuration {
        var configuration = SequenceKeeper.Configuration()
        configuration.maximumBlock = 200
        configuration.fixedBlock = seed % 4 == 0 ? 1 : seed % 4 == 1 ? 20 : nil
        return configuration
    }

    private func disturb(_ store: MemoryStore, _ random: inout SeededGenerator) {
        // Faults that nothing met are over, or every first write after a quiet time would meet one.
        if random.oneIn(3) {
            store.loseNextAnswers(0)
            store.delayNextWrites(0)
            store.failNext(0)
        }
        if random.oneIn(10) { store.loseNextAnswers(Int.random(in: 1...4, using: &random)) }
        if random.oneIn(12) { store.delayNextWrites(Int.random(in: 1...3, using: &random)) }
        if random.oneIn(10) { store.deliverDelayedWrites() }
        if random.oneIn(20) { store.failNext(Int.random(in: 1...6, using: &random)) }
        if store.isAvailable {
            if random.oneIn(400) { store.isAvailable = false }
        } else if random.oneIn(30) {
            store.isAvailable = true
        }
    }

    @Test(arguments: 0..<60) func noValueOfAnySequenceIsGivenTwice(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let store = MemoryStore()
        let count = 2 + seed % 5
        var ledgers = (0..<count).map { _ in
            var ledger = SequenceLedger(progression: SequenceParameters.plain.progression)
            ledger.isStrict = seed % 4 == 0
            return ledger
        }
        var daemons = [Daemon?](repeating: nil, count: 1 + seed % 3)
        var instance: UInt64 = 0
        var coverage = Coverage()
        var now: Int64 = 0
        for step in 0..<1500 {
            for index in ledgers.indices { ledgers[index].began(step) }
            now += Int64.random(in: 0...100_000_000, using: &random)
            disturb(store, &random)
            for index in daemons.indices {
                guard var daemon = daemons[index] else {
                    instance += 1
                    let claims = SequenceClaims(store: store, holder: holder(instance))
                    daemons[index] = Daemon(claims, configuration(seed), seed: random.next(), count: count)
                    continue
                }
                call(&daemon, step, now, &ledgers, &random)
                daemon.advance(step: step, random: &random)
                for number in ledgers.indices {
                    daemon.sequences[number].deliver(step: step, now: now, &ledgers[number], delay: 1)
                }
                daemons[index] = stop(daemon, &coverage, &random)
            }
        }
        #expect(ledgers.flatMap(\.violations) == [])
        // It must have been worth looking at.
        #expect(ledgers.allSatisfy { $0.given.count > 100 }, "\(ledgers.map(\.given.count))")
        #expect(ledgers.contains { $0.failures > 0 } && coverage.crashes > 1)
        // A strict daemon holds nothing, and after others have written nothing can be given back.
        #expect(coverage.givenBack > 0 || seed % 4 == 0 || daemons.count > 1)
    }

    private func call(
        _ daemon: inout Daemon,
        _ step: Int,
        _ now: Int64,
        _ ledgers: inout [SequenceLedger],
        _ random: inout SeededGenerator
    ) {
        for number in ledgers.indices where random.oneIn(2) {
            let count = random.oneIn(30) ? 300 : UInt32.random(in: 1...5, using: &random)
            daemon.sequences[number].call(count, step: step, now: now, &ledgers[number], delay: 0)
        }
    }

    /// Now and then it dies in the midst of a batch, or gives back what it holds, and begins again or not.
    private func stop(_ daemon: Daemon, _ coverage: inout Coverage, _ random: inout SeededGenerator) -> Daemon? {
        var daemon = daemon
        if random.oneIn(150) {
            coverage.crashes += 1
            return nil
        }
        guard random.oneIn(30) else { return daemon }
        let outcomes = daemon.giveBack(random: &random)
        coverage.givenBack += outcomes.count { $0 == .givenBack }
        return random.oneIn(2) ? nil : daemon
    }
}
