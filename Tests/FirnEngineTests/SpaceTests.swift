import FirnLayout
import FirnTestSupport
import Synchronization
import Testing

@testable import FirnEngine

/// The space's five invariants, and the ends of its layouts.
@Suite struct SpaceTests {
    /// Eight positions a tick.
    static let layout = Layout.of(sequence: 3)

    static func space(firstTick: UInt64 = 100, limit: UInt64 = 1000, shards: Int = 1) -> Space {
        Space(layout: layout, worker: 5, firstTick: firstTick, limit: limit, shards: shards)
    }

    // MARK: - 1. No position is given out twice

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func invariant1NoPositionIsGivenOutTwiceToThreadsWithClocksOfTheirOwn(seed: UInt64) {
        let space = Self.space(firstTick: 0, limit: 1_000_000)
        let taken = inThreads(6) { index in
            var generator = SeededGenerator(seed: seed * 100 + UInt64(index))
            var mine: [Range<UInt64>] = []
            var now: UInt64 = 0
            while mine.count < 1500 {
                let count = UInt64.random(in: 1...10, using: &generator)
                switch space.claim(upTo: count, now: now) {
                case .positions(let first, let count): mine.append(first..<first + count)
                // Some go on, some fall back, as clocks do.
                case .full(let tick): now = generator.oneIn(3) ? now - min(now, 2) : tick
                case .closed, .expired:
                    Issue.record("a window of a million ticks ran out: seed \(seed)")
                    return mine
                }
            }
            return mine
        }
        let overlap = taken.joined().overlap
        #expect(overlap == nil)
    }

    @Test func invariant1AClaimBeginsWhereTheOneBeforeEnded() {
        let space = Self.space()
        #expect(space.claim(upTo: 3, now: 100) == .positions(first: 800, count: 3))
        #expect(space.claim(upTo: 2, now: 100) == .positions(first: 803, count: 2))
        #expect(space.claim(upTo: 1, now: 102) == .positions(first: 816, count: 1))
    }

    @Test func invariant1AClockSetBackFindsNothingBelowTheCursor() {
        let space = Self.space()
        #expect(space.claim(upTo: 3, now: 200) == .positions(first: 1600, count: 3))
        #expect(space.claim(upTo: 1, now: 199) == .full(untilTick: 200))
        #expect(space.claim(upTo: 1, now: 0) == .full(untilTick: 200))
        #expect(space.claim(upTo: 1, now: 200) == .positions(first: 1603, count: 1))
    }

    @Test func invariant1NothingIsGivenOutBelowTheFirstTick() {
        let space = Self.space(firstTick: 100)
        #expect(space.claim(upTo: 1, now: 99) == .full(untilTick: 100))
        #expect(space.claim(upTo: 1, now: 100) == .positions(first: 800, count: 1))
    }

    // MARK: - 2. Nothing at or above the limit

    @Test func invariant2TheLastTickBelowTheLimitIsUsedAndTheLimitIsNot() {
        let space = Self.space(limit: 102)
        #expect(space.claim(upTo: 100, now: 101) == .positions(first: 808, count: 8))
        #expect(space.claim(upTo: 1, now: 101) == .full(untilTick: 102))
        #expect(space.claim(upTo: 1, now: 102) == .closed)
        #expect(space.claim(upTo: 1, now: 5000) == .closed)
        #expect(space.windowLimit == 102)
    }

    @Test func invariant2AnExtendedLimitAllowsTheTicksBelowItAndNoOthers() {
        let space = Self.space(limit: 100)
        #expect(space.claim(upTo: 1, now: 100) == .closed)
        space.extend(limit: 101)
        #expect(space.claim(upTo: 1, now: 100).positions == 800..<801)
        #expect(space.claim(upTo: 1, now: 101) == .closed)
        space.extend(limit: 101)
        #expect(space.windowLimit == 101)
    }

    @Test func invariant2ALimitThatFallsTraps() async {
        await #expect(processExitsWith: .failure) {
            SpaceTests.space(limit: 102).extend(limit: 101)
        }
    }

    // MARK: - 3. Nothing of a tick after now

    @Test func invariant3ABurstWaitsForTheNextTick() {
        let space = Self.space()
        #expect(space.claim(upTo: 8, now: 100) == .positions(first: 800, count: 8))
        for _ in 0..<3 { #expect(space.claim(upTo: 1, now: 100) == .full(untilTick: 101)) }
        #expect(space.claim(upTo: 1, now: 101) == .positions(first: 808, count: 1))
    }

    // MARK: - 4. A claim never crosses a tick

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func invariant4AClaimNeverCrossesATickAndTakesWhatIsLeft(count: UInt64) {
        let space = Self.space()
        #expect(space.claim(upTo: 3, now: 100).positions == 800..<803)
        #expect(space.claim(upTo: count, now: 100) == .positions(first: 803, count: min(count, 5)))
    }

    @Test func invariant4WithoutASequenceFieldATickIsOneID() {
        let space = Space(layout: .of(sequence: 0), worker: 0, firstTick: 0, limit: .max)
        #expect(space.claim(upTo: 100, now: 7) == .positions(first: 7, count: 1))
        #expect(space.claim(upTo: 100, now: 7) == .full(untilTick: 8))
    }

    // MARK: - 5. Nothing after a seal

    @Test func invariant5AfterASealNothingIsGivenOutAndTheSealIsFinal() {
        let space = Self.space()
        #expect(space.claim(upTo: 1, now: 100).positions != nil)
        #expect(space.seal() == 101)
        #expect(space.claim(upTo: 1, now: 100) == .closed)
        #expect(space.claim(upTo: 1, now: 101) == .closed)
        space.extend(limit: 2000)
        #expect(space.claim(upTo: 1, now: 1500) == .closed)
        #expect(space.seal() == nil)
    }

    @Test func invariant5ASealReturnsTheFirstTickWithoutAPosition() {
        #expect(Self.space(firstTick: 100).seal() == 100)
        let whole = Self.space()
        #expect(whole.claim(upTo: 8, now: 100).positions?.count == 8)
        #expect(whole.seal() == 101)
        let almost = Self.space()
        #expect(almost.claim(upTo: 7, now: 100).positions?.count == 7)
        #expect(almost.seal() == 101)
    }

    @Test func invariant5WhatASealReturnsLiesAboveAllThatThreadsWereGiven() {
        for round in 0..<40 {
            let space = Self.space(firstTick: 0, limit: 10_000_000)
            let highest = Atomic<UInt64>(0)
            let ticking = Atomic<UInt64>(0)
            let sealed = Atomic<UInt64>(0)
            inThreads(4) { index in
                guard index > 0 else {
                    while ticking.load(ordering: .relaxed) < 20 { pause(milliseconds: 0) }
                    return sealed.store(space.seal()!, ordering: .relaxed)
                }
                while true {
                    let now = ticking.load(ordering: .relaxed)
                    switch space.claim(upTo: 3, now: now) {
                    case .positions(let first, let count): highest.max(first + count - 1, ordering: .relaxed)
                    case .full(let tick): ticking.max(tick, ordering: .relaxed)
                    case .closed, .expired: return
                    }
                }
            }
            let (end, last) = (sealed.load(ordering: .relaxed), highest.load(ordering: .relaxed) >> 3)
            #expect(last < end, "round \(round)")
            #expect(end - last <= 1, "round \(round): no tick is passed over")
        }
    }

    // MARK: - The ends of layouts

    /// Whatever fills all 64 bits without a worker, and the widths beside.
    @Test(arguments: [
        (64, 0, 0), (63, 0, 1), (52, 0, 12), (1, 0, 63), (1, 0, 0), (63, 1, 0), (41, 11, 12), (41, 10, 12),
    ])
    func theLastTickOfALayoutIsServedAndTheNextHasExpired(time: Int, worker: Int, sequence: Int) {
        let layout = Layout.of(time: time, worker: worker, sequence: sequence)
        let end = Space.endTick(of: layout)
        switch time + sequence {
        case 64: #expect(end == (sequence == 0 ? .max - 1 : layout.maximumTick))
        default: #expect(end == layout.maximumTick + 1)
        }
        let space = Space(layout: layout, worker: layout.maximumWorker, firstTick: 0, limit: .max)
        let last = space.claim(upTo: .max, now: end - 1)
        #expect(last == .positions(first: (end - 1) << UInt64(sequence), count: layout.sequencesPerTick))
        #expect(last.positions.map { $0.upperBound - 1 <= layout.maximumPosition } == true)
        #expect(space.claim(upTo: 1, now: end - 1) == .full(untilTick: end))
        for now in [end, end + 1, .max] { #expect(space.claim(upTo: 1, now: now) == .expired) }
        #expect(space.seal() == end, "and the cursor at the very end is not taken for a seal")
        #expect(space.seal() == nil)
    }

    @Test func aSpaceThatStartsPastTheLayoutsEndGivesOutNothing() {
        for layout in [
            Layout.of(time: 64, worker: 0, sequence: 0), .of(time: 52, worker: 0, sequence: 12), Self.layout,
        ] {
            let space = Space(layout: layout, worker: 0, firstTick: .max, limit: .max)
            #expect(space.claim(upTo: 1, now: Space.endTick(of: layout) - 1).positions == nil)
            #expect(space.claim(upTo: 1, now: .max) == .expired)
            #expect(space.seal() == Space.endTick(of: layout))
        }
    }

    // MARK: - Reserve and floor

    @Test func aReserveIsLeftAndAFloorIsTakenAllTheSame() {
        let space = Self.space()
        #expect(space.claim(upTo: 8, now: 100, leaving: 5) == .positions(first: 800, count: 3))
        #expect(space.claim(upTo: 8, now: 100, leaving: 5) == .full(untilTick: 101))
        #expect(space.claim(upTo: 8, now: 100, leaving: 5, butAtLeast: 2) == .positions(first: 803, count: 2))
        #expect(space.claim(upTo: 1, now: 100, leaving: 5, butAtLeast: 2) == .positions(first: 805, count: 1))
        #expect(space.claim(upTo: 8, now: 100, leaving: .max, butAtLeast: 9) == .positions(first: 806, count: 2))
        #expect(space.claim(upTo: 8, now: 100, leaving: .max, butAtLeast: 9) == .full(untilTick: 101))
    }

    @Test func blocksAreAFractionOfATickAtLeastOneAndAtMost256() {
        func blockSize(_ sequence: Int, _ shards: Int) -> UInt64 {
            Space(layout: .of(sequence: sequence), worker: 0, firstTick: 0, limit: 0, shards: shards).blockSize
        }
        #expect(blockSize(12, 1) == 256)
        #expect(blockSize(12, 2) == 256)
        #expect(blockSize(12, 8) == 64)
        #expect(blockSize(8, 4) == 8)
        #expect(blockSize(0, 1) == 1)
        #expect(blockSize(3, 64) == 1)
    }

    // MARK: - Broken callers

    @Test func aClaimOfNothingTraps() async {
        await #expect(processExitsWith: .failure) { _ = SpaceTests.space().claim(upTo: 0, now: 100) }
    }

    @Test func aLayoutWithoutTimeTraps() async {
        await #expect(processExitsWith: .failure) { _ = Space(layout: .pinterest, worker: 0, firstTick: 0, limit: 1) }
    }

    @Test func stoppingToWaitBeforeStartingTraps() async {
        await #expect(processExitsWith: .failure) { SpaceTests.space().stoppedWaiting() }
    }
}
