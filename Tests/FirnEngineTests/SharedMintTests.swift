import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnEngine

/// The invariants of ``SharedMint``.
@Suite struct SharedMintTests {
    /// 64 IDs a tick of a millisecond, from 1970.
    private let layout = Layout.of(sequence: 6)

    private func mint(_ slot: WorkerSlot, _ time: any TimeSource) -> SharedMint {
        SharedMint(slot: slot, clock: TickClock(layout: layout, source: time), layout: layout)
    }

    private func open(_ slot: WorkerSlot, worker: UInt64 = 5, from firstTick: UInt64 = 0, to limit: UInt64 = .max) {
        slot.open { Space(layout: layout, worker: worker, firstTick: max($0, firstTick), limit: limit) }
    }

    // MARK: - 1. IDs strictly increase over all threads

    @Test func invariant1AnIDIsAboveAllThatWereReturnedBefore() {
        let slot = WorkerSlot()
        open(slot)
        let mint = mint(slot, SystemTimeSource())
        let highest = Atomic<UInt64>(0)
        let counts = inThreads(4) { _ -> Int in
            var count = 0
            for _ in 0..<200_000 {
                let before = highest.load(ordering: .sequentiallyConsistent)
                guard let id = mint.nextID().value?.rawValue else { continue }
                precondition(id > before, "\(id) was returned after \(before)")
                highest.max(id, ordering: .sequentiallyConsistent)
                count += 1
            }
            return count
        }
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test func invariant1IDsIncreaseWhenTheWorkerChanges() {
        let slot = WorkerSlot()
        let isOver = Atomic(false)
        let mint = mint(slot, SystemTimeSource())
        let changer = NativeThread {
            for worker in 0..<200 as Range<UInt64> {
                // Of two workers, the next is the lower one every other time.
                open(slot, worker: (worker * 37) % 64)
                pause(milliseconds: 2)
                slot.close()
            }
            isOver.store(true, ordering: .sequentiallyConsistent)
        }
        let highest = Atomic<UInt64>(0)
        let workers = inThreads(3) { _ -> Set<UInt64> in
            var workers: Set<UInt64> = []
            while !isOver.load(ordering: .relaxed) {
                let before = highest.load(ordering: .sequentiallyConsistent)
                guard let id = mint.nextID().value else { continue }
                precondition(id.rawValue > before, "\(id.rawValue) was returned after \(before)")
                highest.max(id.rawValue, ordering: .sequentiallyConsistent)
                workers.insert(layout.worker(of: id))
            }
            return workers
        }
        changer.join()
        #expect(workers.reduce(into: Set<UInt64>()) { $0.formUnion($1) }.count > 10)
    }

    @Test func aThreadWhoseReadingOfTheClockIsOldReadsItAgain() {
        let time = MockTimeSource()
        let slot = WorkerSlot()
        open(slot)
        let late = LateSource(time)
        let mint = mint(slot, late)
        let clock = TickClock(layout: layout, source: time)
        let space = slot.current().space!
        let first = mint.nextID().value!
        // Between this thread's reading and its claim, another one mints in a later tick.
        let other = Mutex<FirnID?>(nil)
        late.afterNextReading { [layout] in
            time.advance(3 * .millisecond)
            guard case .positions(let position, _) = space.claim(upTo: 1, now: clock.now().tick) else { return }
            other.withLock { $0 = layout.makeID(position: position, worker: 5) }
        }
        let id = mint.nextID().value
        let between = other.withLock { $0 }
        #expect(between != nil && id != nil && first < between! && between! < id!)
    }

    /// A thread that was stopped in the middle of a call may still use a space that was replaced.
    @Test func aSpaceThatWasCurrentIsKept() {
        let slot = WorkerSlot()
        let mint = mint(slot, SystemTimeSource())
        open(slot)
        #expect(mint.nextID().value != nil)
        let first = WeakSpace(slot.current().space)
        slot.close()
        open(slot)
        // The next one begins in the next tick.
        pause(milliseconds: 5)
        #expect(mint.nextID().value != nil && first.space != nil)
    }

    // MARK: - 2. An ID's tick is not before that of the call

    @Test func invariant2AnIDIsOfTheTickOfItsCall() {
        let time = MockTimeSource()
        let slot = WorkerSlot()
        open(slot)
        let mint = mint(slot, time)
        let clock = TickClock(layout: layout, source: time)
        for _ in 0..<100 {
            let tick = clock.now().tick
            #expect(mint.nextID().value.map { layout.position(of: $0) >> 6 } == tick)
            #expect(mint.nextRun(upTo: 10).value.map { layout.position(of: $0.first) >> 6 } == tick)
            time.advance(.millisecond)
        }
    }

    // MARK: - What is no ID

    @Test func aTickThatIsUsedUpIsFullUntilTheNext() {
        let time = MockTimeSource()
        let slot = WorkerSlot()
        open(slot)
        let mint = mint(slot, time)
        let tick = TickClock(layout: layout, source: time).now().tick
        let run = mint.nextRun(upTo: 1000).value
        #expect(run?.count == 64)
        #expect(mint.nextID() == .full(untilTick: tick + 1) && mint.nextRun(upTo: 3) == .full(untilTick: tick + 1))
        time.advance(.millisecond)
        #expect(mint.nextRun(upTo: 3).value?.count == 3)
    }

    @Test func withoutAWindowItIsClosed() {
        let time = MockTimeSource()
        let slot = WorkerSlot()
        let mint = mint(slot, time)
        #expect(mint.nextID() == .closed)
        let tick = TickClock(layout: layout, source: time).now().tick
        open(slot, to: tick + 2)
        #expect(mint.nextID().value != nil)
        time.advance(2 * .millisecond)
        #expect(mint.nextID() == .closed && mint.nextRun(upTo: 2) == .closed)
        slot.current().space!.extend(limit: tick + 3)
        #expect(mint.nextID().value != nil)
        slot.close()
        #expect(mint.nextID() == .closed)
        // A window that begins where it ends, as that of a claim whose write is in doubt, has no position.
        let other = WorkerSlot()
        open(other, from: tick + 2, to: tick + 2)
        #expect(self.mint(other, time).nextID() == .closed)
    }

    @Test func afterTheLayoutsEndItIsExpired() {
        let short = Layout.of(time: 4, sequence: 2)
        let time = MockTimeSource(wall: 15 * .millisecond)
        let slot = WorkerSlot()
        slot.open { Space(layout: short, worker: 1, firstTick: $0, limit: .max) }
        let mint = SharedMint(slot: slot, clock: TickClock(layout: short, source: time), layout: short)
        #expect(mint.nextID().value != nil)
        time.advance(.millisecond)
        #expect(mint.nextID() == .expired && mint.nextRun(upTo: 1) == .expired)
    }
}

private struct WeakSpace {
    weak var space: Space?

    init(_ space: Space?) { self.space = space }
}

/// A clock after whose reading something happens, before who read it goes on.
private final class LateSource: TimeSource {
    private let time: MockTimeSource
    private let hook = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ time: MockTimeSource) { self.time = time }

    func wallNanoseconds() -> Int64 { time.wallNanoseconds() }

    func bootNanoseconds() -> Int64 {
        let reading = time.bootNanoseconds()
        let body = hook.withLock { hook in
            defer { hook = nil }
            return hook
        }
        body?()
        return reading
    }

    func afterNextReading(_ body: @escaping @Sendable () -> Void) { hook.withLock { $0 = body } }
}
