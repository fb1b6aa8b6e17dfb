import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

@Suite struct WorkerLeasesTests {
    let store = MemoryStore()
    var random = SeededGenerator(seed: 7)

    /// The leases of one of the store's daemons.
    func daemon(_ instance: UInt64 = 100, journal: GrantJournal? = nil, maximumTick: UInt64 = 1 << 40) -> WorkerLeases {
        let claims = WorkerClaims(
            store: store,
            holder: holder(instance),
            maximumWorker: 1,
            maximumTick: maximumTick,
            windowTicks: 30,
            journal: journal
        )
        return WorkerLeases(claims: claims, maximumWindowTicks: 200)
    }

    func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }

    mutating func lease(_ instance: UInt64 = 1, at tick: UInt64 = 1000, window: UInt64 = 100) throws -> WorkerLease {
        let outcome = try daemon().lease(
            to: "orders",
            holder: holder(instance),
            windowTicks: window,
            notBefore: 0,
            at: at(tick),
            using: &random
        )
        return try #require(outcome.lease)
    }

    func record(_ worker: UInt32) throws -> WorkerRecord {
        let stored = try #require(try store.read(WorkerRecord.key(worker)))
        return try WorkerRecord(key: WorkerRecord.key(worker), text: stored.value)
    }

    @Test mutating func aLeaseIsTheRecordOfItsHolder() throws {
        let lease = try lease()
        let record = try record(lease.worker)
        #expect(record.lessee == "orders" && record.holder == holder(1) && record.generation == lease.generation)
        #expect(record.writeToken == lease.token && lease.instance == holder(1).instance)
        #expect(lease.firstTick == 1000 && lease.limit == 1100 && record.limit == 1100)
    }

    @Test mutating func noLeaseIsLongerThanTheLongest() throws {
        #expect(try lease(window: 5000).limit == 1200)
        let other = try lease(2)
        let extended = try daemon().extend(other, orAt: [], token: 5, toLimit: 9000, at: at(1010)).lease
        #expect(extended?.limit == 1210)
    }

    @Test mutating func noLeasePassesTheLayoutsEnd() throws {
        let leases = daemon(maximumTick: 1049)
        let outcome = try leases.lease(
            to: "orders",
            holder: holder(1),
            windowTicks: 100,
            notBefore: 0,
            at: at(1000),
            using: &random
        )
        let lease = try #require(outcome.lease)
        #expect(lease.limit == 1050)
        #expect(try leases.extend(lease, orAt: [], token: 5, toLimit: 1100, at: at(1040)).lease?.limit == 1050)
    }

    @Test mutating func whenAllWorkersAreTakenThereIsNone() throws {
        _ = try lease(1)
        _ = try lease(2)
        let third = try daemon().lease(
            to: "orders",
            holder: holder(3),
            windowTicks: 100,
            notBefore: 0,
            at: at(1000),
            using: &random
        )
        #expect(third == .refused(.noneFree(freeAtTick: 1100, TakenWorkers(held: 2))))
    }

    /// It may have been written: the worker is taken, and no holder is told that all were.
    @Test mutating func aLeaseWithoutAnAnswerHasFailedAndItsWorkerIsTaken() throws {
        store.loseNextAnswers(1)
        let error = #expect(throws: StoreError.self) { _ = try lease() }
        #expect(error?.code == .unavailable)
        let second = try lease(2)
        #expect(try record(1 - second.worker).holder == holder(1))
    }

    @Test mutating func anyDaemonExtendsALease() throws {
        var lease = try lease()
        for (daemon, tick) in zip([daemon(200), daemon(300), daemon(200)], [1030, 1060, 1090] as [UInt64]) {
            let outcome = try daemon.extend(lease, orAt: [], token: tick, toLimit: tick + 100, at: at(tick))
            lease = try #require(outcome.lease)
            #expect(lease.limit == tick + 100 && lease.token == tick)
        }
        #expect(try record(lease.worker).limit == 1190)
    }

    @Test mutating func anExtensionIsAppliedOnceHoweverOftenItIsSent() throws {
        let lease = try lease()
        let first = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050)).lease
        let again = try daemon(200).extend(lease, orAt: [], token: 5, toLimit: 1160, at: at(1060)).lease
        #expect(first?.limit == 1150 && again == first)
    }

    /// The write arrived, and its answer did not: the holder names its token with the next extension.
    @Test mutating func anExtensionGoesOnAfterOneWithoutAnAnswer() throws {
        let lease = try lease()
        _ = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        let next = try daemon().extend(lease, orAt: [5], token: 6, toLimit: 1160, at: at(1060)).lease
        #expect(next?.limit == 1160)
        // And where it did not arrive.
        let other = try self.lease(2)
        #expect(try daemon().extend(other, orAt: [7], token: 8, toLimit: 1160, at: at(1060)).lease?.limit == 1160)
    }

    /// A forked child, or a machine that was cloned, has all that its original has.
    @Test mutating func ofTwoProcessesWithOneLeaseTheSecondLosesIt() throws {
        let lease = try lease()
        let original = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        let copy = try daemon().extend(lease, orAt: [], token: 6, toLimit: 1170, at: at(1055))
        #expect(original.lease != nil && copy.isLost)
        #expect(try record(lease.worker).limit == 1150)
        #expect(try daemon().release(lease, orAt: [], firstUnusedTick: 1056, at: at(1056)).isLost)
        #expect(try record(lease.worker).limit == 1150)
    }

    @Test mutating func anExtensionNeverLowersTheLimit() throws {
        let lease = try lease()
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 1, at: at(1050)).lease?.limit == 1100)
    }

    /// The holder was stopped past its limit, and nobody has taken the worker.
    @Test mutating func aLeaseGoesOnAfterItsLimitWhenNobodyTookTheWorker() throws {
        let lease = try lease()
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 5100, at: at(5000)).lease?.limit == 5100)
    }

    @Test mutating func aLeaseIsLostWhenAnotherHasTheWorker() throws {
        let (first, second) = (try lease(1), try lease(2))
        let next = try lease(3, at: 1100)
        let old = next.worker == first.worker ? first : second
        #expect(next.generation == 2 && next.firstTick == 1100)
        #expect(try daemon().extend(old, orAt: [], token: 5, toLimit: 1300, at: at(1200)).isLost)
        #expect(try daemon().release(old, orAt: [], firstUnusedTick: 1000, at: at(1200)).isLost)
        let record = try record(next.worker)
        #expect(record.limit == 1200 && record.holder == holder(3))
    }

    @Test mutating func anotherInstanceOrGenerationIsRefused() throws {
        let lease = try lease()
        var (instance, generation) = (lease, lease)
        instance.instance += 1
        generation.generation += 1
        for wrong in [instance, generation] {
            #expect(try daemon().extend(wrong, orAt: [], token: 5, toLimit: 1150, at: at(1050)).isLost)
            #expect(try daemon().release(wrong, orAt: [], firstUnusedTick: 1050, at: at(1050)).isLost)
        }
        #expect(try record(lease.worker).limit == 1100)
    }

    // MARK: - Release

    @Test mutating func aReleasedWorkerIsFreeFromItsFirstUnusedTick() throws {
        let lease = try lease()
        let outcome = try daemon().release(lease, orAt: [], firstUnusedTick: 1020, at: at(1010))
        #expect(outcome.lease?.limit == 1020)
        // Again, as after an answer that was lost; and then nothing more.
        #expect(try daemon(200).release(lease, orAt: [], firstUnusedTick: 1020, at: at(1015)).lease?.limit == 1020)
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1016)).isLost)
        #expect(try record(lease.worker).freeFrom == 1020)
    }

    /// Whatever a holder says, it may have minted up to now, and in the present tick too.
    @Test mutating func noReleaseLowersTheLimitToThePresentTick() throws {
        let lease = try lease()
        #expect(try daemon().release(lease, orAt: [], firstUnusedTick: 1, at: at(1050)).lease?.limit == 1051)
    }

    /// The holder's clock may be ahead of the daemon's.
    @Test mutating func aReleaseThatDoesNotSayWhatWasUsedGivesNothingBack() throws {
        let lease = try lease()
        #expect(try daemon().release(lease, orAt: [], firstUnusedTick: 0, at: at(1050)).lease?.limit == 1100)
        let next = try self.lease(3, at: 1060)
        #expect(next.worker != lease.worker)
        #expect(try record(lease.worker).freeFrom == 1100)
    }

    @Test mutating func noReleaseRaisesTheLimit() throws {
        let lease = try lease()
        #expect(try daemon().release(lease, orAt: [], firstUnusedTick: 9000, at: at(1050)).lease?.limit == 1100)
    }

    // MARK: - The store

    @Test mutating func anAwayStoreChangesNothingAndSaysSo() throws {
        let lease = try lease()
        store.isAvailable = false
        #expect(throws: StoreError.self) {
            _ = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        }
        #expect(throws: StoreError.self) {
            _ = try daemon().release(lease, orAt: [], firstUnusedTick: 1050, at: at(1050))
        }
        store.isAvailable = true
        #expect(try record(lease.worker).limit == 1100)
    }

    @Test mutating func aWriteWhoseAnswerWasLostIsFoundByRepeatingIt() throws {
        let lease = try lease()
        store.loseNextAnswers(1)
        #expect(throws: StoreError.self) {
            _ = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        }
        let again = try daemon().extend(lease, orAt: [], token: 5, toLimit: 1100, at: at(1051)).lease
        #expect(again?.limit == 1150)
    }

    /// Another daemon has written the record since it was read.
    @Test mutating func aWriteInBetweenIsReadAgain() throws {
        let lease = try lease()
        let key = WorkerRecord.key(lease.worker)
        let (state, isFirst) = (Mutexed(store), Mutexed(true))
        store.onOperation { operation, written in
            guard operation == .write, written == key, isFirst.exchange(false) else { return }
            state.value.state.withLock { state in
                let present = state.records[key]!
                state.records[key] = StoredValue(value: present.value, version: present.version + 1)
            }
        }
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050)).lease?.limit == 1150)
    }

    /// The store was set back and written again meanwhile: its versions come again, and with another value.
    @Test mutating func anotherValueOfTheSameVersionIsNotOverwritten() throws {
        let (lease, other) = (try lease(), try lease(2))
        let key = WorkerRecord.key(lease.worker)
        var taken = try record(other.worker)
        taken.generation = lease.generation + 1
        let (text, state) = (taken.text, Mutexed(store))
        store.onOperation { operation, written in
            guard operation == .write, written == key else { return }
            state.value.state.withLock { state in
                state.records[key] = StoredValue(value: text, version: state.records[key]!.version)
            }
        }
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050)).isLost)
        #expect(try record(lease.worker).generation == taken.generation)
    }

    /// The repair has raised the floor: what was granted before is not extended.
    @Test mutating func aLeaseOfBeforeARepairIsLost() throws {
        let lease = try lease()
        let floor = FloorRecord(limit: at(1101), host: "h", raisedAtUnixMilliseconds: 5)
        _ = try store.write(FloorRecord.key, floor.text, ifVersion: nil, ifValue: nil)
        #expect(try daemon().extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050)).isLost)
        #expect(throws: Never.self) { try record(lease.worker) }
    }

    /// Such a store may give the worker to another process while the holder goes on: nothing of it is extended.
    @Test mutating func nothingIsExtendedInAStoreThatWasSetBack() throws {
        let journal = try memoryJournal()
        let (lease, other) = (try lease(), try lease(2))
        journal.granted(
            HeldWorker(worker: other.worker, generation: other.generation, version: 1, firstTick: 1000, limit: 5000)
        )
        #expect(throws: StoreError.self) { try journal.verify(store) }
        let error = #expect(throws: StoreError.self) {
            _ = try daemon(journal: journal).extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        }
        #expect(error?.code == .setBack)
        #expect(throws: StoreError.self) {
            _ = try daemon(journal: journal).release(lease, orAt: [], firstUnusedTick: 1050, at: at(1050))
        }
        #expect(try record(lease.worker).limit == 1100)
    }

    func memoryJournal() throws -> GrantJournal {
        try GrantJournal(
            GrantJournal.Context(storeID: 1, storeName: "memory", unixMilliseconds: { $0 }, text: { "\($0)" })
        )
    }

    /// The daemon remembers what it granted to others too: a store that lost it is noticed.
    @Test mutating func aLeaseIsInTheDaemonsJournal() throws {
        let journal = try memoryJournal()
        let leases = daemon(journal: journal)
        let outcome = try leases.lease(
            to: "orders",
            holder: holder(1),
            windowTicks: 100,
            notBefore: 0,
            at: at(1000),
            using: &random
        )
        let lease = try #require(outcome.lease)
        #expect(journal.highest?.limit.tick == 1100 && journal.highest?.worker == lease.worker)
        _ = try leases.extend(lease, orAt: [], token: 5, toLimit: 1150, at: at(1050))
        #expect(journal.highest?.limit.tick == 1150 && journal.highest?.generation == lease.generation)
    }
}

/// A value for a closure that may run on any thread.
private final class Mutexed<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }

    func exchange(_ next: Value) -> Value {
        mutex.withLock { value in
            defer { value = next }
            return value
        }
    }
}

extension LeaseOutcome {
    var lease: WorkerLease? { if case .leased(let lease) = self { lease } else { nil } }
}

extension LeaseHoldOutcome {
    var lease: WorkerLease? { if case .holding(let lease) = self { lease } else { nil } }
    var isLost: Bool { if case .lost = self { true } else { false } }
}
