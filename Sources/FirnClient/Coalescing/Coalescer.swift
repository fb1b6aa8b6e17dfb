internal import FirnLayout

/// Combines calls for one ID each into batches. A state machine without I/O: it takes events and returns steps.
///
/// One batch is in flight at a time. Calls that are made meanwhile share the next one: the more calls at a time, the fewer
/// frames each costs, and a single caller waits for no other. A batch has the latest deadline of its callers; one that takes
/// long no longer holds back the next. What holds after every event:
/// 1. Every caller gets one result: an ID or an error.
/// 2. No ID is given twice. IDs of callers that were cancelled or timed out stay a gap.
/// 3. An ID is fresh: the batch that it comes from was sent after its caller's call.
/// 4. While callers wait a batch is in flight.
/// 5. One batch in flight holds back the next; at most `maximumOverdue` others are overdue and do not.
///
/// Neither this nor its parts are generic, and none holds a `ContinuousClock.Instant`, whose size is only known at run time:
/// copies of such values go through the runtime's witness tables, which took a fifth of a call's time.
struct Coalescer {
    /// Unsafe, because a checked one allocates an object for each caller.
    typealias Continuation = UnsafeContinuation<FirnID, any Error>

    /// A batch to request.
    struct Batch: Sendable {
        /// Identifies the batch. Never used again.
        let number: UInt64
        let count: Int
        let timeout: Duration
        let deadline: BootTime
    }

    /// What to do.
    struct Steps: Sendable {
        /// The callers that get the IDs of the batch that was answered, in this order. IDs of callers that already have a
        /// result stay a gap.
        var sharing: [Waiter] = []
        var failed: [(waiter: Waiter, error: FirnClientError)] = []
        /// Callers that have timed out.
        var expired: [Waiter] = []
        /// Batches in flight that no caller waits for any more.
        var abandoned: [UInt64] = []
        var next: Batch?
    }

    /// A batch that was requested and not answered yet.
    private struct Flight {
        let batch: Batch
        /// The callers that share it, in the order of their calls.
        var waiters: [Waiter]
        /// How many of them still wait.
        var awaitedCount: Int
        /// When it stops holding back the next batch.
        let overdue: BootTime
    }

    /// A caller, and its place in a batch.
    struct Waiter: Sendable {
        let key: UInt64
        /// The caller's; nil in tests, which tell callers apart by the key.
        let continuation: Continuation?
        let timeout: Duration
        let deadline: BootTime
        /// Whether it has its result. Its place in the batch is kept.
        fileprivate(set) var isTold = false
    }

    /// The most IDs of one batch: the answer stays short, and 4,096 callers are more than a machine can resume in a round
    /// trip.
    static var maximumBatchSize: Int { 4096 }
    /// The most batches in flight that do not hold back the next one. With timeouts of seconds a daemon that does not answer
    /// has fewer; with timeouts of minutes further callers wait until one of these ends.
    static var maximumOverdue: Int { 16 }

    private static let answerGrace = ConnectionStateMachine.answerGrace.nanoseconds

    /// How long, in nanoseconds, a batch holds back the next one: half of the default timeout, so that a call behind a slow
    /// batch has the other half left.
    private let patience: UInt64
    private let maximumWaiting: Int
    private var batchLimit: Int
    /// The batch that holds back the next one.
    private var current: Flight?
    private var overdue: [Flight] = []
    /// Callers that are in no batch yet, in the order of their calls.
    private var queue: [Waiter] = []
    /// The latest deadline in the queue. It may belong to a caller that has left the queue, which does no harm.
    private var latestDeadline: BootTime?
    private var longestTimeout = Duration.zero
    private var lastBatch: UInt64 = 0
    /// When ``timePassed(at:)`` has to be called, or earlier; nil when no caller waits.
    private(set) var nextExpiry: BootTime?

    init(configuration: FirnClientConfiguration) {
        patience = configuration.timeout.nanoseconds / 2
        // As many as could wait, or be in flight on a connection, if each were a call of its own.
        maximumWaiting = configuration.maximumWaitingCalls + configuration.maximumCallsInFlight
        batchLimit = min(Self.maximumBatchSize, configuration.maximumBatchSize)
    }

    /// The last batch that was sent, if the next one waits for it.
    var batch: Batch? { current?.batch }

    func isInFlight(_ number: UInt64) -> Bool {
        current?.batch.number == number || overdue.contains { $0.batch.number == number }
    }

    /// - Parameter key: Identifies the caller in ``cancelled(_:at:)``. Never used twice.
    /// - Returns: The batch to request now, if any.
    /// - Throws: `.tooManyCalls` when no more callers may wait; this caller is not added then.
    mutating func asked(
        _ continuation: Continuation?,
        key: UInt64,
        timeout: Duration,
        deadline: BootTime,
        at now: BootTime
    ) throws(FirnClientError) -> Batch? {
        let waiting = overdue.isEmpty ? queue.count : overdue.reduce(queue.count) { $0 + $1.awaitedCount }
        guard waiting < maximumWaiting else { throw tooManyCalls(waiting) }
        enqueue(Waiter(key: key, continuation: continuation, timeout: timeout, deadline: deadline))
        return nextBatch(at: now)
    }

    /// The caller's task was cancelled.
    mutating func cancelled(_ key: UInt64, at now: BootTime) -> Steps {
        var steps = Steps()
        if let index = queue.firstIndex(where: { $0.key == key }) {
            steps.failed.append((queue.remove(at: index), .cancelled))
        } else {
            withEachFlight { flight in
                guard let index = flight.waiters.firstIndex(where: { $0.key == key }), !flight.waiters[index].isTold
                else { return }
                steps.failed.append((flight.waiters[index], .cancelled))
                flight.waiters[index].isTold = true
                flight.awaitedCount -= 1
            }
            abandonUnwanted(&steps)
            steps.next = nextBatch(at: now)
        }
        return steps
    }

    mutating func timePassed(at now: BootTime) -> Steps {
        var steps = Steps()
        guard let nextExpiry, nextExpiry <= now else { return steps }
        self.nextExpiry = nil
        var stay: [Waiter] = []
        withEachFlight { flight in
            for index in flight.waiters.indices {
                guard !flight.waiters[index].isTold else { continue }
                guard Self.isExpired(flight.waiters[index], at: now) else {
                    stay.append(flight.waiters[index])
                    continue
                }
                steps.expired.append(flight.waiters[index])
                flight.waiters[index].isTold = true
                flight.awaitedCount -= 1
            }
        }
        let queued = queue
        queue.removeAll(keepingCapacity: true)
        for waiter in queued {
            if Self.isExpired(waiter, at: now) { steps.expired.append(waiter) } else { queue.append(waiter) }
        }
        for waiter in stay + queue { expect(waiter) }
        abandonUnwanted(&steps)
        steps.next = nextBatch(at: now)
        return steps
    }

    /// The batch was answered, with as many IDs as were requested.
    mutating func answered(_ number: UInt64, at now: BootTime) -> Steps {
        var steps = Steps()
        guard let flight = endFlight(number) else { return steps }
        steps.sharing = flight.waiters
        steps.next = nextBatch(at: now)
        return steps
    }

    /// The batch failed.
    mutating func failed(
        _ number: UInt64,
        with error: FirnClientError,
        at now: BootTime
    ) -> Steps {
        var steps = Steps()
        guard let flight = endFlight(number) else { return steps }
        let isTooLarge = error.code == .invalidArgument && flight.batch.count > 1
        // The daemon's maximum may be lower than this client's configuration says; no caller requested so many.
        if isTooLarge {
            batchLimit = min(batchLimit, max(1, flight.batch.count / 2))
            let others = queue
            queue = []
            for waiter in flight.waiters where !waiter.isTold { enqueue(waiter) }
            for waiter in others { enqueue(waiter) }
        } else {
            for waiter in flight.waiters where !waiter.isTold { steps.failed.append((waiter, error)) }
        }
        steps.next = nextBatch(at: now)
        return steps
    }

    // MARK: - Next batch

    private mutating func enqueue(_ waiter: Waiter) {
        latestDeadline = latestDeadline.map { max($0, waiter.deadline) } ?? waiter.deadline
        longestTimeout = max(longestTimeout, waiter.timeout)
        queue.append(waiter)
        expect(waiter)
    }

    /// The next batch, if callers wait and no other batch holds it back; it is in flight from now on.
    private mutating func nextBatch(at now: BootTime) -> Batch? {
        guard let latest = latestDeadline, !queue.isEmpty else { return nil }
        if let due = current?.overdue {
            guard due <= now, overdue.count < Self.maximumOverdue else {
                // While there are too many overdue batches, one of them has to end first.
                if overdue.count < Self.maximumOverdue { expect(due) }
                return nil
            }
            overdue.append(current!)
        }
        lastBatch += 1
        let batch = Batch(
            number: lastBatch,
            count: min(queue.count, batchLimit),
            timeout: longestTimeout,
            deadline: latest
        )
        var waiters: [Waiter]
        if queue.count <= batchLimit {
            (waiters, queue) = (queue, [])
            // Callers usually call again.
            queue.reserveCapacity(waiters.count)
            (latestDeadline, longestTimeout) = (nil, .zero)
        } else {
            waiters = Array(queue.prefix(batchLimit))
            queue.removeFirst(batchLimit)
            expect(now + patience)
        }
        current = Flight(batch: batch, waiters: waiters, awaitedCount: waiters.count, overdue: now + patience)
        return batch
    }

    private mutating func endFlight(_ number: UInt64) -> Flight? {
        if current?.batch.number == number {
            defer { current = nil }
            return current
        }
        return overdue.firstIndex { $0.batch.number == number }.map { overdue.remove(at: $0) }
    }

    private mutating func withEachFlight(_ body: (inout Flight) -> Void) {
        if current != nil { body(&current!) }
        for index in overdue.indices { body(&overdue[index]) }
    }

    /// Drops batches that no caller waits for, so that new callers do not wait for their answers.
    private mutating func abandonUnwanted(_ steps: inout Steps) {
        if let flight = current, flight.awaitedCount == 0 {
            steps.abandoned.append(flight.batch.number)
            current = nil
        }
        for flight in overdue where flight.awaitedCount == 0 { steps.abandoned.append(flight.batch.number) }
        overdue.removeAll { $0.awaitedCount == 0 }
    }

    /// Whether a caller has timed out, and the daemon's own answer of that is overdue too.
    private static func isExpired(_ waiter: Waiter, at now: BootTime) -> Bool {
        waiter.deadline + answerGrace <= now
    }

    private mutating func expect(_ waiter: Waiter) {
        expect(waiter.deadline + Self.answerGrace)
    }

    private mutating func expect(_ instant: BootTime) {
        nextExpiry = nextExpiry.map { min($0, instant) } ?? instant
    }

    private func tooManyCalls(_ count: Int) -> FirnClientError {
        FirnClientError(
            code: .tooManyCalls,
            message: "\(count) calls wait for an ID already: make fewer at a time, ask for batches, or raise "
                + "maximumWaitingCalls."
        )
    }
}
