/// Values that were durably reserved for one daemon, by one write or by several on end.
package struct SequenceBlock: Hashable, Sendable {
    package let name: String
    package let values: SequenceRun
    /// The record as this daemon wrote it: its reserved value is the block's last.
    package let record: SequenceRecord
    /// The version at which it was written.
    package let version: UInt64

    /// Whether the sequence has no value after this block.
    package var isLast: Bool { record.next == nil }
}

/// What a daemon did not use of its newest block, and of those that the newest one goes on from.
package struct SequenceRest: Hashable, Sendable {
    package let newest: SequenceBlock
    /// This one and all after it, up to the newest block's last, were not used and will not be.
    package let firstUnused: UInt64
}

/// Writes of one daemon that got no answer, and that may still arrive: all of them expect the same version.
package struct SequenceDoubt: Hashable, Sendable {
    /// nil: they expect no record.
    let version: UInt64?
    /// The reserved value that they go on from.
    let reserved: UInt64
    /// The latest last. Bounded: to forget one costs, at worst, its block.
    private(set) var writeTokens: [UInt64] = []

    static let maximumWrites = 4

    init(version: UInt64?, reserved: UInt64) {
        self.version = version
        self.reserved = reserved
    }

    mutating func add(_ writeToken: UInt64) {
        if writeTokens.count == Self.maximumWrites { writeTokens.removeFirst() }
        writeTokens.append(writeToken)
    }
}

/// What became of taking a block.
package enum SequenceBlockOutcome: Hashable, Sendable {
    /// Durably ours. May be less than was asked for: the maximum was nearer, or it is an earlier write's.
    case taken(SequenceBlock)
    /// All values up to the maximum are reserved. One may come free again if its holder gives it back.
    case exhausted(SequenceRecord)
    /// There is no such sequence, and none was to be made.
    case unknown
    /// There is one for another use.
    case otherUse(SequenceKind)
    /// Nothing is known to be taken. With a doubt: a write may yet arrive, and the next try must be told of it.
    case failed(StoreError, SequenceDoubt?)
}

/// What became of giving a rest back. None of them needs an answer: what is not given back is a gap.
package enum SequenceReturnOutcome: Hashable, Sendable {
    case givenBack
    /// Somebody else wrote the record since.
    case conflict
    case failed(StoreError)
}

/// What became of making a sequence.
package enum SequenceCreation: Hashable, Sendable {
    case created(SequenceRecord)
    /// It was there, just as asked for.
    case existed(SequenceRecord)
    /// It was there, and now goes on from the start that was asked for. The daemon that asked drops what
    /// it holds below; others do when they take their next block.
    case startRaised(SequenceRecord)
    /// It is there and is something else.
    case differs(SequenceRecord)
    /// It is there, and values from the start on were already given, or are about to be.
    case startTooLow(SequenceRecord)
    /// Perhaps made, perhaps not: ask again.
    case failed(StoreError)
}
