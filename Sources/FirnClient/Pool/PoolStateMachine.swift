internal import DequeModule

/// Which call goes to which connection, and which connections there are. A state machine without I/O: it takes events and
/// returns actions; time and randomness are passed in.
///
/// Addresses are in order of preference. While nothing is wrong all connections go to the first. The extension `+Connecting`
/// decides which connections are made and when, `+Time` handles deadlines and idle connections.
///
/// What holds after every event:
/// 1. A call that was submitted is waiting here, on one connection, or has ended. It is never in two places.
/// 2. There are never more connections than the hard limit, and one is being made at a time, besides one attempt at a more
///    preferred address.
/// 3. A connection's load is what was assigned to it less the places that it freed.
/// 4. A connection without any answer is followed by a pause, which doubles: whatever a peer does, it cannot make this client
///    connect in a tight loop.
struct PoolStateMachine {
    enum Phase {
        case initialized, running, shutDown
    }

    /// When the least loaded connection has more open calls than this, another is made. A daemon takes 64 frames of a
    /// connection in one turn, so a further call would wait for four turns of all other connections.
    static let growthThreshold = 256
    /// How often a call is made again because its connection broke. A daemon's restart breaks it once or twice; a call that
    /// breaks every connection should not be repeated for an hour, if that is its timeout.
    static let maximumBreaks = 10
    /// How long after a call that failed at once attempts to connect go on.
    static let demandPatience = Duration.seconds(10)
    /// How long a daemon that answered UNAVAILABLE without a time to retry gets no calls.
    static let defaultCoolOff = Duration.milliseconds(100)
    /// The longest time that a daemon's answer can keep calls from it.
    static let maximumCoolOff = Duration.seconds(60)

    let configuration: FirnClientConfiguration
    var phase = Phase.initialized
    var addresses: [PooledAddress]
    /// Ordered by number.
    var connections: [PooledConnection] = []
    var lastConnectionID = 0
    /// The queue of calls, in the order in which they were made, also of those that were handed back.
    private(set) var waiting = Deque<Submission>()

    // Connecting.
    var generator: any RandomNumberGenerator
    var failedRounds = 0
    /// When the next attempt to connect may begin; nil when it may at once.
    var nextAttempt: ContinuousClock.Instant?
    /// Since when no daemon could be connected; nil when one can.
    var outageBegan: ContinuousClock.Instant?
    /// Whether calls fail at once.
    var isTripped = false
    /// When the last call was made that did not wait for a connection, but shows that another is needed.
    var lastDemand: ContinuousClock.Instant?
    var nextFailback: ContinuousClock.Instant?

    /// When ``timePassed(at:)`` has to be called, or earlier; nil when nothing waits.
    var nextExpiry: ContinuousClock.Instant?

    /// - Parameter generator: Shortens the pauses between attempts at random.
    init(
        addresses: [FirnAddress],
        configuration: FirnClientConfiguration,
        generator: any RandomNumberGenerator
    ) {
        precondition(!addresses.isEmpty, "a client has at least one address: give the daemon's")
        self.addresses = addresses.map { PooledAddress(address: $0) }
        self.configuration = configuration
        self.generator = generator
    }

    /// Whether the client was shut down and every connection has closed.
    var hasEnded: Bool { phase == .shutDown && connections.isEmpty }

    /// How many connections take calls, or will when they are made.
    var activeCount: Int { connections.count { $0.state != .draining } }

    func index(of connection: PooledConnection.ID) -> Int? {
        connections.firstIndex { $0.id == connection }
    }

    mutating func expect(_ instant: ContinuousClock.Instant) {
        nextExpiry = nextExpiry.map { min($0, instant) } ?? instant
    }
}

// MARK: - The calls' events

extension PoolStateMachine {
    mutating func callSubmitted(_ call: Call, at now: ContinuousClock.Instant) -> [PoolAction] {
        guard phase != .shutDown else { return [.finish(call, .shutDown)] }
        guard call.deadline > now else { return [.finish(call, timedOutWaiting(Submission(call)))] }
        if isTripped {
            lastDemand = now
            return [.finish(call, outage)] + makeConnections(at: now)
        }
        if waiting.isEmpty, let index = leastLoaded(at: now) {
            return assign(Submission(call), to: index, at: now)
        }
        // Calls that a further connection could take at once may wait too.
        let places = configuration.maximumWaitingCalls + (mayGrow ? configuration.maximumCallsInFlight : 0)
        guard waiting.count < places else { return [.finish(call, tooManyCalls)] }
        enqueue(Submission(call))
        return makeConnections(at: now)
    }

    /// The call was cancelled; it has ended already.
    mutating func callCancelled(_ callID: UInt64) {
        let index = position(of: callID)
        if index < waiting.count, waiting[index].call.id == callID { waiting.remove(at: index) }
    }

    /// A connection that ends hands back the calls that callers still wait for.
    mutating func callsHandedBack(
        _ submissions: [(submission: Submission, wasSent: Bool)],
        by connection: PooledConnection.ID,
        at now: ContinuousClock.Instant
    ) -> [PoolAction] {
        var actions: [PoolAction] = []
        for (var submission, wasSent) in submissions {
            if wasSent { submission.connectionBroke(connection, newest: lastConnectionID) }
            if phase == .shutDown {
                actions.append(.finish(submission.call, .shutDown))
            } else if isTripped {
                actions.append(.finish(submission.call, outage))
            } else if submission.breaks > (submission.call.method.isRepeatable ? Self.maximumBreaks : 0) {
                actions.append(.finish(submission.call, connectionClosed(breaks: submission.breaks)))
            } else {
                enqueue(submission)
            }
        }
        return actions + goOn(at: now)
    }

    /// A daemon answered that it cannot make IDs now.
    mutating func callRefused(
        _ submission: Submission,
        _ error: FirnClientError,
        by connection: PooledConnection.ID,
        at now: ContinuousClock.Instant
    ) -> [PoolAction] {
        guard addresses.count > 1, phase == .running else { return [.finish(submission.call, error)] }
        if let index = index(of: connection) {
            let coolOff = min(error.retryAfter ?? Self.defaultCoolOff, Self.maximumCoolOff)
            addresses[connections[index].addressIndex].coolsOffUntil = now + coolOff
        }
        guard !submission.wasRefused, submission.call.method.isRepeatable, submission.call.deadline > now, !isTripped
        else {
            return [.finish(submission.call, error)] + goOn(at: now)
        }
        var submission = submission
        submission.wasRefused = true
        enqueue(submission)
        return goOn(at: now)
    }

    /// Calls on a connection have ended, and it can take as many more.
    mutating func placesFreed(
        _ count: Int,
        hasAnswered: Bool,
        by connection: PooledConnection.ID,
        at now: ContinuousClock.Instant
    ) -> [PoolAction] {
        guard let index = index(of: connection) else { return [] }
        precondition(connections[index].load >= count, "a connection frees the places that it was given")
        connections[index].load -= count
        if hasAnswered, !connections[index].hasAnswered { answered(index) }
        guard count > 0, connections[index].load == 0, connections[index].state == .open else {
            return waiting.isEmpty ? [] : goOn(at: now)
        }
        connections[index].idleSince = now
        expect(now + configuration.idleTimeout)
        let actions = waiting.isEmpty ? [] : goOn(at: now)
        guard connections[index].load == 0, activeCount > configuration.maximumConnectionSoftLimit else {
            return actions
        }
        connections[index].state = .draining
        return actions + [.drain(connection)]
    }
}

// MARK: - Assigning calls

extension PoolStateMachine {
    /// Assigns the calls that can be assigned, and makes a connection if the rest needs one.
    mutating func goOn(at now: ContinuousClock.Instant) -> [PoolAction] {
        var actions: [PoolAction] = []
        while !waiting.isEmpty, let index = leastLoaded(at: now) {
            actions += assign(waiting.removeFirst(), to: index, at: now)
        }
        return actions + makeConnections(at: now)
    }

    private mutating func assign(
        _ submission: Submission,
        to index: Int,
        at now: ContinuousClock.Instant
    ) -> [PoolAction] {
        connections[index].load += 1
        let assigned = PoolAction.assign(submission, connections[index].id)
        let isSecondChoice = addresses[connections[index].addressIndex].isCoolingOff(at: now)
        if isSecondChoice { lastDemand = now }
        guard isSecondChoice || connections[index].load > Self.growthThreshold else { return [assigned] }
        return [assigned] + makeConnections(at: now)
    }

    /// The connection for the next call: one of the most preferred address that does not cool off, of these the one with
    /// the fewest open calls, of these the oldest, so that the calls of a task that makes one after the other share one.
    ///
    /// One whose address cools off is used when no better connection can be expected.
    private func leastLoaded(at now: ContinuousClock.Instant) -> Int? {
        var best: (index: Int, rank: (Int, Int, Int))?
        for (index, connection) in connections.enumerated() {
            guard connection.state == .open, connection.load < configuration.maximumCallsInFlight else { continue }
            let isCoolingOff = addresses[connection.addressIndex].isCoolingOff(at: now)
            let rank = (isCoolingOff ? 1 : 0, connection.addressIndex, connection.load)
            if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
        }
        guard let best else { return nil }
        return best.rank.0 == 1 && mayHopeForBetter(at: now) ? nil : best.index
    }

    private func mayHopeForBetter(at now: ContinuousClock.Instant) -> Bool {
        mayGrow && addresses.contains { !$0.isCoolingOff(at: now) && !$0.isSuspect }
    }

    /// Whether a connection is being made, or could be.
    private var mayGrow: Bool {
        connections.count < configuration.maximumConnectionHardLimit || connections.contains { $0.state == .connecting }
    }

    private mutating func enqueue(_ submission: Submission) {
        waiting.insert(submission, at: position(of: submission.call.id))
        expect(submission.call.deadline)
    }

    /// A call's position in the queue, or the one that it would have.
    private func position(of callID: UInt64) -> Int {
        // Nearly always at the end: calls are numbered in the order in which they are made.
        guard let last = waiting.last, last.call.id >= callID else { return waiting.count }
        var (low, high) = (0, waiting.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].call.id < callID { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func failWaiting(with error: FirnClientError) -> [PoolAction] {
        defer { waiting.removeAll() }
        return waiting.map { .finish($0.call, error) }
    }

    /// Removes the calls that have timed out.
    mutating func expireWaiting(at now: ContinuousClock.Instant) -> [PoolAction] {
        guard waiting.contains(where: { $0.call.deadline <= now }) else { return [] }
        let actions = waiting.filter { $0.call.deadline <= now }.map {
            PoolAction.finish($0.call, timedOutWaiting($0))
        }
        waiting.removeAll { $0.call.deadline <= now }
        return actions
    }
}
