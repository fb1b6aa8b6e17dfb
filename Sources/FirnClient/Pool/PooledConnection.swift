/// A connection in the pool's state.
struct PooledConnection: Identifiable {
    enum State {
        case connecting
        case open
        /// It takes no new calls.
        case draining
    }

    /// Connections are numbered in the order in which they were started.
    let id: Int
    /// The index of its address among the client's.
    let addressIndex: Int
    /// Whether it is an attempt at a more preferred address.
    let isFailback: Bool
    var state = State.connecting
    /// How many places are taken by calls, also by calls that have ended and were not answered yet.
    var load = 0
    /// When the last place was freed, or the connection made.
    var idleSince: ContinuousClock.Instant
    /// Whether the peer has answered any call.
    var hasAnswered = false
}

/// One of the client's addresses in the pool's state.
struct PooledAddress {
    let address: FirnAddress
    /// Until when it gets no calls, after its daemon answered UNAVAILABLE; nil when it did not.
    var coolsOffUntil: ContinuousClock.Instant?
    /// Whether connecting to it failed in the present round.
    var hasFailedInRound = false
    /// Whether the last attempt failed, or its connection broke before any answer.
    var isSuspect = false
    /// Why the last attempt to connect failed; nil after one that succeeded.
    var refusal: FirnClientError?

    func isCoolingOff(at now: ContinuousClock.Instant) -> Bool {
        coolsOffUntil.map { $0 > now } ?? false
    }
}
