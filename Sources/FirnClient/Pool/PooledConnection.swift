/// What the pool knows of a connection.
struct PooledConnection: Identifiable {
    enum State {
        case connecting
        case open
        /// It takes no new calls.
        case draining
    }

    /// Connections are numbered in the order in which they were begun.
    let id: Int
    /// Which of the client's addresses it goes to.
    let addressIndex: Int
    /// Whether it is a try to come back to a more preferred address.
    let isFailback: Bool
    var state = State.connecting
    /// Places taken by calls, also by those that were given up and not answered yet.
    var load = 0
    /// When the last place was freed, or the connection made.
    var idleSince: ContinuousClock.Instant
    /// Whether the peer answered anything.
    var hasAnswered = false
}

/// What the pool knows of one of the client's addresses.
struct PooledAddress {
    let address: FirnAddress
    /// When it may be given calls again, after its daemon could not make IDs.
    var coolsOffUntil: ContinuousClock.Instant?
    /// Whether it failed in the present round of tries.
    var hasFailedInRound = false
    /// Whether the last connection to it failed, or broke before anything was answered.
    var isSuspect = false
    /// Why the last try to connect failed; nil after one that succeeded.
    var refusal: FirnClientError?

    func isCoolingOff(at now: ContinuousClock.Instant) -> Bool {
        coolsOffUntil.map { $0 > now } ?? false
    }
}
