/// Keeps the values of one sequence for a daemon: the block that is given out now, and the next one.
///
/// A state machine without I/O, clock or thread. It has two events: a call (``take(_:after:now:)``), and the store's
/// answer (``blockAnswered(_:now:)``). It needs no timer, because every call checks whether a block is due. Times are
/// nanoseconds of any clock that does not stop in suspend.
///
/// What it guarantees, whatever the store does:
/// 1. A value is given out at most once, after its block is known to be stored. It is above all values before it.
/// 2. A call gets as many values as it requested, or none.
/// 3. It holds two runs at most; when a third does not continue the second, the first is dropped. A daemon that dies
///    loses ``heldCount`` values and the one block in progress: less than twice the largest of the maximum block, the
///    fixed block and the largest call.
/// 4. At most one block is in progress, and after a failure none before the retry time.
/// 5. An unavailable store stops nothing before the blocks are used up.
///
/// **Block size.** The demand since the last block was requested shows how many values ten seconds take. This is the
/// next block's size, with two limits. It is at most twice the last size, so that a short burst on a slow sequence does
/// not cost ten seconds of its rate. It is not below the last size if the last request was a moment ago. The demands of
/// waiting calls are added, and always fit.
///
/// **When the next block is requested.** When fewer values are left than half of the last block, or than two round
/// trips to the store use. Never while blocks have one value: then the sequence is slower than about one value in seven
/// seconds, a caller can wait for a write, and a block in advance would double what a crash loses.
///
/// **A fixed block size of one** is the strict mode: a value is only given to a call that came before its block was
/// requested. So across all daemons, a call that begins after another has ended gets the higher value. Each value costs
/// its share of a write; calls that wait together share one.
package struct SequenceKeeper: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// The largest block that a rate leads to. One write per second for a million values per second.
        package var maximumBlock: UInt64 = 1_000_000
        /// nil: the size follows the rate. 1 is strict.
        package var fixedBlock: UInt64?
        /// How long a block should last.
        package var blockNanoseconds: Int64 = 10_000_000_000
        package var firstRetryNanoseconds: UInt64 = 50_000_000
        package var maximumRetryNanoseconds: UInt64 = 2_000_000_000
        /// How long a sequence that was found at its end is assumed to stay there: other daemons may give values back.
        package var exhaustedNanoseconds: Int64 = 10_000_000_000

        package init() {}
    }

    /// Why there is no block, and until when this is assumed.
    enum Obstacle: Hashable, Sendable {
        case failed(StoreError)
        case exhausted
        /// Applies only to the calls that waited for that answer.
        case refused(SequenceOutcome)
    }

    let configuration: Configuration
    /// What is given out now, and what after it. There is no next run without a present one.
    var present: SequenceRun?
    var next: SequenceRun?
    /// The last block that arrived.
    var newest: SequenceBlock?
    /// Whether nothing since then suggests that its record is no longer in the store as it was written.
    var isNewestCurrent = false
    /// Values at or below it are never given out again, whatever the store returns.
    var highest: UInt64 = 0

    /// How many blocks were requested, the number of the last one that was answered, and of the last one that arrived.
    var askedRound: UInt64 = 0
    var answeredRound: UInt64 = 0
    var arrivedRound: UInt64 = 0
    /// The block that was in progress when the store was set back: it is not used.
    var droppedRound: UInt64 = 0
    /// The demand of waiting calls that the block in progress covers.
    var coveredDemand: UInt64 = 0
    /// The demand of calls that came since, and the largest of them.
    var demand: UInt64 = 0
    var largestDemand: UInt64 = 0

    var obstacle: Obstacle?
    var obstacleUntil: Int64 = 0
    var doubt: SequenceDoubt?
    var retryDelay: RetryDelay

    /// The size that the rate leads to.
    var blockSize: UInt64
    /// The next block is requested when fewer values are left.
    var aheadBelow: UInt64
    /// The demand of new calls since then, whether they got their values or wait.
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

    /// Whether a block is in progress: `blockAnswered` will be called.
    package var isTaking: Bool { askedRound != answeredRound }

    /// How many reserved values are not given out yet.
    package var heldCount: UInt64 { (present?.count ?? 0) + (next?.count ?? 0) }

    /// The last block, if its record may still be in the store as it was written, for the next reservation. Nothing may
    /// depend on that.
    package var lastWritten: SequenceBlock? { isNewestCurrent && doubt == nil ? newest : nil }

    /// How much of the sequence's maximum is reserved or was skipped, by any daemon, as of the last block that arrived
    /// here: from 0 to 1; nil before the first.
    package var usedShare: Double? {
        newest.map { Double($0.record.reserved) / Double(max(1, $0.record.progression.maximum)) }
    }

    /// The kind of the values; nil before the first block arrived. It never changes after that.
    package var kind: SequenceKind? { newest?.record.kind }

    var isStrict: Bool { configuration.fixedBlock == 1 }

    /// A call for `count` values. `wait` is set for a call that had to wait before. The action must be done whatever
    /// the outcome is.
    package mutating func take(
        _ count: UInt32,
        after wait: SequenceWait? = nil,
        now: Int64
    ) -> (outcome: SequenceOutcome, action: SequenceAction) {
        precondition(count > 0, "a call takes at least one value")
        if wait == nil { wantedSinceAsked = saturatingSum(wantedSinceAsked, UInt64(count)) }
        // In a strict sequence, the last block's values are given to later calls too: nobody can reserve a value above
        // them.
        let mayHandOut = !isStrict || newest?.isLast == true || wait.map({ $0.round <= arrivedRound }) == true
        if mayHandOut, let taken = handOut(UInt64(count)) {
            return (taken, isAheadDue(now: now) ? ask(now: now) : .none)
        }
        if isTaking {
            // The block in progress includes this call's demand, or the block after it will.
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

    /// Why no block is requested for a call.
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

    /// The store was set back, or is another one: it may give out again what is held. So nothing held is given out any
    /// more, and no block in progress either.
    package mutating func storeSetBack() {
        // The rest of the block was not given out. After the store is repaired, it may be reserved again.
        if let present { highest = present.first - 1 }
        present = nil
        next = nil
        isNewestCurrent = false
        if isTaking { droppedRound = askedRound }
    }

    /// Returns everything that is held, to be given back to the store: at a clean stop, or when a sequence that is
    /// little used makes room for another. nil: there is nothing to give back. Not while a block is in progress; see
    /// ``isTaking``.
    package mutating func rest() -> SequenceRest? {
        precondition(!isTaking, "what a block under way will bring is not known yet")
        // If there are two, the second does not continue the first, which is then lost.
        let unused = next ?? present
        present = nil
        next = nil
        isNewestCurrent = false
        guard let unused, let newest else { return nil }
        precondition(unused.last == newest.values.last, "the last run that is held ends with the newest block")
        highest = unused.first - 1
        return SequenceRest(newest: newest, firstUnused: unused.first)
    }
}
