package import FirnLayout

/// One answer, as the daemon gives it.
package struct Response: Sendable, Equatable {
    /// What came of a call.
    package enum Outcome: Sendable, Equatable {
        case error(Status)
        case nextID(FirnID)
        case nextBatch([Run])
        case nextTickets([Run])
        case newPrefix(String)
        // Apart, for they are long: an outcome is handed on as often as there are calls.
        indirect case describe(DaemonDescription)
        indirect case createSequence(SequenceDescription)
        /// A page of sequences, and whether others come after it.
        case listSequences([SequenceDescription], more: Bool)
        /// The daemon closes the connection soon; with call 0.
        case goAway(reason: String)
        /// None that this version knows.
        case unknown
    }

    /// The call that is answered; 0 when the connection as a whole is meant.
    package var callID: UInt64
    package var outcome: Outcome

    package init(callID: UInt64, outcome: Outcome) {
        self.callID = callID
        self.outcome = outcome
    }
}

/// What Describe tells of a daemon.
package struct DaemonDescription: Sendable, Equatable {
    package var version: String
    package var layout: Layout
    /// The workers that the daemon holds now.
    package var workers: [UInt32]
    /// The largest count that one NextBatch may ask for.
    package var maximumBatch: UInt32

    package init(version: String, layout: Layout, workers: [UInt32], maximumBatch: UInt32) {
        self.version = version
        self.layout = layout
        self.workers = workers
        self.maximumBatch = maximumBatch
    }
}
