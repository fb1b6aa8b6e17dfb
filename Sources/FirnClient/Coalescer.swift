/// Callers of one ID each that share a batch: what happened goes in, what to do comes out.
///
/// One batch is in flight at a time. Who asks while it is shares the next, so that the busier the callers, the fewer
/// frames each costs, and a lone one waits for nobody. What holds after every event:
/// 1. Every caller is told once: an ID or an error.
/// 2. No ID is told twice. IDs of callers that went away stay a gap.
/// 3. An ID is fresh: the batch that it comes from was sent after its caller asked.
/// 4. While callers wait a batch is in flight.
struct Coalescer<Caller: Sendable> {
    /// A batch to ask for.
    struct Batch: Sendable {
        /// Tells it from others. Never used again.
        let number: UInt64
        let count: Int
        let timeout: Duration
        let deadline: ContinuousClock.Instant
    }

    /// What to do.
    struct Steps: Sendable {
        /// Who gets the IDs of the batch that came, in this order. Those who were told something before have no caller,
        /// and their IDs stay a gap.
        var sharing: [Waiter] = []
        var failed: [(caller: Caller, error: FirnClientError)] = []
        /// Callers whose time has passed, with how long that was.
        var expired: [(caller: Caller, timeout: Duration)] = []
        /// Nobody waits for the batch in flight any more.
        var abandonsBatch = false
        var next: Batch?
    }

    struct Waiter: Sendable {
        let key: UInt64
        let timeout: Duration
        let deadline: ContinuousClock.Instant
        /// Nil once told, while its place in the batch is kept.
        fileprivate(set) var caller: Caller?
    }

    /// The most IDs of one batch: a frame's answer stays short, and 4,096 callers a round trip are more than a machine
    /// can wake in one.
    static var maximumBatch: Int { 4096 }

    private let defaultTimeout: Duration
    private let maximumWaiting: Int
    private var batchLimit: Int
    /// Who shares the batch in flight, in the order in which they asked.
    private var sharing: [Waiter] = []
    private var awaitedCount = 0
    /// Who asked since, in that order.
    private var queue: [Waiter] = []
    /// Of those in the queue; too late, but no harm, when it is of one that has left it.
    private var latestDeadline: ContinuousClock.Instant?
    private var longestTimeout = Duration.zero
    private(set) var batch: Batch?
    private var lastBatch: UInt64 = 0
    /// When ``timePassed(at:)`` is to be told, or earlier; nil when nobody waits.
    private(set) var nextExpiry: ContinuousClock.Instant?

    init(configuration: FirnClientConfiguration) {
        defaultTimeout = configuration.timeout
        // As many as could wait, or be open on a connection, if each were a call of its own.
        maximumWaiting = configuration.maximumWaitingCalls + configuration.maximumCallsInFlight
        batchLimit = min(Self.maximumBatch, configuration.maximumBatch)
    }

    /// - Parameter key: Names the caller in ``cancelled(_:at:)``. Never used twice.
    mutating func asked(
        _ caller: Caller,
        key: UInt64,
        timeout: Duration,
        at now: ContinuousClock.Instant
    ) -> Steps {
        var steps = Steps()
        guard queue.count < maximumWaiting else {
            steps.failed.append((caller, tooManyCalls))
            return steps
        }
        enqueue(Waiter(key: key, timeout: timeout, deadline: now + timeout, caller: caller))
        if batch == nil { steps.next = nextBatch(at: now) }
        return steps
    }

    /// The caller waits no more.
    mutating func cancelled(_ key: UInt64, at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        if let index = queue.firstIndex(where: { $0.key == key }) {
            if let caller = queue.remove(at: index).caller { steps.failed.append((caller, .cancelled)) }
        } else if let index = sharing.firstIndex(where: { $0.key == key }), let caller = sharing[index].caller {
            steps.failed.append((caller, .cancelled))
            sharing[index].caller = nil
            awaitedCount -= 1
            abandonIfUnwanted(&steps, at: now)
        }
        return steps
    }

    mutating func timePassed(at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        guard let nextExpiry, nextExpiry <= now else { return steps }
        self.nextExpiry = nil
        for index in sharing.indices {
            guard let caller = sharing[index].caller, isExpired(sharing[index], at: now) else { continue }
            steps.expired.append((caller, sharing[index].timeout))
            sharing[index].caller = nil
            awaitedCount -= 1
        }
        let queued = queue
        queue.removeAll(keepingCapacity: true)
        for waiter in queued {
            if let caller = waiter.caller, isExpired(waiter, at: now) {
                steps.expired.append((caller, waiter.timeout))
            } else {
                queue.append(waiter)
            }
        }
        abandonIfUnwanted(&steps, at: now)
        return steps
    }

    /// The batch came, with as many IDs as it was to have.
    mutating func answered(_ number: UInt64, at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        guard endBatch(number) != nil else { return steps }
        swap(&steps.sharing, &sharing)
        steps.next = nextBatch(at: now)
        return steps
    }

    /// The batch failed. Those who have time left share the next one, when it was time that passed.
    mutating func failed(
        _ number: UInt64,
        with error: FirnClientError,
        at now: ContinuousClock.Instant
    ) -> Steps {
        var steps = Steps()
        guard let batch = endBatch(number) else { return steps }
        let isTooLarge = error.code == .invalidArgument && batch.count > 1
        // The daemon may give less at once than this client's configuration says; nobody here asked for so many.
        if isTooLarge { batchLimit = max(1, batch.count / 2) }
        let isLate = batch.deadline <= now && (error.code == .timedOut || error.code == .unreachable)
        let (others, shared) = (queue, sharing)
        (queue, sharing) = ([], [])
        for waiter in shared {
            guard let caller = waiter.caller else { continue }
            if isTooLarge || (isLate && waiter.deadline > now) {
                enqueue(waiter)
            } else {
                steps.failed.append((caller, error))
            }
        }
        for waiter in others { enqueue(waiter) }
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

    private mutating func nextBatch(at now: ContinuousClock.Instant) -> Batch? {
        guard let latest = latestDeadline, !queue.isEmpty else { return nil }
        lastBatch += 1
        batch = Batch(
            number: lastBatch,
            count: min(queue.count, batchLimit),
            timeout: min(longestTimeout, defaultTimeout),
            deadline: min(latest, now + defaultTimeout)
        )
        if queue.count <= batchLimit {
            (sharing, queue) = (queue, [])
            // Those who are told now will be back.
            queue.reserveCapacity(sharing.count)
            (latestDeadline, longestTimeout) = (nil, .zero)
        } else {
            sharing = Array(queue.prefix(batchLimit))
            queue.removeFirst(batchLimit)
        }
        awaitedCount = sharing.count
        return batch
    }

    private mutating func endBatch(_ number: UInt64) -> Batch? {
        guard let ended = batch, ended.number == number else { return nil }
        batch = nil
        return ended
    }

    /// Callers who come now should not wait for an answer that nobody else wants.
    private mutating func abandonIfUnwanted(_ steps: inout Steps, at now: ContinuousClock.Instant) {
        guard batch != nil, awaitedCount == 0 else { return }
        steps.abandonsBatch = true
        batch = nil
        sharing = []
        steps.next = nextBatch(at: now)
    }

    /// Whether a waiter's time has passed, and that in which the daemon may say so; if not, notes when it will have.
    private mutating func isExpired(_ waiter: Waiter, at now: ContinuousClock.Instant) -> Bool {
        if waiter.deadline + ConnectionStateMachine.answerGrace <= now { return true }
        expect(waiter)
        return false
    }

    private mutating func expect(_ waiter: Waiter) {
        let expiry = waiter.deadline + ConnectionStateMachine.answerGrace
        nextExpiry = nextExpiry.map { min($0, expiry) } ?? expiry
    }

    private var tooManyCalls: FirnClientError {
        FirnClientError(
            .tooManyCalls,
            "\(queue.count) calls wait for an ID already: make fewer at a time, ask for batches, or raise "
                + "maximumWaitingCalls."
        )
    }
}
