import FirnEngine
import FirnGenerator
import FirnLayout
import FirnStore
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnMinter

/// A minter on a store in memory that does what a test says.
@Suite(.timeLimit(.minutes(2))) struct MinterTests {
    /// 1,024 IDs a tick of a millisecond.
    static let layout = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:10")

    static func minter(
        _ store: MemoryStore,
        layout: Layout = layout,
        window: Duration = .seconds(30),
        instance: UInt64 = 1,
        _ change: (inout MinterConfiguration) -> Void = { _ in }
    ) -> Minter {
        var configuration = MinterConfiguration()
        change(&configuration)
        let clock = TickClock(layout: layout)
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "test", pod: nil, pid: 1, instance: instance),
            maximumWorker: UInt32(layout.maximumWorker),
            maximumTick: Space.endTick(of: layout) - 1,
            windowTicks: clock.ticks(in: window)
        )
        return Minter(OpenedMinter(claims: claims, layout: layout, clock: clock, configuration: configuration))
    }

    @Test func givesFreshIDsOfItsWorker() async throws {
        let minter = Self.minter(MemoryStore()) { $0.worker = 7 }
        var last: FirnID?
        for _ in 0..<1000 {
            let id = try await minter.next()
            #expect(last.map { $0 < id } ?? true && minter.layout.worker(of: id) == 7)
            last = id
        }
        let run = try await minter.nextRun(upTo: 100)
        #expect((1...100).contains(run.count) && run.first > last!)
        #expect(minter.worker == 7 && minter.obstacle == nil)
        #expect((.seconds(20)...(.seconds(30))).contains(minter.timeLeft))
        await minter.close()
    }

    @Test func closingGivesTheWorkerBackAndFailsWhoWaits() async throws {
        let store = MemoryStore()
        let minter = Self.minter(store, window: .seconds(3600))
        _ = try await minter.next()
        async let waiting = Self.error { () async throws(MinterError) in
            // No tick has so many, so that each waits for the next one.
            while true { _ = try await minter.nextRun(upTo: 10_000) }
        }
        try await Task.sleep(for: .milliseconds(50))
        await minter.close()
        #expect(await waiting?.code == .closed)
        #expect(minter.tryNext() == nil && minter.tryNextRun(upTo: 3) == nil && minter.obstacle?.code == .closed)
        #expect(await Self.error { () async throws(MinterError) in try await minter.next() }?.code == .closed)
        let record = try WorkerRecord(key: "workers/0", text: store.list(prefix: "workers/")[0].value)
        let now = TickClock(layout: Self.layout).now().tick
        #expect(record.writeToken == 0 && record.limit <= now + 1, "free at once")
        await minter.close()
    }

    /// The store hangs, and the window cannot be given back: nothing is minted all the same.
    @Test func afterClosingNothingIsMintedWhateverTheStoreDoes() async throws {
        let store = MemoryStore()
        let hangs = Atomic(false)
        let isReleased = Atomic(false)
        let minter = Self.minter(store, window: .seconds(3))
        store.onOperation { operation, _ in
            guard operation == .write else { return }
            hangs.store(true, ordering: .releasing)
            while !isReleased.load(ordering: .acquiring) { usleep(1000) }
        }
        try await Self.eventually { minter.tryNext() != nil && hangs.load(ordering: .acquiring) }
        await minter.close()
        #expect(minter.tryNext() == nil && minter.tryNextRun(upTo: 3) == nil)
        isReleased.store(true, ordering: .releasing)
    }

    @Test func everyCallOfCloseWaits() async throws {
        let store = MemoryStore()
        let minter = Self.minter(store, window: .seconds(3600))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await minter.close()
                    let text = (try? store.list(prefix: "workers/"))?.first?.value ?? ""
                    return (try? WorkerRecord(key: "workers/0", text: text).writeToken) == 0
                }
            }
            for await isGivenBack in group { #expect(isGivenBack) }
        }
    }

    /// Nobody waits for a minter that is let go; its worker is given back all the same.
    @Test func aMinterThatIsReleasedGivesItsWorkerBack() async throws {
        let store = MemoryStore()
        do { _ = try await Self.minter(store, window: .seconds(3600)).next() }
        try await Self.eventually {
            try WorkerRecord(key: "workers/0", text: store.list(prefix: "workers/")[0].value).writeToken == 0
        }
    }

    @Test func withoutTheStoreItMintsUntilTheWindowEnds() async throws {
        let store = MemoryStore()
        let events = Mutex<[String]>([])
        let minter = Self.minter(store, window: .seconds(3)) {
            $0.timeout = .milliseconds(50)
            $0.onEvent = { event in events.withLock { $0.append("\(event.level): \(event)") } }
        }
        _ = try await minter.next()
        store.isAvailable = false
        // Slower than a second only on a machine that stands still.
        try await Self.eventually { minter.timeLeft < .seconds(1) && minter.timeLeft > .zero }
        _ = try await minter.next()
        try await Self.eventually { minter.timeLeft == .zero }
        let error = await Self.error { () async throws(MinterError) in try await minter.next() }
        #expect(error?.code == .unavailable && error?.retryAfter != nil)
        #expect(error?.message.contains("ended at") == true, "\(error.debugDescription)")
        #expect(minter.tryNext() == nil && minter.obstacle?.code == .unavailable)
        store.isAvailable = true
        try await Self.eventually { minter.tryNext() != nil }
        await minter.close()
        let said = events.withLock { $0 }
        #expect(said.first?.hasPrefix("info: worker ") == true, "\(said)")
        #expect(said.contains { $0.hasPrefix("warning: the store did not answer; worker ") }, "\(said)")
        #expect(said.contains { $0.hasPrefix("warning: The window of worker ") }, "\(said)")
        #expect(said.last?.contains("given back") == true, "\(said)")
    }

    @Test func whatWaitsForAWindowGetsItsIDWhenItComes() async throws {
        let store = MemoryStore()
        store.isAvailable = false
        let minter = Self.minter(store) { $0.timeout = .seconds(60) }
        #expect(minter.worker == nil && minter.timeLeft == .zero && minter.obstacle?.code == .unavailable)
        async let id = minter.next()
        try await Self.eventually { minter.waiterCount == 1 }
        store.isAvailable = true
        _ = try await id
        await minter.close()
    }

    @Test func aWindowAtRestIsExtendedByTheNextCall() async throws {
        let store = MemoryStore()
        let minter = Self.minter(store, window: .seconds(1)) { $0.restAfter = .seconds(1) }
        _ = try await minter.next()
        try await Self.eventually { minter.timeLeft == .zero && minter.obstacle == nil }
        let version = try store.highestVersion()
        try await Task.sleep(for: .seconds(1))
        #expect(try store.highestVersion() == version, "nothing is written")
        _ = try await minter.next()
        #expect(try store.highestVersion() > version && minter.timeLeft > .zero)
        // A call that does not wait wakes it, too.
        try await Self.eventually { minter.timeLeft == .zero && minter.obstacle == nil }
        #expect(minter.tryNext() == nil)
        try await Self.eventually { minter.tryNext() != nil }
        await minter.close()
    }

    @Test func twoMintersNeverMintTheSame() async throws {
        let store = MemoryStore()
        let minters = (0..<4).map { Self.minter(store, instance: $0) }
        let ids = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for minter in minters {
                for _ in 0..<4 {
                    group.addTask {
                        var ids: [UInt64] = []
                        for _ in 0..<5000 { ids.append(try await minter.next().rawValue) }
                        return ids
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ids.allSatisfy { zip($0, $0.dropFirst()).allSatisfy(<) }, "the IDs of a task rise")
        #expect(Set(ids.joined()).count == 80_000)
        for minter in minters { await minter.close() }
    }

    @Test func twoWithOneWorkerWaitForEachOther() async throws {
        let store = MemoryStore()
        let first = Self.minter(store, instance: 1) { $0.worker = 3 }
        let second = Self.minter(store, instance: 2) {
            $0.worker = 3
            $0.timeout = .milliseconds(20)
        }
        let error = await Self.error { () async throws(MinterError) in try await second.next() }
        #expect(
            error?.code == .unavailable && error?.message.contains("held by host test") == true,
            "\(error.debugDescription)"
        )
        let last = try await first.next()
        await first.close()
        var id: FirnID?
        try await Self.eventually {
            id = second.tryNext()
            return id != nil
        }
        #expect(id! > last)
        await second.close()
    }

    // MARK: - The line

    /// 2 IDs a tick: the others wait, without a thread that spins.
    @Test func whoWaitsIsServedInOrder() async throws {
        let narrow = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:1")
        let minter = Self.minter(MemoryStore(), layout: narrow) { $0.timeout = .seconds(60) }
        let ids = try await withThrowingTaskGroup(of: FirnID.self) { group in
            for _ in 0..<1000 { group.addTask { try await minter.next() } }
            return try await group.reduce(into: Set<FirnID>()) { $0.insert($1) }
        }
        #expect(ids.count == 1000)
        await minter.close()
    }

    /// Whoever comes later waits behind those who wait, and a window does not rest meanwhile.
    @Test func theLineIsServedInTheOrderOfArrival() async throws {
        let store = MemoryStore()
        store.isAvailable = false
        let minter = Self.minter(store) { $0.timeout = .seconds(Int64.max) }
        #expect(!minter.core.isWanted)
        var tasks: [Task<FirnID, any Error>] = []
        for number in 1...50 {
            tasks.append(Task { try await minter.next() })
            try await Self.eventually { minter.waiterCount == number }
        }
        #expect(minter.core.isWanted && minter.core.hasWaiters)
        store.isAvailable = true
        var ids: [FirnID] = []
        for task in tasks { ids.append(try await task.value) }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        try await Self.eventually { !minter.core.isWanted }
        await minter.close()
    }

    @Test func waitingIsBoundedInTimeAndNumberAndEndsByCancellation() async throws {
        let store = MemoryStore()
        store.isAvailable = false
        let minter = Self.minter(store) {
            $0.timeout = .seconds(60)
            $0.maximumWaiters = 1
        }
        let waiting = Task { await Self.error { () async throws(MinterError) in try await minter.next() } }
        try await Self.eventually { minter.waiterCount == 1 }
        let refused = await Self.error { () async throws(MinterError) in try await minter.next() }
        #expect(refused?.code == .tooManyWaiters && refused?.message.contains("1 tasks") == true)
        waiting.cancel()
        #expect(await waiting.value?.code == .cancelled)
        #expect(minter.waiterCount == 0)
        await minter.close()

        let hasty = Self.minter(store) { $0.timeout = .milliseconds(10) }
        #expect(await Self.error { () async throws(MinterError) in try await hasty.next() }?.code == .unavailable)
        await hasty.close()
    }

    /// Tasks that come and leave again while the first waits do not fill the memory.
    @Test func whatHasLeftTheLineIsForgotten() async throws {
        let store = MemoryStore()
        store.isAvailable = false
        let minter = Self.minter(store) { $0.timeout = .seconds(60) }
        let first = Task { await Self.error { () async throws(MinterError) in try await minter.next() } }
        try await Self.eventually { minter.waiterCount == 1 }
        for _ in 0..<500 {
            let task = Task { await Self.error { () async throws(MinterError) in try await minter.next() } }
            task.cancel()
            #expect(await task.value?.code == .cancelled)
        }
        #expect(minter.line.rememberedCount <= 70)
        first.cancel()
        _ = await first.value
        await minter.close()
    }

    @Test func runsBelowOneAreRefused() async {
        let minter = Self.minter(MemoryStore())
        let error = await Self.error { () async throws(MinterError) in try await minter.nextRun(upTo: 0) }
        #expect(error?.code == .invalidArgument && error?.message.contains("0 IDs") == true)
        await minter.close()
    }

    // MARK: - Support

    static func error<Value: Sendable>(of call: () async throws(MinterError) -> Value) async -> MinterError? {
        do {
            _ = try await call()
            return nil
        } catch { return error }
    }

    /// The suite's time limit is the only one.
    static func eventually(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }
}
