import FirnEngine
import FirnLayout
import FirnStore
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnMinter

/// A minter whose threads have blocks of their own.
@Suite(.timeLimit(.minutes(2))) struct MintLanesTests {
    private final class Collected: Sendable {
        let ids = Mutex<[[FirnID]]>([])
    }

    /// What each of several threads minted, in its order.
    private static func mint(_ minter: Minter, threads: Int, each count: Int) -> [[FirnID]] {
        let collected = Collected()
        let threads = (0..<threads).map { _ in
            Thread {
                var ids: [FirnID] = []
                ids.reserveCapacity(count)
                while ids.count < count {
                    if let id = minter.tryNext() { ids.append(id) } else { sched_yield() }
                }
                collected.ids.withLock { $0.append(ids) }
            }
        }
        for thread in threads { thread.start() }
        while collected.ids.withLock(\.count) < threads.count { usleep(1000) }
        return collected.ids.withLock { $0 }
    }

    @Test func theIDsOfEachThreadRiseAndNoneComesTwice() async throws {
        let minter = MinterTests.minter(MemoryStore()) { $0.ordering = .thread }
        let all = Self.mint(minter, threads: 6, each: 20_000)
        for ids in all { #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(Set(all.joined()).count == 6 * 20_000)
        #expect(all.joined().allSatisfy { minter.layout.worker(of: $0) == UInt64(minter.worker!) })
        await minter.close()
        #expect(minter.tryNext() == nil && minter.tryNextRun(upTo: 5) == nil)
    }

    @Test func runsAndWaitingCallsAreOfTheSameIDs() async throws {
        let minter = MinterTests.minter(MemoryStore()) { $0.ordering = .thread }
        var ids: Set<UInt64> = []
        var expected = 0
        for _ in 0..<500 {
            if let id = minter.tryNext() {
                ids.insert(id.rawValue)
                expected += 1
            }
            for run in [minter.tryNextRun(upTo: 37), try await minter.nextRun(upTo: 11)].compactMap(\.self) {
                ids.formUnion((0..<UInt64(run.count)).map { run.first.rawValue + $0 * run.stride })
                expected += Int(run.count)
            }
            ids.insert(try await minter.next().rawValue)
            expected += 1
        }
        #expect(ids.count == expected)
        await minter.close()
    }

    /// A block of an earlier tick is not used.
    @Test func anIDIsOfTheTickOfItsCall() async throws {
        let minter = MinterTests.minter(MemoryStore()) { $0.ordering = .thread }
        let clock = TickClock(layout: minter.layout)
        for _ in 0..<50 {
            let before = clock.now().tick
            guard let id = minter.tryNext() else { continue }
            // Its clock is another one, whose ticks may begin a little later.
            #expect(minter.layout.position(of: id) >> UInt64(minter.layout.sequenceBits) + 1 >= before)
            try await Task.sleep(for: .milliseconds(3))
        }
        await minter.close()
    }

    /// A worker that is another's now is not minted with, nor is the rest of a block of it.
    @Test func theLanesFollowTheWorker() async throws {
        let store = MemoryStore()
        let minter = MinterTests.minter(store, window: .seconds(1)) { $0.ordering = .thread }
        _ = try await minter.next()
        let worker = try #require(minter.worker)
        let key = WorkerRecord.key(worker)
        let stored = try #require(try store.read(key))
        var record = try WorkerRecord(key: key, text: stored.value)
        record.generation += 1
        record.holder.instance += 1
        record.limit += 1 << 20
        _ = try store.write(key, record.text, ifVersion: stored.version)
        try await MinterTests.eventually { minter.worker != nil && minter.worker != worker }
        for _ in 0..<1000 {
            guard let id = minter.tryNext() else { continue }
            #expect(minter.layout.worker(of: id) != UInt64(worker))
        }
        await minter.close()
    }
}
