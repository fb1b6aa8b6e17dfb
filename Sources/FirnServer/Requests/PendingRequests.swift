internal import DequeModule
internal import FirnEngine

/// The waiting requests of one peer.
struct PendingRequests {
    /// The position of the peer while requests for IDs wait.
    enum Place {
        /// No request waits.
        case none
        /// In its shard's line, until its turn.
        case line
        /// Outside the line, until it has read answers.
        case parked
    }

    /// IDs that a peer gets before the next peer's turn. About one block: small enough that a single ID never waits for
    /// a giant batch, large enough that a batch has few runs. Empirical.
    static let turnShare: UInt64 = 256

    /// The number of the shard that all its IDs come from, so that they increase (promise 4).
    let shard: Int
    /// Requests for IDs, which are answered in the order in which they came (promise 4).
    var forIDs = Deque<IDRequest>()
    /// The IDs that the first of these, a batch, has already got.
    var gathered = GatheredRuns()
    var place = Place.none
    /// Requests that wait for the store, in the order in which they came.
    var forStore = SlotQueue()
    /// How many of these wait for a reply.
    var replies = 0

    /// Stands for no peer.
    static let vacant = PendingRequests(shard: -1)

    var isEmpty: Bool { forIDs.isEmpty && forStore.isEmpty }
    var count: Int { forIDs.count + forStore.count }

    /// Serves the first request for IDs, and removes it when it is answered.
    mutating func serveFirst(
        from shard: some IDShard,
        share: inout UInt64,
        _ service: IDService
    ) -> IDRequest.Progress {
        let progress = forIDs[0].advance(from: shard, share: &share, gathered: &gathered, service)
        if case .answered = progress { removeFirst() }
        return progress
    }

    mutating func removeFirst() {
        forIDs.removeFirst()
        gathered.removeAll()
    }

    /// Drops the requests for IDs.
    mutating func removeForIDs() {
        forIDs = []
        gathered.removeAll()
    }
}
