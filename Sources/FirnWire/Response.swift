package import FirnLayout

/// One answer of the daemon.
package struct Response: Sendable, Equatable {
    /// The outcome of a call.
    package enum Outcome: Sendable, Equatable {
        case error(Status)
        case nextID(FirnID)
        case nextBatch([Run])
        case nextTickets([Run])
        case newPrefix(String)
        // Indirect, because they are large, and an outcome is passed on for every call.
        indirect case describe(DaemonDescription)
        indirect case createSequence(SequenceDescription)
        /// A page of sequences, and whether more come after it.
        case listSequences([SequenceDescription], more: Bool)
        indirect case leased(LeaseGrant)
        indirect case leaseExtended(Lease, limitUnixMilliseconds: UInt64)
        case leaseReleased(freeFromTick: UInt64)
        indirect case store(StoreAnswers)
        /// The token was accepted, or none is asked for.
        case authenticated
        /// The daemon closes the connection soon. Sent with call 0.
        case goAway(reason: String)
        /// An outcome that this version does not know.
        case unknown
    }

    /// The call that is answered; 0 for the connection as a whole.
    package var callID: UInt64
    package var outcome: Outcome

    package init(callID: UInt64, outcome: Outcome) {
        self.callID = callID
        self.outcome = outcome
    }
}

/// The answer to LeaseWorker.
package struct LeaseGrant: Sendable, Equatable {
    package var lease: Lease
    package var layout: Layout
    package var limitUnixMilliseconds: UInt64

    package init(lease: Lease, layout: Layout, limitUnixMilliseconds: UInt64) {
        self.lease = lease
        self.layout = layout
        self.limitUnixMilliseconds = limitUnixMilliseconds
    }
}

/// The answer to Describe.
package struct DaemonDescription: Sendable, Equatable {
    package var version: String
    package var layout: Layout
    /// The workers that the daemon holds now.
    package var workers: [UInt32]
    /// The largest count that one NextBatch may request.
    package var maximumBatch: UInt32
    /// Whether IDs can be had now; `nil` from a daemon whose version does not tell.
    package var readiness: Readiness?
    /// The longest lease of a worker in milliseconds; 0 from a daemon that leases none.
    package var maximumLeaseWindowMilliseconds: UInt64

    /// Whether a daemon can give out IDs.
    package enum Readiness: Sendable, Equatable {
        case ready
        /// Ready; the next request for an ID waits for one write to the store.
        case resting
        /// Gives out none now, for this reason.
        case unready(Status)
    }

    package init(
        version: String,
        layout: Layout,
        workers: [UInt32],
        maximumBatch: UInt32,
        readiness: Readiness? = nil,
        maximumLeaseWindowMilliseconds: UInt64 = 0
    ) {
        self.version = version
        self.layout = layout
        self.workers = workers
        self.maximumBatch = maximumBatch
        self.readiness = readiness
        self.maximumLeaseWindowMilliseconds = maximumLeaseWindowMilliseconds
    }
}
