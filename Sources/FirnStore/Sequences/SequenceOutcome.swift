/// The answer of a ``SequenceKeeper`` to a call for values.
package enum SequenceOutcome: Hashable, Sendable {
    /// Exactly as many values as were requested, in one run or in two, the second above the first.
    case taken(SequenceRun, SequenceRun?)
    /// Not available yet. Try again, with this, after `blockAnswered` was called.
    case wait(SequenceWait)
    /// Fewer values are left below the maximum than were requested; a smaller count may still succeed.
    case exhausted
    /// There is no such sequence, and none is to be created.
    case unknown
    /// The sequence exists for another use.
    case otherUse(SequenceKind)
    /// The store failed, and the reserved values are used up. No block is requested before that time has passed.
    case failed(StoreError, retryAfterNanoseconds: Int64)
}

/// The position of a waiting call: the number of the block that is taken for it.
package struct SequenceWait: Hashable, Sendable {
    let round: UInt64
}

/// What must be done for a ``SequenceKeeper``.
package enum SequenceAction: Hashable, Sendable {
    case none
    /// Take a block of this size from the store, on a thread that may block, and pass the result to `blockAnswered`.
    /// There is never more than one in progress.
    case takeBlock(count: UInt64, after: SequenceDoubt?)
}
