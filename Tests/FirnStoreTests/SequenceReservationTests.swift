import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// One write for a block whose record is remembered, and what becomes of each of several in one call.
@Suite struct SequenceReservationTests {
    /// The calls that were made to a store.
    private final class Calls: Sendable {
        private let all = Mutex<[MemoryStore.Operation]>([])

        init(of store: MemoryStore) {
            store.onOperation { [self] operation, key in
                guard key.hasPrefix(SequenceRecord.keyPrefix) else { return }
                all.withLock { $0.append(operation) }
            }
        }

        /// Since it was last asked.
        func take() -> [MemoryStore.Operation] {
            all.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }

    let store = MemoryStore()
    var random = SeededGenerator(seed: 42)

    private func claims(_ instance: UInt64) -> SequenceClaims {
        SequenceClaims(store: store, holder: holder(instance))
    }

    private mutating func take(
        _ instance: UInt64,
        _ count: UInt64 = 10,
        after doubt: SequenceDoubt? = nil,
        newest: SequenceBlock? = nil,
        orCreate parameters: SequenceParameters = .plain
    ) -> SequenceBlockOutcome {
        claims(instance).takeBlock(
            "a",
            count: count,
            for: .tickets,
            orCreate: parameters,
            after: doubt,
            newest: newest,
            using: &random
        )
    }

    /// Makes several reservations together until all are answered.
    private mutating func take(_ reservations: [SequenceReservation], _ instance: UInt64 = 1) -> [SequenceBlockOutcome]
    {
        var batch = SequenceBatch<Int>()
        for (number, reservation) in reservations.enumerated() { batch.add(reservation, for: number) }
        var outcomes: [Int: SequenceBlockOutcome] = [:]
        while !batch.isEmpty {
            for (number, outcome) in batch.write(claims(instance), using: &random) { outcomes[number] = outcome }
            for (number, outcome) in batch.read(claims(instance)) { outcomes[number] = outcome }
        }
        return reservations.indices.compactMap { outcomes[$0] }
    }

    private func reservation(_ name: String, newest: SequenceBlock? = nil) -> SequenceReservation {
        SequenceReservation(name, count: 10, for: .tickets, orCreate: .plain, after: nil, newest: newest)
    }

    private func run(_ first: UInt64, _ count: UInt64 = 10) -> SequenceRun {
        SequenceRun(first: first, count: count, increment: 1)
    }

    // MARK: - One at a time

    @Test mutating func aRememberedRecordIsNotReadAgain() {
        let calls = Calls(of: store)
        var newest: SequenceBlock?
        for round in 0..<5 as Range<UInt64> {
            newest = take(1, newest: newest).block
            #expect(newest?.values == run(10 * round + 1))
            #expect(calls.take() == (round == 0 ? [.read, .write] : [.write]))
        }
    }

    /// While two daemons take turns, each reads first, as a write that is too late costs more. Once one is alone, it stops.
    @Test mutating func whileOthersWriteItIsReadFirst() {
        let calls = Calls(of: store)
        var mine = take(1).block
        var others = take(2).block
        _ = calls.take()
        mine = take(1, newest: mine).block
        #expect(mine?.values.first == 21 && mine?.isContended == true)
        #expect(calls.take() == [.write, .read, .write], "the remembered record was replaced")
        for _ in 0..<3 {
            others = take(2, newest: others).block
            _ = calls.take()
            mine = take(1, newest: mine).block
            #expect(calls.take() == [.read, .write])
        }
        mine = take(1, newest: mine).block
        #expect(calls.take() == [.read, .write] && mine?.isContended == false)
        mine = take(1, newest: mine).block
        #expect(calls.take() == [.write])
        #expect(mine?.values.first == 101)
    }

    /// Nothing is written over the remembered record before it is known what became of the last write.
    @Test mutating func whatIsInDoubtIsReadFirst() {
        let newest = take(1).block
        store.delayNextWrites(1)
        guard case .failed(_, let doubt?) = take(1, newest: newest) else { return #expect(Bool(false)) }
        let calls = Calls(of: store)
        store.deliverDelayedWrites()
        #expect(take(1, 99, after: doubt, newest: newest).values == run(11), "it arrived")
        #expect(calls.take() == [.read])
    }

    @Test mutating func atItsEndItIsReadBecauseOthersMayHaveGivenValuesBack() throws {
        let parameters = try SequenceParameters(kind: .plain, maximum: 30)
        _ = take(1, orCreate: parameters)
        let others = try #require(take(2).block)
        let last = try #require(take(1, orCreate: parameters).block)
        #expect(last.isLast && last.values == run(21))
        #expect(take(1, newest: last).isExhausted)
        #expect(claims(1).giveBack(SequenceRest(newest: last, firstUnused: 25), using: &random) == .givenBack)
        #expect(take(1, newest: last).values == run(25, 6))
        #expect(claims(2).giveBack(SequenceRest(newest: others, firstUnused: 12), using: &random) == .conflict)
    }

    /// A restored store gives versions again. The remembered record has the version of another daemon's, not its text.
    @Test mutating func aRememberedVersionOfARestoredStoreIsNotEnough() {
        let backup = store.state.withLock { ($0.records, $0.lastVersion) }
        let mine = take(1).block
        store.state.withLock { ($0.records, $0.lastVersion) = backup }
        let others = take(2, 40).block
        #expect(others?.version == mine?.version)
        #expect(take(1, newest: mine).values == run(41))
    }

    /// The first write of a sequence is lost with the store. After the repair the sequence begins above what was skipped, and
    /// the second write's values begin there too, though a write that expected the same is in doubt.
    @Test mutating func aDoubtFromBeforeARepairDoesNotMoveTheBeginning() throws {
        store.delayNextWrites(1)
        guard case .failed(_, let doubt?) = take(1) else { return #expect(Bool(false)) }
        let floor = FloorRecord(
            limit: StoreInstant(tick: 1, unixMilliseconds: 1),
            host: "h",
            raisedAtUnixMilliseconds: 1,
            skippedValues: 1000
        )
        _ = try floor.raise(store)
        store.loseNextAnswers(1)
        #expect(take(1, after: doubt).values == run(1001), "read back after its answer was lost")
    }

    // MARK: - Several in one call

    @Test mutating func eachHasItsOwnResult() throws {
        for name in ["lost", "late", "known", "refused", "theirs"] { _ = take([reservation(name)]) }
        var theirs: SequenceBlock?
        var known: [String: SequenceBlock] = [:]
        for name in ["lost", "late", "known", "refused", "theirs"] { known[name] = take([reservation(name)])[0].block }
        theirs = take([reservation("theirs")], 2)[0].block
        #expect(theirs?.values == run(21))
        _ = try store.write("sequences/broken", "edited by hand", ifVersion: nil)
        let writes = Mutex<[String: Int]>([:])
        store.onOperation { [unowned store] operation, key in
            guard operation == .write,
                writes.withLock({
                    $0[key, default: 0] += 1; return $0[key]
                }) == 1
            else { return }
            switch key {
            case "sequences/lost": store.loseNextAnswers(1)
            case "sequences/late": store.delayNextWrites(1)
            case "sequences/refused": store.failNext(1)
            default: break
            }
        }
        let names = ["lost", "late", "known", "new", "refused", "theirs", "broken"]
        let outcomes = take(names.map { reservation($0, newest: known[$0]) })
        #expect(outcomes[0].values == run(21), "read back")
        guard case .failed(let late, let doubt?) = outcomes[1] else { return #expect(Bool(false)) }
        #expect(late.message.contains("late") && doubt.writeTokens.count == 1)
        #expect(outcomes[2].values == run(21))
        #expect(outcomes[3].values == run(1))
        guard case .failed(let refused, .some) = outcomes[4] else { return #expect(Bool(false)) }
        #expect(refused.message.contains("refused"))
        #expect(outcomes[5].values == run(31) && outcomes[5].block?.isContended == true)
        guard case .failed(let broken, nil) = outcomes[6] else { return #expect(Bool(false)) }
        #expect(broken.code == .corrupt && broken.message.contains("sequences/broken"))
    }

    /// One that is written by others again and again takes part in call after call; what came with it does not.
    @Test mutating func aContendedOneKeepsNoOthers() {
        let rival = claims(9)
        let depth = Atomic(0)
        store.onOperation { operation, key in
            guard operation == .write, key == "sequences/a", depth.exchange(1, ordering: .relaxed) == 0 else { return }
            var random = SeededGenerator(seed: 7)
            _ = rival.takeBlock("a", count: 1, for: .tickets, orCreate: .plain, after: nil, using: &random)
            depth.store(0, ordering: .relaxed)
        }
        var batch = SequenceBatch<String>()
        for name in ["a", "b", "c"] { batch.add(reservation(name), for: name) }
        #expect(batch.write(claims(1), using: &random).isEmpty && batch.read(claims(1)).isEmpty)
        #expect(batch.write(claims(1), using: &random).map(\.job) == ["b", "c"])
        // And others join it.
        batch.add(reservation("d"), for: "d")
        #expect(batch.read(claims(1)).isEmpty)
        #expect(batch.write(claims(1), using: &random).map(\.job) == ["d"])
        for _ in 0..<20 where !batch.isEmpty {
            _ = batch.read(claims(1))
            guard let answered = batch.write(claims(1), using: &random).first else { continue }
            guard case .failed(let error, nil) = answered.outcome else { return #expect(Bool(false)) }
            #expect(answered.job == "a" && error.message.contains("--sequence-block"))
        }
        #expect(batch.isEmpty, "it ends")
    }

    /// A name for tickets and for prefixes: the store has one of them, and no call has two writes of one record.
    @Test mutating func aNameForTwoUsesIsWrittenOnceInACall() {
        let prefix = SequenceReservation("a", count: 1, for: .prefixes, orCreate: .prefix, after: nil)
        let outcomes = take([reservation("a"), prefix])
        #expect(outcomes[0].values == run(1) && outcomes[1] == .otherUse(.plain))
    }

    @Test mutating func aBatchHasALimit() {
        var batch = SequenceBatch<Int>()
        for number in 0..<SequenceClaims.maximumBatch { batch.add(reservation("s\(number)"), for: number) }
        #expect(batch.room == 0)
        _ = batch.read(claims(1))
        #expect(batch.room == 0)
        #expect(batch.write(claims(1), using: &random).map(\.job) == Array(0..<SequenceClaims.maximumBatch))
        #expect(batch.room == SequenceClaims.maximumBatch)
    }

    @Test mutating func restsAreGivenBackTogetherAndEachByItself() throws {
        let blocks = take(["a", "b", "c"].map { reservation($0) }).compactMap(\.block)
        _ = take([reservation("b")], 2)
        store.onOperation { [unowned store] operation, key in if key == "sequences/c" { store.failNext(1) } }
        let outcomes = claims(1).giveBack(
            blocks.map { SequenceRest(newest: $0, firstUnused: 4) },
            using: &random
        )
        #expect(outcomes[0] == .givenBack && outcomes[1] == .conflict)
        guard case .failed(let error) = outcomes[2] else { return #expect(Bool(false)) }
        #expect(error.message.contains("sequences/c"))
        store.onOperation(nil)
        #expect(try ["a", "b", "c"].map { try claims(1).readSequence($0)?.record.reserved } == [3, 20, 10])
    }

    // MARK: - When a keeper remembers

    @Test mutating func aKeeperRemembersItsLastBlockUntilSomethingSpeaksAgainstIt() {
        var keeper = SequenceKeeper(configuration: .init(), jitterSeed: 1)
        #expect(keeper.lastWritten == nil)
        _ = keeper.take(1, now: 0)
        let outcome = take(1)
        _ = keeper.blockAnswered(outcome, now: 0)
        #expect(keeper.lastWritten == outcome.block)
        keeper.storeSetBack()
        #expect(keeper.lastWritten == nil, "set back")
        _ = keeper.take(1, now: 0)
        _ = keeper.blockAnswered(take(1), now: 0)
        #expect(keeper.lastWritten != nil)
        _ = keeper.rest()
        #expect(keeper.lastWritten == nil, "given back")
        _ = keeper.take(1, now: 0)
        _ = keeper.blockAnswered(take(1), now: 0)
        _ = keeper.take(20, now: 0)
        let error = StoreError(code: .unavailable, message: "away")
        _ = keeper.blockAnswered(.failed(error, nil), now: 0)
        #expect(keeper.lastWritten == nil, "after a failure")
    }
}
