import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnEngine

/// Promises 1, 2, 4 and 5 while many threads mint, the wall clock jumps, the window is extended and the worker changes.
@Suite struct PromiseThreadTests {
    static let layout = Layout.of(sequence: 5, epochUnixMilliseconds: 1_735_000_000_000)

    /// What the threads found, the first of each kind.
    private final class Findings: Sendable {
        private let first = Mutex<String?>(nil)
        func add(_ text: String) { first.withLock { $0 = $0 ?? text } }
        var text: String? { first.withLock { $0 } }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func promise1UniqueAcrossThreadsWithAClockThatJumps(seed: UInt64) {
        let layout = Self.layout
        let source = MockTimeSource()
        let clock = TickClock(layout: layout, source: source)
        let slot = WorkerSlot()
        let start = clock.now().tick
        // The window as a store would hold it: raised before the space's limit is, at most once a tick.
        let stored = Atomic<UInt64>(start + 5)
        slot.open { _ in Space(layout: layout, worker: 5, firstTick: start, limit: start + 5, shards: 5) }
        let minters = Atomic<Int>(5)
        let findings = Findings()

        let taken = inThreads(6) { index -> [UInt64] in
            var generator = SeededGenerator(seed: seed * 1000 + UInt64(index))
            if index == 5 {
                // The keeper. Every change of worker is to a lower or a higher number, at random.
                while minters.load(ordering: .relaxed) > 0 {
                    source.jump(Int64.random(in: -5_000_000_000...5_000_000_000, using: &generator))
                    clock.steer()
                    let limit = max(stored.load(ordering: .relaxed), clock.now().tick + 5)
                    stored.store(limit, ordering: .releasing)
                    slot.current().space?.extend(limit: limit)
                    if generator.oneIn(20) {
                        slot.close()
                        let worker = UInt64.random(in: 0...1023, using: &generator)
                        slot.open { Space(layout: layout, worker: worker, firstTick: $0, limit: limit, shards: 5) }
                    }
                    source.advance(100_000)
                }
                return []
            }
            let shard = Shard(slot: slot)
            var ids: [UInt64] = []
            while ids.count < 3000 {
                shard.refresh()
                let now = clock.now().tick
                let minted =
                    Bool.random(using: &generator)
                    ? shard.nextID(now: now).value.map { Run(first: $0, count: 1, stride: 1) }
                    : shard.nextRun(upTo: UInt32.random(in: 1...9, using: &generator), now: now).value
                shard.setWaiting(minted == nil)
                guard let minted else {
                    source.advance(300_000)
                    continue
                }
                if layout.tick(of: minted.first) != now { findings.add("promise 5: a tick that is not the present") }
                if now >= stored.load(ordering: .acquiring) { findings.add("promise 2: a tick past the stored window") }
                if let last = ids.last, last >= minted.first.rawValue { findings.add("promise 4: an ID that falls") }
                ids += minted.map(\.rawValue)
            }
            minters.subtract(1, ordering: .relaxed)
            return ids
        }

        let all = Array(taken.joined())
        #expect(findings.text == nil, "seed \(seed)")
        #expect(all.duplicate == nil, "seed \(seed)")
        #expect(all.count >= 15_000)
    }

    @Test func promise2ReservedBeforeUsedNoThreadPassesALimitThatWasNotStored() {
        let layout = Self.layout
        let space = Space(layout: layout, worker: 1, firstTick: 0, limit: 1)
        let stored = Atomic<UInt64>(1)
        let highest = Atomic<UInt64>(0)
        let findings = Findings()
        inThreads(5) { index in
            if index == 0 {
                for limit in 2...300 as ClosedRange<UInt64> {
                    stored.store(limit, ordering: .releasing)
                    space.extend(limit: limit)
                    pause(milliseconds: 0)
                }
                space.extend(limit: 301)
                return
            }
            var now: UInt64 = 0
            while now < 300 {
                switch space.claim(upTo: 5, now: now) {
                case .positions(let first, _):
                    highest.max(first >> 5, ordering: .relaxed)
                    if first >> 5 >= 300 || first >> 5 >= stored.load(ordering: .acquiring) {
                        findings.add("tick \(first >> 5)")
                    }
                case .full(let tick): now = tick
                case .closed, .expired: pause(milliseconds: 0)
                }
            }
        }
        #expect(findings.text == nil)
        #expect(highest.load(ordering: .relaxed) == 299)
    }
}
