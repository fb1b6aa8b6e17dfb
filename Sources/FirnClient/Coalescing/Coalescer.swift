internal import FirnLayout

/// Callers of one ID each that share a batch: what happened goes in, what to do comes out.
///
/// One batch is in flight at a time. Who asks while it is shares the next, so that the busier the callers, the fewer
/// frames each costs, and a lone one waits for nobody. A batch may take as long as its most patient caller; one that takes
/// long no longer keeps the next one back. What holds after every event:
/// 1. Every caller is told once: an ID or an error.
/// 2. No ID is told twice. IDs of callers that went away stay a gap.
/// 3. An ID is fresh: the batch that it comes from was sent after its caller asked.
/// 4. While callers wait a batch is in flight.
/// 5. Of the batches in flight one keeps the next back, and at most `maximumOverdue` do not any more.
///
/// Neither this nor what it is made of is generic, nor holds a `ContinuousClock.Instant`, whose size only the runtime knows:
/// the copies of such values go by way of the runtime's tables, which took a fifth of a call's time.
struct Coalescer {
    /// Unsafe, for a checked one allocates an object for each caller.
    typealias Continuation = UnsafeContinuation<FirnID, any Error>

    /// A batch to ask for.
    struct Batch: Sendable {
        /// Tells it from others. Never used again.
        let number: UInt64
        let count: Int
        let timeout: Duration
        let deadline: BootTime
    }

    /// What to do.
    struct Steps: Sendable {
        /// Who gets the IDs of the batch that came, in this order. The IDs of those who were told something before stay a
        /// gap.
        var sharing: [Waiter] = []
        var failed: [(waiter: Waiter, error: FirnClientError)] = []
        /// Callers whose time has passed.
        var expired: [Waiter] = []
        /// Batches in flight that nobody waits for any more.
        var abandoned: [UInt64] = []
        var next: Batch?
    }

    /// A batch that was asked for and has not come.
    private struct Flight {
        let batch: Batch
        /// Who shares it, in the order in which they asked.
        var waiters: [Waiter]
        /// Those of them who wait still.
        var awaitedCount: Int
        /// When it no longer keeps the next batch back.
        let overdue: BootTime
    }

    /// A caller, and its place in a batch.
    struct Waiter: Sendable {
        let key: UInt64
        /// The caller's; nil in tests, where the key says enough.
        let continuation: Continuation?
        let timeout: Duration
        let deadline: BootTime
        /// Whether it was told something. Its place in the batch is kept.
        fileprivate(set) var isTold = false
    }

    /// The most IDs of one batch: a frame's answer stays short, and 4,096 callers a round trip are more than a machine
    /// can wake in one.
    static var maximumBatchSize: Int { 4096 }
    /// The most batches that the next one does not wait for. With calls of some seconds a daemon that answers nothing has
    /// fewer; with calls of minutes those who come wait for one of these.
    static var maximumOverdue: Int { 16 }

    private static let answerGrace = ConnectionStateMachine.answerGrace.nanoseconds

    /// How long, in nanoseconds, a batch keeps the next one back: so that a call of the default timeout, when it comes
    /// behind a slow one, has half of its time left.
    private let patience: UInt64
    private let maximumWaiting: Int
    private var batchLimit: Int
    /// The batch that keeps the next one back.
    private var current: Flight?
    private var overdue: [Flight] = []
    /// Who asked since, in that order.
    private var queue: [Waiter] = []
    /// Of those in the queue; too late, but no harm, when it is of one that has left it.
    private var latestDeadline: BootTime?
    private var longestTimeout = Duration.zero
    private var lastBatch: UInt64 = 0
    /// When ``timePassed(at:)`` is to be told, or earlier; nil when nobody waits.
    private(set) var nextExpiry: BootTime?

    init(configuration: FirnClientConfiguration) {
        patience = configuration.timeout.nanoseconds / 2
        // As many as could wait, or be open on a connection, if each were a call of its own.
        maximumWaiting = configuration.maximumWaitingCalls + configuration.maximumCallsInFlight
        batchLimit = min(Self.maximumBatchSize, configuration.maximumBatchSize)
    }

    /// The last batch that was sent, if the next one waits for it.
    var batch: Batch? { current?.batch }

    func isInFlight(_ number: UInt64) -> Bool {
        current?.batch.number == number || overdue.contains { $0.batch.number == number }
    }

    /// - Parameter key: Names the caller in ``cancelled(_:at:)``. Never used twice.
    /// - Returns: The batch to ask for now, if any.
    /// - Throws: `.tooManyCalls` when no more may wait; it is not told again.
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

    /// The caller waits no more.
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

    /// The batch came, with as many IDs as it was to have.
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
        // The daemon may give less at once than this client's configuration says; nobody here asked for so many.
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

    // MARK: - What follows

    private mutating func enqueue(_ waiter: Waiter) {
        latestDeadline = latestDeadline.map { max($0, waiter.deadline) } ?? waiter.deadline
        longestTimeout = max(longestTimeout, waiter.timeout)
        queue.append(waiter)
        expect(waiter)
    }

    /// The next batch, when somebody waits for it and no other keeps it back; it is in flight from now on.
    private mutating func nextBatch(at now: BootTime) -> Batch? {
        guard let latest = latestDeadline, !queue.isEmpty else { return nil }
        if let due = current?.overdue {
            guard due <= now, overdue.count < Self.maximumOverdue else {
                // While there are too many, the end of one of them comes first.
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
            // Those who are told now will be back.
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

    /// Callers who come now should not wait for an answer that nobody else wants.
    private mutating func abandonUnwanted(_ steps: inout Steps) {
        if let flight = current, flight.awaitedCount == 0 {
            steps.abandoned.append(flight.batch.number)
            current = nil
        }
        for flight in overdue where flight.awaitedCount == 0 { steps.abandoned.append(flight.batch.number) }
        overdue.removeAll { $0.awaitedCount == 0 }
    }

    /// Whether a waiter's time has passed, and that in which the daemon may say so.
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
