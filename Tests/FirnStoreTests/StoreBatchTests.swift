import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// Several reads and writes in one call: what every store has to do.
@Suite struct StoreBatchTests {
    private func writes(_ keys: [String], _ value: String = "1", ifVersion: UInt64? = nil) -> [StoreWrite] {
        keys.map { StoreWrite(key: $0, value: "\(value) of \($0)", ifVersion: ifVersion) }
    }

    @Test(arguments: StoreUnderTest.allCases) func nothingIsDoneForNothing(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        #expect(store.read([]).isEmpty && store.write([]).isEmpty)
        #expect(try store.list(prefix: "").isEmpty)
    }

    @Test(arguments: StoreUnderTest.allCases, [1, 2, 64, 65, 1000])
    func allAreWrittenAndReadInTheirOrder(_ kind: StoreUnderTest, _ count: Int) throws {
        let store = try kind.make()
        let before = try store.write("before", "1", ifVersion: nil).version
        let keys = (0..<count).map { "many/\(count - $0)" }
        let outcomes = try store.write(writes(keys)).map { try $0.get() }
        #expect(outcomes.count == count)
        let versions = outcomes.compactMap(\.version)
        #expect(try versions.count == count && versions.min()! > #require(before))
        #expect(try store.highestVersion() >= versions.max()!)
        let stored = try store.read(keys + ["none"]).map { try $0.get() }
        #expect(stored.count == count + 1 && stored.last == .some(nil))
        for (index, key) in keys.enumerated() {
            #expect(stored[index] == StoredValue(value: "1 of \(key)", version: versions[index]))
        }
        #expect(try store.read(keys[count - 1]) == stored[count - 1])
        let next = try #require(try store.write("after", "1", ifVersion: nil).version)
        #expect(next > versions.max()!)
    }

    /// Each is compared by itself: those before and after a conflict are written.
    @Test(arguments: StoreUnderTest.allCases) func conflictsStopNoOthers(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let there = (0..<100).filter { $0 % 3 == 0 }.map { "a/\($0)" }
        let versions = try store.write(writes(there)).map { try #require(try $0.get().version) }
        let known = Dictionary(uniqueKeysWithValues: zip(there, versions))
        let expected: [UInt64?] = [nil, 0, UInt64.max, versions.max()! + 1]
        let batch = (0..<100).map { number in
            let key = "a/\(number)"
            // Of those that are there, every second one is written at its version.
            let version = number % 6 == 0 ? known[key] : number % 3 == 0 ? expected[number % 4] : nil
            return StoreWrite(key: key, value: "2", ifVersion: version)
        }
        for (number, result) in store.write(batch).enumerated() {
            let isWritten = number % 6 == 0 || number % 3 != 0
            #expect(try (result.get() != .conflict) == isWritten, "\(number)")
            #expect(try store.read("a/\(number)")?.value == (isWritten ? "2" : "1 of a/\(number)"))
        }
    }

    @Test(arguments: StoreUnderTest.allCases) func onlyConflictsChangeNothing(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let keys = (0..<70).map { "a/\($0)" }
        #expect(try store.write(writes(keys, ifVersion: 7)).allSatisfy { try $0.get() == .conflict })
        #expect(try store.list(prefix: "").isEmpty)
    }

    /// A restored store gives versions again: the value decides.
    @Test(arguments: StoreUnderTest.allCases) func theValueIsComparedToo(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let first = try store.write(writes(["a", "b", "c"])).map { try #require(try $0.get().version) }
        let outcomes = store.write([
            StoreWrite(key: "a", value: "2", ifVersion: first[0], ifValue: "1 of a"),
            StoreWrite(key: "b", value: "2", ifVersion: first[1], ifValue: "1 of a"),
            StoreWrite(key: "c", value: "2", ifVersion: first[2], ifValue: "1 of c"),
            StoreWrite(key: "d", value: "2", ifVersion: nil, ifValue: "1 of d"),
        ])
        #expect(try outcomes.map { try $0.get() != .conflict } == [true, false, true, false])
        #expect(try store.read(["a", "b", "c", "d"]).map { try $0.get()?.value } == ["2", "1 of b", "2", nil])
    }

    @Test(arguments: StoreUnderTest.allCases) func largeValuesGoThroughTogether(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        // More in all than one request to etcd may have.
        let value = String(repeating: "0123456789abcdef", count: 12_000)
        let keys = (0..<12).map { "large/\($0)" }
        let outcomes = store.write(keys.map { StoreWrite(key: $0, value: value, ifVersion: nil) })
        #expect(try outcomes.allSatisfy { try $0.get() != .conflict })
        #expect(try store.read(keys).allSatisfy { try $0.get()?.value == value })
    }

    /// Threads that increment the same counters, some of each thread's in one call: all increments are counted.
    @Test(arguments: StoreUnderTest.allCases) func batchesOfSeveralThreadsAreAllCounted(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let keys = (0..<80).map { "n/\($0)" }
        _ = store.write(keys.map { StoreWrite(key: $0, value: "0", ifVersion: nil) })
        let failures = Mutex<[String]>([])
        onThreads(4) { index in
            // Its own order, so that batches meet in their middles.
            var left = Dictionary(uniqueKeysWithValues: keys.map { ($0, 5) })
            while !left.isEmpty {
                let batch = Array(left.keys.prefix(70))
                do {
                    let stored = try store.read(batch).map { try $0.get()! }
                    let outcomes = store.write(
                        zip(batch, stored).map { key, stored in
                            let next = String(Int(stored.value)! + 1)
                            return StoreWrite(key: key, value: next, ifVersion: stored.version, ifValue: stored.value)
                        }
                    )
                    for (key, outcome) in zip(batch, outcomes) {
                        if try outcome.get() == .conflict {
                            continue
                        } else {
                            left[key] = left[key] == 1 ? nil : left[key]! - 1
                        }
                    }
                } catch {
                    failures.withLock { $0.append("\(index): \(error)") }
                    return
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try store.list(prefix: "n/").allSatisfy { $0.value == "20" })
    }
}

/// What becomes of each write of a call by itself, and what a journal notices in them.
@Suite struct StoreBatchFaultTests {
    let store = MemoryStore()
    let journal: GrantJournal

    init() throws {
        journal = try GrantJournal(
            GrantJournal.Context(storeID: 1, storeName: "memory", unixMilliseconds: { $0 }, text: { "T\($0)" })
        )
    }

    private var detector: RollbackDetectingStore { RollbackDetectingStore(store, journal: journal) }

    private func new(_ keys: [String]) -> [StoreWrite] {
        keys.map { StoreWrite(key: $0, value: "1", ifVersion: nil) }
    }

    @Test func eachWriteOfACallIsLostOrLateByItself() throws {
        let writes = Atomic(0)
        store.onOperation { [unowned store] operation, _ in
            guard operation == .write else { return }
            switch writes.add(1, ordering: .relaxed).newValue {
            case 2: store.delayNextWrites(1)
            case 3: store.loseNextAnswers(1)
            case 4: store.failNext(1)
            default: break
            }
        }
        let results = store.write(new(["a", "b", "c", "d", "e"]))
        #expect(results.map { (try? $0.get()) != nil } == [true, false, false, false, true])
        store.onOperation(nil)
        #expect(
            try store.read(["a", "b", "c", "d", "e"]).map { try $0.get() != nil } == [true, false, true, false, true]
        )
        store.deliverDelayedWrites()
        #expect(try store.read("b")?.value == "1")
    }

    /// The store is restored before the last of three writes: it gives a version again. The second one's version was above
    /// all that were known when the call began, and is not used either.
    @Test func ifOneShowsThatTheStoreWasSetBackNoneIsUsed() throws {
        let detector = detector
        for key in ["x", "y", "z"] { _ = try detector.write(key, "1", ifVersion: nil) }
        let writes = Atomic(0)
        store.onOperation { [unowned store] operation, _ in
            guard operation == .write, writes.add(1, ordering: .relaxed).newValue == 2 else { return }
            store.state.withLock { ($0.records, $0.lastVersion) = ([:], 2) }
        }
        let results = detector.write(new(["sequences/a", "sequences/b", "sequences/c"]))
        store.onOperation(nil)
        #expect(try store.read("sequences/b")?.version == 3 && store.read("sequences/c")?.version == 4)
        for result in results {
            let error = #expect(throws: StoreError.self) { try result.get() }
            #expect(error?.code == .setBack)
        }
        #expect(journal.setBackError != nil)
        // And nothing more is written.
        let version = try store.highestVersion()
        #expect(detector.write(new(["d"])).allSatisfy { (try? $0.get()) == nil })
        #expect(try store.highestVersion() == version)
    }

    /// A write that got no answer arrives in the restored store, and is read with others.
    @Test func aLateWriteInAStoreThatWasSetBackIsRefusedWhenItIsRead() throws {
        let detector = detector
        for key in ["x", "y"] { _ = try detector.write(key, "1", ifVersion: nil) }
        store.delayNextWrites(1)
        #expect((try? detector.write(new(["sequences/a"]))[0].get()) == nil)
        store.state.withLock { ($0.records, $0.lastVersion) = ([:], 0) }
        store.deliverDelayedWrites()
        let results = detector.read(["x", "sequences/a"])
        #expect(try results[0].get() == nil)
        let error = #expect(throws: StoreError.self) { try results[1].get() }
        #expect(error?.code == .setBack)
    }

    @Test func versionsThatAreReadAreRemembered() throws {
        _ = store.write(new(["a", "b"]))
        #expect(try detector.read(["a", "b", "none"]).map { try $0.get()?.version } == [1, 2, nil])
        store.state.withLock { ($0.records, $0.lastVersion) = ([:], 1) }
        let error = #expect(throws: StoreError.self) { try detector.write("c", "1", ifVersion: nil) }
        #expect(error?.code == .setBack)
    }
}
