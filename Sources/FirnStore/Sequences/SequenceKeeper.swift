/// Keeps the values of one sequence for a daemon: the block that it hands out, and the next one.
///
/// A state machine without I/O, clock or thread. Two events: a call comes (``take(_:after:now:)``), and the store has
/// answered (``blockAnswered(_:now:)``). It needs no timer, as every call looks whether a block is due. Times are
/// nanoseconds of any clock that does not stop in suspend.
///
/// What it guarantees, whatever the store does:
/// 1. A value is handed out at most once, after its block is known to be stored, and above all before it.
/// 2. A call gets as many values as it asked for, or none.
/// 3. It holds two runs at most; a third that is not their continuation drops the first. What a daemon that dies loses
///    is ``heldCount`` and the one block under way: less than twice the largest of the maximum block, the fixed block
///    and the largest call.
/// 4. At most one block is under way, and after a failure none before the retry time.
/// 5. A store that is away stops nothing before the blocks are used up.
///
/// **How large a block is.** What calls wanted since the last block was asked for says how much ten seconds take; that
/// is the next block's size, at most twice the last one's, so that a short burst on a slow sequence does not cost
/// ten seconds of its rate, and no less than it if that was a moment ago. Calls that wait are added up, and always fit.
///
/// **When the next one is asked for.** While half of the last block is left, or what two round trips to the store use.
/// Never while blocks have one value: then the sequence is slower than about one in seven seconds, a caller can wait
/// for a write, and a block ahead would double what a crash loses.
///
/// **Blocks of one, fixed,** are the strict choice: a value is only given to a call that came before its block was
/// asked for, so that across all daemons a call that begins after another has ended gets the higher value. Each value
/// costs its share of a write; calls that wait together share one.
package struct SequenceKeeper: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// The largest block that a rate asks for. One write per second for a million values per second.
        package var maximumBlock: UInt64 = 1_000_000
        /// nil: the size follows the rate. 1 is strict.
        package var fixedBlock: UInt64?
        /// How long a block should last.
        package var blockNanoseconds: Int64 = 10_000_000_000
        package var firstRetryNanoseconds: UInt64 = 50_000_000
        package var maximumRetryNanoseconds: UInt64 = 2_000_000_000
        /// How long a sequence that was found at its end is believed to be: others may give values back.
        package var exhaustedNanoseconds: Int64 = 10_000_000_000

        package init() {}
    }

    /// Why there is no block, until when that is believed.
    enum Obstacle: Hashable, Sendable {
        case failed(StoreError)
        case exhausted
        /// Believed by the calls that waited for that answer only.
        case refused(SequenceOutcome)
    }

    let configuration: Configuration
    /// What is handed out now, and what after it. No next one without a present one.
    var present: SequenceRun?
    var next: SequenceRun?
    /// The last block that arrived.
    var newest: SequenceBlock?
    /// Values at or below it are never handed out again, whatever the store says.
    var highest: UInt64 = 0

    /// How many blocks were asked for, and the number of the last one that was answered, and that arrived.
    var askedRound: UInt64 = 0
    var answeredRound: UInt64 = 0
    var arrivedRound: UInt64 = 0
    /// The block under way when the store was set back: it is not used.
    var droppedRound: UInt64 = 0
    /// What waiting calls want of the block under way.
    var coveredDemand: UInt64 = 0
    /// What those want that came since, and the largest of them.
    var demand: UInt64 = 0
    var largestDemand: UInt64 = 0

    var obstacle: Obstacle?
    var obstacleUntil: Int64 = 0
    var doubt: SequenceDoubt?
    var retryDelay: RetryDelay

    /// The size that the rate asks for.
    var blockSize: UInt64
    /// The next block is asked for when fewer are left.
    var aheadBelow: UInt64
    /// What new calls wanted since then, whether they got it or wait.
    var wantedSinceAsked: UInt64 = 0
    var askedAt: Int64?
    var roundTripNanoseconds: Int64 = 0

    package init(configuration: Configuration, jitterSeed: UInt64) {
        precondition(configuration.maximumBlock > 0, "a block has at least one value")
        precondition(configuration.fixedBlock != 0, "a block has at least one value")
        precondition(configuration.blockNanoseconds > 0, "a block lasts some time")
        self.configuration = configuration
        blockSize = configuration.fixedBlock ?? 1
        aheadBelow = blockSize / 2
        retryDelay = RetryDelay(
            firstTicks: configuration.firstRetryNanoseconds,
            maximumTicks: configuration.maximumRetryNanoseconds,
            jitterSeed: jitterSeed
        )
    }

    /// Whether a block is under way: `blockAnswered` will be told.
    package var isTaking: Bool { askedRound != answeredRound }

    /// How many reserved values are still to be handed out.
    package var heldCount: UInt64 { (present?.count ?? 0) + (next?.count ?? 0) }

    /// What the values are; nil before the first block arrived. Never changes after.
    package var kind: SequenceKind? { newest?.record.kind }

    var isStrict: Bool { configuration.fixedBlock == 1 }

    /// A call for `count` values; with `wait`, one that was told to wait before. The action is to be done whatever the
    /// outcome is.
    package mutating func take(
        _ count: UInt32,
        after wait: SequenceWait? = nil,
        now: Int64
    ) -> (outcome: SequenceOutcome, action: SequenceAction) {
        precondition(count > 0, "a call takes at least one value")
        if wait == nil { wantedSinceAsked = saturatingSum(wantedSinceAsked, UInt64(count)) }
        // Of the last block a strict sequence too gives to later calls: nobody reserves a value above it any more.
        let mayHandOut = !isStrict || newest?.isLast == true || wait.map({ $0.round <= arrivedRound }) == true
        if mayHandOut, let taken = handOut(UInt64(count)) {
            return (taken, isAheadDue(now: now) ? ask(now: now) : .none)
        }
        if isTaking {
            // The block under way was asked for with this call in mind, or the one after it will be.
            if let wait, wait.round > answeredRound { return (.wait(wait), .none) }
            return (addDemand(UInt64(count)), .none)
        }
        if let outcome = obstruction(wait, now: now) { return (outcome, .none) }
        let outcome = addDemand(UInt64(count))
        return (outcome, ask(now: now))
    }

    private mutating func handOut(_ count: UInt64) -> SequenceOutcome? {
        guard var first = present else { return nil }
        if count < first.count {
            let run = first.removeFirst(count)
            present = first
            return .taken(run, nil)
        }
        if count == first.count {
            present = next
            next = nil
            return .taken(first, nil)
        }
        guard var second = next, count - first.count <= second.count else { return nil }
        next = nil
        if count - first.count == second.count {
            present = nil
            return .taken(first, second)
        }
        let run = second.removeFirst(count - first.count)
        present = second
        return .taken(first, run)
    }

    private func isAheadDue(now: Int64) -> Bool {
        guard (present?.count ?? 0) < aheadBelow, next == nil, !isTaking else { return false }
        return obstacle == nil || now >= obstacleUntil
    }

    private mutating func addDemand(_ count: UInt64) -> SequenceOutcome {
        demand = saturatingSum(demand, count)
        largestDemand = max(largestDemand, count)
        return .wait(SequenceWait(round: askedRound + 1))
    }

    /// Why a call is not worth a block.
    private func obstruction(_ wait: SequenceWait?, now: Int64) -> SequenceOutcome? {
        switch obstacle {
        case .failed(let error) where now < obstacleUntil:
            .failed(error, retryAfterNanoseconds: obstacleUntil - now)
        case .exhausted where now < obstacleUntil:
            .exhausted
        case .refused(let outcome) where wait.map({ $0.round <= answeredRound }) == true:
            outcome
        default:
            nil
        }
    }

    /// The store was set back, or is another one: it may give out again what is held. Nothing of it is handed out any more,
    /// nor of a block under way.
    package mutating func storeSetBack() {
        // The rest of the block was given to nobody. Once the store is repaired it may come again.
        if let present { highest = present.first - 1 }
        present = nil
        next = nil
        if isTaking { droppedRound = askedRound }
    }

    /// Gives up everything that is held, for the store: at a clean stop, or when a sequence that is little used makes
    /// room for another. nil: there is nothing to give back. Not while a block is under way; see ``isTaking``.
    package mutating func rest() -> SequenceRest? {
        precondition(!isTaking, "what a block under way will bring is not known yet")
        // If there are two, the second does not go on from the first, which then is lost.
        let unused = next ?? present
        present = nil
        next = nil
        guard let unused, let newest else { return nil }
        precondition(unused.last == newest.values.last, "the last run that is held ends with the newest block")
        highest = unused.first - 1
        return SequenceRest(newest: newest, firstUnused: unused.first)
    }
}
