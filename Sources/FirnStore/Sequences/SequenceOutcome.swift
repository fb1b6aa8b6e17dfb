/// What a ``SequenceKeeper`` says to a call for values.
package enum SequenceOutcome: Hashable, Sendable {
    /// Exactly as many values as were asked for, in one run or in two, the second above the first.
    case taken(SequenceRun, SequenceRun?)
    /// Not there yet. Ask again, with this, once `blockAnswered` was told.
    case wait(SequenceWait)
    /// The maximum leaves fewer than were asked for; a smaller count may still find some.
    case exhausted
    /// There is no such sequence, and none is to be made.
    case unknown
    /// There is one for another use.
    case otherUse(SequenceKind)
    /// The store failed, and what was there is used up. No block is asked for before that time has passed.
    case failed(StoreError, retryAfterNanoseconds: Int64)
}

/// A waiting call's place: the number of the block that is taken for it.
package struct SequenceWait: Hashable, Sendable {
    let round: UInt64
}

/// What a ``SequenceKeeper`` wants done.
package enum SequenceAction: Hashable, Sendable {
    case none
    /// Take a block of this size from the store, on a thread that may block, and tell `blockAnswered`. There is never
    /// more than one under way.
    case takeBlock(count: UInt64, after: SequenceDoubt?)
}
