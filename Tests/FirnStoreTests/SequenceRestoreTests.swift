import FirnFiles
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnStore

/// The daemons of one host, whose store is put back to an older copy again and again, and repaired as the documents say.
@Suite struct SequenceRestoreTests {
    let directory = TemporaryDirectory()

    private struct Host {
        let store: MemoryStore
        let state: StateDirectory
        var daemons: [SequenceSimulatedDaemon?]
        var journals: [GrantJournal?]
        var instance: UInt64 = 0

        /// - Returns: whether the store was refused.
        mutating func start(_ index: Int, seed: UInt64) throws -> Bool {
            let journal = try GrantJournal(JournalVersionTests.context, storage: state)
            do throws(StoreError) {
                try journal.verify(store)
            } catch {
                guard error.code == .setBack else { throw error }
                return true
            }
            instance += 1
            journals[index] = journal
            var configuration = SequenceKeeper.Configuration()
            configuration.maximumBlock = 50
            daemons[index] = SequenceSimulatedDaemon(
                SequenceClaims(
                    store: RollbackDetectingStore(store, journal: journal),
                    holder: holder(instance),
                    journal: journal
                ),
                .plain,
                configuration,
                seed: seed
            )
            return false
        }

        /// In order, or as if it were killed.
        mutating func stop(_ index: Int, inOrder: Bool, _ random: inout SeededGenerator) throws {
            if inOrder, var daemon = daemons[index], !daemon.keeper.isTaking {
                _ = daemon.giveBack(random: &random)
                try journals[index]?.persist()
            }
            daemons[index] = nil
            journals[index] = nil
        }
    }

    @Test(arguments: 0..<20) func noValueIsGivenTwice(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let store = MemoryStore()
        let count = 2 + seed % 3
        var host = Host(
            store: store,
            state: try StateDirectory(path: directory.path + "/state"),
            daemons: Array(repeating: nil, count: count),
            journals: Array(repeating: nil, count: count)
        )
        var ledger = SequenceLedger(progression: SequenceParameters.plain.progression)
        var (refusals, restores, now) = (0, 0, Int64(0))
        var backup = store.state.withLock { ($0.records, $0.lastVersion) }
        // What a sequence that the copy does not have leaves out, or has given.
        var settled: UInt64 = 0
        for step in 0..<400 {
            ledger.began(step)
            now += Int64.random(in: 0...300_000_000, using: &random)
            for index in host.daemons.indices {
                guard var daemon = host.daemons[index] else {
                    #expect(try !host.start(index, seed: random.next()), "no store is mistaken for a restored one")
                    continue
                }
                if random.oneIn(2) {
                    daemon.call(UInt32.random(in: 1...5, using: &random), step: step, now: now, &ledger, delay: 1)
                }
                daemon.work(step: step, now: now, &ledger, delay: 1, random: &random)
                host.daemons[index] = daemon
                if random.oneIn(60) { try host.stop(index, inOrder: random.oneIn(2), &random) }
            }
            if random.oneIn(20) {
                backup = store.state.withLock { ($0.records, $0.lastVersion) }
            }
            guard random.oneIn(25) else { continue }
            // Some of them are told to stop a moment before the others: the last writes are any daemon's.
            for index in host.daemons.indices.shuffled(using: &random) {
                try host.stop(index, inOrder: random.oneIn(2), &random)
            }
            let key = SequenceRecord.key("a")
            let reserved = try backup.0[key].map { try SequenceRecord(key: key, text: $0.value).reserved } ?? 0
            store.state.withLock { ($0.records, $0.lastVersion) = backup }
            restores += 1
            let isRefused = try host.start(0, seed: random.next())
            if ledger.highest > max(reserved, settled) {
                #expect(isRefused, "step \(step): values were reserved since the copy, and given")
            }
            guard isRefused else { continue }
            refusals += 1
            let known = try host.state.grants().map(\.limit).max { $0.tick < $1.tick }
            _ = try FloorRecord(
                limit: try #require(known),
                host: "h",
                raisedAtUnixMilliseconds: UInt64(step),
                skippedValues: 10_000
            ).raise(store)
            _ = try SequenceSkip.perform(store, name: "a", count: 10_000)
            #expect(try !host.start(0, seed: random.next()), "after the repair it goes on")
            backup = store.state.withLock { ($0.records, $0.lastVersion) }
            settled = ledger.highest
        }
        #expect(ledger.violations == [])
        #expect(refusals > 1 && restores > 3 && ledger.given.count > 100, "\(refusals) of \(restores)")
    }
}
