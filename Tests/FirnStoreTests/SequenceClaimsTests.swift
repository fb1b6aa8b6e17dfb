import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

@Suite struct SequenceClaimsTests {
    let store = MemoryStore()
    var random = SeededGenerator(seed: 42)

    func claims(_ instance: UInt64) -> SequenceClaims {
        SequenceClaims(store: store, holder: holder(instance))
    }

    mutating func take(
        _ instance: UInt64,
        _ count: UInt64,
        after doubt: SequenceDoubt? = nil,
        orCreate parameters: SequenceParameters? = .plain
    ) -> SequenceBlockOutcome {
        claims(instance).takeBlock(
            "a",
            count: count,
            for: .tickets,
            orCreate: parameters,
            after: doubt,
            using: &random
        )
    }

    mutating func create(_ parameters: SequenceParameters, _ instance: UInt64 = 1) -> SequenceCreation {
        claims(instance).create("a", parameters, using: &random)
    }

    func reserved() throws -> UInt64? { try claims(0).readSequence("a")?.record.reserved }

    @Test mutating func blocksFollowEachOther() throws {
        #expect(take(1, 10).values == SequenceRun(first: 1, count: 10, increment: 1))
        #expect(take(2, 5).values == SequenceRun(first: 11, count: 5, increment: 1))
        #expect(take(1, 1).values == SequenceRun(first: 16, count: 1, increment: 1))
        #expect(try reserved() == 16)
    }

    @Test mutating func unknownSequenceIsMadeOnlyWhereAllowed() throws {
        #expect(take(1, 1, orCreate: nil) == .unknown)
        #expect(try store.list(prefix: "").isEmpty)
        #expect(take(1, 1).values?.first == 1)
        #expect(take(1, 1, orCreate: nil).values?.first == 2)
    }

    @Test mutating func aNameHasOneUse() {
        _ = create(.prefix)
        #expect(take(1, 1) == .otherUse(.prefix))
    }

    @Test mutating func aBlockIsShortenedAtTheMaximumAndThenThereIsNone() throws {
        let parameters = try SequenceParameters(kind: .plain, increment: 3, offset: 2, maximum: 10)
        let block = take(1, 1000, orCreate: parameters).block
        #expect(block?.values == SequenceRun(first: 2, count: 3, increment: 3) && block?.isLast == true)
        guard case .exhausted(let record) = take(2, 1) else { return #expect(Bool(false)) }
        #expect(record.reserved == 8 && record.progression.maximum == 10)
    }

    @Test mutating func theLastOf64BitsIsGivenAndNothingAfterIt() throws {
        let parameters = try SequenceParameters(kind: .plain, start: UInt64.max - 1, maximum: UInt64.max)
        #expect(take(1, UInt64.max, orCreate: parameters).values?.last == UInt64.max)
        #expect(take(1, 1).isExhausted)
    }

    @Test mutating func creationIsIdempotentAndOtherwiseRefused() throws {
        let flickr = try SequenceParameters(kind: .plain, increment: 2, offset: 0)
        guard case .created = create(flickr) else { return #expect(Bool(false)) }
        let version = try store.read("sequences/a")?.version
        guard case .existed = create(flickr, 2) else { return #expect(Bool(false)) }
        #expect(try store.read("sequences/a")?.version == version)
        let others = try [
            .plain, .prefix, SequenceParameters(kind: .pinterest(shard: 1, type: 1), increment: 2, offset: 0),
            SequenceParameters(kind: .plain, increment: 2, offset: 1),
            SequenceParameters(kind: .plain, increment: 2, offset: 0, maximum: 100),
        ]
        for other in others {
            guard case .differs(let record) = create(other) else { return #expect(Bool(false)) }
            #expect(record.hasForm(of: flickr))
        }
    }

    @Test mutating func aStartOnlyRises() throws {
        let from100 = try SequenceParameters(kind: .plain, start: 100)
        guard case .created = create(from100) else { return #expect(Bool(false)) }
        #expect(take(1, 50).values?.first == 100)
        guard case .existed = create(from100) else { return #expect(Bool(false)) }
        guard case .existed = create(.plain) else { return #expect(Bool(false)) }
        for low in [1, 99, 101, 149] as [UInt64] {
            let parameters = try SequenceParameters(kind: .plain, start: low)
            guard case .startTooLow(let record) = create(parameters) else { return #expect(Bool(false), "\(low)") }
            #expect(record.reserved == 149 && record.start == 100)
        }
        for high in [150, 7000] as [UInt64] {
            let parameters = try SequenceParameters(kind: .plain, start: high)
            guard case .startRaised = create(parameters) else { return #expect(Bool(false)) }
            #expect(try reserved() == high - 1)
        }
        #expect(take(1, 50).values?.first == 7000)
    }

    @Test mutating func creationSurvivesALostAnswerAndARival() throws {
        store.loseNextAnswers(1)
        guard case .created = create(.plain) else { return #expect(Bool(false)) }
        store.loseNextAnswers(1)
        guard case .startRaised = create(try SequenceParameters(kind: .plain, start: 9)) else {
            return #expect(Bool(false))
        }
        store.delayNextWrites(1)
        let from20 = try SequenceParameters(kind: .plain, start: 20)
        guard case .failed = create(from20) else { return #expect(Bool(false)) }
        #expect(take(2, 5).values?.first == 9)
        store.deliverDelayedWrites()
        #expect(try reserved() == 13, "too late")
        let isFirst = OnceFlag()
        let rival = claims(9)
        store.onOperation { operation, _ in
            guard operation == .write, isFirst.take() else { return }
            var random = SeededGenerator(seed: 7)
            guard case .startRaised = rival.create("a", from20, using: &random) else { return #expect(Bool(false)) }
        }
        guard case .startTooLow = create(try SequenceParameters(kind: .plain, start: 15)) else {
            return #expect(Bool(false))
        }
        store.isAvailable = false
        guard case .failed = create(from20) else { return #expect(Bool(false)) }
    }

    @Test mutating func aLostAnswerIsKnownAgain() throws {
        store.loseNextAnswers(1)
        #expect(take(1, 10).values == SequenceRun(first: 1, count: 10, increment: 1), "read back in the same call")
        let isFirst = OnceFlag()
        store.onOperation { [unowned store] operation, _ in
            if operation == .write { store.loseNextAnswers(1) }
            if operation == .read, !isFirst.take() { store.failNext(1) }
        }
        guard case .failed(_, let doubt?) = take(1, 10) else { return #expect(Bool(false)) }
        store.onOperation(nil)
        store.failNext(0)
        #expect(take(1, 99, after: doubt).values == SequenceRun(first: 11, count: 10, increment: 1))
        #expect(take(1, 1).values?.first == 21)
    }

    @Test mutating func aLateWriteIsFoundOrCannotArrive() throws {
        _ = take(1, 10)
        store.delayNextWrites(1)
        guard case .failed(_, let doubt?) = take(1, 10) else { return #expect(Bool(false)) }
        store.delayNextWrites(1)
        guard case .failed(_, let twice?) = take(1, 5, after: doubt) else { return #expect(Bool(false)) }
        #expect(twice.writeTokens.count == 2)
        store.deliverDelayedWrites()
        #expect(take(1, 3, after: twice).values == SequenceRun(first: 11, count: 10, increment: 1), "the first arrived")
        store.delayNextWrites(1)
        guard case .failed(_, let third?) = take(1, 10) else { return #expect(Bool(false)) }
        #expect(take(2, 1).values?.first == 21)
        store.deliverDelayedWrites()
        #expect(take(1, 1, after: third).values?.first == 22)
        #expect(try reserved() == 22)
    }

    /// A store that was restored gives versions again, here the one of the block that is given back.
    @Test mutating func aBlockIsNotGivenBackOverAnothersOfTheSameVersion() throws {
        let backup = store.state.withLock { ($0.records, $0.lastVersion) }
        guard case .taken(let block) = take(1, 10) else { return #expect(Bool(false)) }
        store.state.withLock { ($0.records, $0.lastVersion) = backup }
        guard case .taken(let others) = take(2, 40) else { return #expect(Bool(false)) }
        #expect(others.version == block.version)
        let rest = SequenceRest(newest: block, firstUnused: block.values.first)
        var random = SeededGenerator(seed: 1)
        #expect(claims(1).giveBack(rest, using: &random) == .conflict)
        #expect(try reserved() == 40)
    }

    @Test mutating func aWriteThatSomebodyWentOnFromIsAGap() throws {
        // The second time that the sequence's record is read, to see what became of the write.
        let reads = Atomic(0)
        store.loseNextAnswers(1)
        store.onOperation { [unowned store] operation, key in
            guard operation == .read, key.hasPrefix(SequenceRecord.keyPrefix) else { return }
            if reads.add(1, ordering: .relaxed).newValue == 2 { store.failNext(1) }
        }
        guard case .failed(_, let doubt?) = take(1, 10) else { return #expect(Bool(false)) }
        store.onOperation(nil)
        #expect(take(2, 5).values?.first == 11)
        #expect(take(1, 5, after: doubt).values?.first == 16)
    }

    @Test mutating func aCloneWithTheSameInstanceIsNotMistakenForUs() {
        guard case .taken = take(1, 10) else { return #expect(Bool(false)) }
        store.delayNextWrites(1)
        guard case .failed(_, let doubt?) = take(1, 10) else { return #expect(Bool(false)) }
        #expect(take(1, 10).values?.first == 11, "the clone")
        #expect(take(1, 10, after: doubt).values?.first == 21)
    }

    @Test mutating func ofTwoFirstCreatorsBothFindOneSequence() throws {
        let isFirst = OnceFlag()
        let rival = claims(9)
        let results = Mutex<[SequenceRun?]>([])
        store.onOperation { operation, key in
            guard operation == .write, isFirst.take() else { return }
            var random = SeededGenerator(seed: 7)
            let outcome = rival.takeBlock(
                "a",
                count: 4,
                for: .tickets,
                orCreate: .plain,
                after: nil,
                using: &random
            )
            results.withLock { $0.append(outcome.values) }
        }
        #expect(take(1, 4).values == SequenceRun(first: 5, count: 4, increment: 1))
        #expect(results.withLock { $0 } == [SequenceRun(first: 1, count: 4, increment: 1)])
    }

    @Test mutating func aRestIsGivenBackOnlyIfNobodyWentOn() throws {
        let block = try #require(take(1, 10).block)
        let rest = SequenceRest(newest: block, firstUnused: 4)
        #expect(claims(1).giveBack(rest, using: &random) == .givenBack)
        #expect(try reserved() == 3)
        #expect(claims(1).giveBack(rest, using: &random) == .conflict, "once")
        let mine = try #require(take(1, 10).block)
        #expect(mine.values.first == 4)
        _ = take(2, 1)
        #expect(claims(1).giveBack(SequenceRest(newest: mine, firstUnused: 5), using: &random) == .conflict)
        let newest = try #require(take(1, 10).block)
        _ = create(try SequenceParameters(kind: .plain, start: 1000))
        #expect(claims(1).giveBack(SequenceRest(newest: newest, firstUnused: 15), using: &random) == .conflict)
        #expect(try reserved() == 999)
        store.isAvailable = false
        guard case .failed = claims(1).giveBack(SequenceRest(newest: newest, firstUnused: 15), using: &random)
        else { return #expect(Bool(false)) }
    }

    @Test mutating func aRestNeverGoesBelowTheStart() throws {
        _ = take(1, 10)
        _ = create(try SequenceParameters(kind: .plain, start: 11))
        let block = try #require(take(1, 10).block)
        #expect(claims(1).giveBack(SequenceRest(newest: block, firstUnused: 5), using: &random) == .givenBack)
        #expect(try reserved() == 10)
    }

    @Test mutating func endlessConflictsEnd() {
        let rival = claims(9)
        let depth = Atomic(0)
        store.onOperation { operation, _ in
            guard operation == .write, depth.exchange(1, ordering: .relaxed) == 0 else { return }
            var random = SeededGenerator(seed: 7)
            _ = rival.takeBlock("a", count: 1, for: .tickets, orCreate: .plain, after: nil, using: &random)
            depth.store(0, ordering: .relaxed)
        }
        guard case .failed(let error, nil) = take(1, 1) else { return #expect(Bool(false)) }
        #expect(error.code == .unavailable && error.message.contains("--sequence-block"))
    }

    @Test mutating func listNamesThemInOrder() throws {
        for name in ["b", "a.b", "A"] { _ = claims(1).create(name, .plain, using: &random) }
        #expect(try claims(1).list().map(\.name) == ["A", "a.b", "b"])
        _ = try store.write("sequences/c", "what", ifVersion: nil)
        #expect(throws: StoreError.self) { try claims(1).list() }
    }

    @Test(arguments: StoreUnderTest.allCases) func blocksOfManyNeverOverlap(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let runs = Mutex<[SequenceRun]>([])
        onThreads(8) { index in
            var random = SeededGenerator(seed: UInt64(index))
            let claims = SequenceClaims(store: store, holder: holder(UInt64(index)))
            for _ in 0..<20 {
                let count = UInt64.random(in: 1...9, using: &random)
                let outcome = claims.takeBlock(
                    "a",
                    count: count,
                    for: .tickets,
                    orCreate: .plain,
                    after: nil,
                    using: &random
                )
                if let values = outcome.values { runs.withLock { $0.append(values) } }
            }
        }
        let sorted = runs.withLock { $0.sorted { $0.first < $1.first } }
        #expect(sorted.first?.first == 1 && sorted.count > 20)
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.isFollowed(by: $1) })
    }
}

extension SequenceBlockOutcome {
    var block: SequenceBlock? { if case .taken(let block) = self { block } else { nil } }
    var values: SequenceRun? { block?.values }
    var isExhausted: Bool { if case .exhausted = self { true } else { false } }
}
