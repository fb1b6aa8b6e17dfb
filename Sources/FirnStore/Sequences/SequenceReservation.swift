/// A block on its way: what is known of the sequence's record, and which call to the store is next.
///
/// ``SequenceClaims`` makes the calls, for many reservations in one. See there why no value is reserved twice.
package struct SequenceReservation: Sendable {
    enum Step: Sendable {
        /// Read the record.
        case read
        /// Write, in place of this record if it is still at this version; nil: if there is still no record.
        case write(over: SequenceRecord, version: UInt64?)
        /// The last write may or may not have been applied: read the record to find out.
        case settle(after: StoreError)
    }

    let name: String
    let count: UInt64
    let use: SequenceUse
    /// With what the sequence is created if the store does not have it; nil: it is not created.
    let parameters: SequenceParameters?
    /// The version at which this daemon wrote the record last, as far as it is known.
    private let lastVersion: UInt64?

    var step: Step
    var doubt: SequenceDoubt?
    /// How many writes were too late because the record had been written by others.
    var conflicts = 0
    /// Whether others wrote the record since this daemon did.
    private(set) var isContended = false

    /// A reservation of the next `count` values, fewer where the maximum is nearer.
    ///
    /// - Parameters:
    ///   - doubt: what the previous attempt for this sequence returned.
    ///   - newest: this daemon's last block, if its record may still be in the store as it was written. It saves
    ///     reading it. While others write the record as well, it is read first: a write that is too late costs more.
    package init(
        _ name: String,
        count: UInt64,
        for use: SequenceUse,
        orCreate parameters: SequenceParameters?,
        after doubt: SequenceDoubt?,
        newest: SequenceBlock? = nil
    ) {
        precondition(count > 0, "a block has at least one value")
        precondition(parameters == nil || parameters?.kind.use == use, "a sequence is made for the use that it has")
        self.name = name
        self.count = count
        self.use = use
        self.parameters = parameters
        self.doubt = doubt
        lastVersion = newest?.version
        // At its end, only the store can say whether others have given values back.
        if let newest, doubt == nil, !newest.isContended, !newest.isLast {
            step = .write(over: newest.record, version: newest.version)
        } else {
            step = .read
        }
    }

    var mustWrite: Bool {
        if case .write = step { true } else { false }
    }

    /// The version that the record was read at; nil: there was none.
    mutating func found(version: UInt64?) {
        if let version, let lastVersion, version != lastVersion { isContended = true }
        // At another version, none of the writes in doubt can arrive any more.
        if version != doubt?.version { doubt = nil }
    }

    /// The write was too late.
    mutating func conflicted() {
        conflicts += 1
        isContended = true
        step = .read
    }
}

/// Reservations that are in progress together, each for a job of the caller.
///
/// Every call to the store is for all of them that need it. A reservation that needs more calls than others does not
/// keep them: they are answered, and new ones are added, after each call.
package struct SequenceBatch<Job: Sendable>: Sendable {
    private var open: [(job: Job, reservation: SequenceReservation)] = []

    /// An answered reservation.
    package typealias Answered = (job: Job, outcome: SequenceBlockOutcome)

    package init() {}

    package var isEmpty: Bool { open.isEmpty }
    /// How many more may be added.
    package var room: Int { SequenceClaims.maximumBatch - open.count }

    package mutating func add(_ reservation: SequenceReservation, for job: Job) {
        precondition(room > 0, "a batch has a limit")
        open.append((job, reservation))
    }

    /// Makes the writes that are due, in one call to the store.
    package mutating func write(
        _ claims: SequenceClaims,
        using random: inout some RandomNumberGenerator
    ) -> [Answered] {
        // One write of each record: of two, the second would be too late.
        var names: Set<String> = []
        return advance({ $0.mustWrite && names.insert($0.name).inserted }) { due in
            claims.write(&due, using: &random)
        }
    }

    /// Makes the reads that are due, in one call to the store.
    package mutating func read(_ claims: SequenceClaims) -> [Answered] {
        advance({ !$0.mustWrite }) { due in claims.read(&due) }
    }

    private mutating func advance(
        _ isDue: (SequenceReservation) -> Bool,
        _ call: (inout [SequenceReservation]) -> [SequenceBlockOutcome?]
    ) -> [Answered] {
        let indices = open.indices.filter { isDue(open[$0].reservation) }
        guard !indices.isEmpty else { return [] }
        var due = indices.map { open[$0].reservation }
        let outcomes = call(&due)
        var answered: [Answered] = []
        var isAnswered: Set<Int> = []
        for (position, index) in indices.enumerated() {
            open[index].reservation = due[position]
            guard let outcome = outcomes[position] else { continue }
            answered.append((open[index].job, outcome))
            isAnswered.insert(index)
        }
        open = open.indices.lazy.filter { !isAnswered.contains($0) }.map { [open] in open[$0] }
        return answered
    }
}
