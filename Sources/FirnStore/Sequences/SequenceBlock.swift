/// Values that were durably reserved for one daemon, by one write or by several consecutive ones.
package struct SequenceBlock: Hashable, Sendable {
    package let name: String
    package let values: SequenceRun
    /// The record as this daemon wrote it: its reserved value is the block's last.
    package let record: SequenceRecord
    /// The version at which it was written.
    package let version: UInt64
    /// Whether others wrote the record between this daemon's last block and this one.
    package let isContended: Bool

    package init(
        name: String,
        values: SequenceRun,
        record: SequenceRecord,
        version: UInt64,
        isContended: Bool = false
    ) {
        self.name = name
        self.values = values
        self.record = record
        self.version = version
        self.isContended = isContended
    }

    /// Whether the sequence has no value after this block.
    package var isLast: Bool { record.next == nil }
}

/// The unused values of a daemon's newest block, and of the blocks that it continues.
package struct SequenceRest: Hashable, Sendable {
    package let newest: SequenceBlock
    /// This value and all after it, up to the newest block's last, were not used and will not be.
    package let firstUnused: UInt64
}

/// Writes of one daemon that got no answer and may still arrive. All of them expect the same version.
package struct SequenceDoubt: Hashable, Sendable {
    /// nil: they expect no record.
    let version: UInt64?
    /// The reserved value that they continue from.
    let reserved: UInt64
    /// The latest last. Bounded: in the worst case, a dropped one costs its block.
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

/// The result of taking a block.
package enum SequenceBlockOutcome: Hashable, Sendable {
    /// Durably reserved for this daemon. It may have fewer values than requested: the maximum was near, or it is an
    /// earlier write's block.
    case taken(SequenceBlock)
    /// All values up to the maximum are reserved. Some may become free again if their holder gives them back.
    case exhausted(SequenceRecord)
    /// There is no such sequence, and none was to be created.
    case unknown
    /// The sequence exists for another use.
    case otherUse(SequenceKind)
    /// Nothing is known to be taken. With a doubt: a write may still arrive, and the doubt must be passed to the next
    /// attempt.
    case failed(StoreError, SequenceDoubt?)
}

/// The result of giving a rest back. None of them needs a reaction: what is not given back becomes a gap.
package enum SequenceReturnOutcome: Hashable, Sendable {
    case givenBack
    /// Another daemon has written the record since.
    case conflict
    case failed(StoreError)
}

/// The result of creating a sequence.
package enum SequenceCreation: Hashable, Sendable {
    case created(SequenceRecord)
    /// It existed, exactly as requested.
    case existed(SequenceRecord)
    /// It existed, and now continues from the requested start. The daemon that requested this drops what it holds below
    /// the start; others do so when they take their next block.
    case startRaised(SequenceRecord)
    /// It exists with other parameters.
    case differs(SequenceRecord)
    /// It exists, and values from the start on were already given out, or will be soon.
    case startTooLow(SequenceRecord)
    /// It was created or not, which is not known: try again.
    case failed(StoreError)
}
