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
        let overdue: ContinuousClock.Instant
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
    /// The most batches that the next one does not wait for. With calls of some seconds a daemon that answers nothing has
    /// fewer; with calls of minutes those who come wait for one of these.
    static var maximumOverdue: Int { 16 }

    /// How long a batch keeps the next one back: so that a call of the default timeout, when it comes behind a slow one,
    /// has half of its time left.
    private let patience: Duration
    private let maximumWaiting: Int
    private var batchLimit: Int
    /// The batch that keeps the next one back.
    private var current: Flight?
    private var overdue: [Flight] = []
    /// Who asked since, in that order.
    private var queue: [Waiter] = []
    /// Of those in the queue; too late, but no harm, when it is of one that has left it.
    private var latestDeadline: ContinuousClock.Instant?
    private var longestTimeout = Duration.zero
    private var lastBatch: UInt64 = 0
    /// When ``timePassed(at:)`` is to be told, or earlier; nil when nobody waits.
    private(set) var nextExpiry: ContinuousClock.Instant?

    init(configuration: FirnClientConfiguration) {
        patience = configuration.timeout / 2
        // As many as could wait, or be open on a connection, if each were a call of its own.
        maximumWaiting = configuration.maximumWaitingCalls + configuration.maximumCallsInFlight
        batchLimit = min(Self.maximumBatch, configuration.maximumBatch)
    }

    /// The last batch that was sent, if the next one waits for it.
    var batch: Batch? { current?.batch }

    func isInFlight(_ number: UInt64) -> Bool {
        current?.batch.number == number || overdue.contains { $0.batch.number == number }
    }

    /// - Parameter key: Names the caller in ``cancelled(_:at:)``. Never used twice.
    mutating func asked(
        _ caller: Caller,
        key: UInt64,
        timeout: Duration,
        at now: ContinuousClock.Instant
    ) -> Steps {
        var steps = Steps()
        let waiting = overdue.isEmpty ? queue.count : overdue.reduce(queue.count) { $0 + $1.awaitedCount }
        guard waiting < maximumWaiting else {
            steps.failed.append((caller, tooManyCalls(waiting)))
            return steps
        }
        enqueue(Waiter(key: key, timeout: timeout, deadline: now + timeout, caller: caller))
        sendNext(&steps, at: now)
        return steps
    }

    /// The caller waits no more.
    mutating func cancelled(_ key: UInt64, at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        if let index = queue.firstIndex(where: { $0.key == key }) {
            if let caller = queue.remove(at: index).caller { steps.failed.append((caller, .cancelled)) }
        } else {
            withEachFlight { flight in
                guard let index = flight.waiters.firstIndex(where: { $0.key == key }),
                    let caller = flight.waiters[index].caller
                else { return }
                steps.failed.append((caller, .cancelled))
                flight.waiters[index].caller = nil
                flight.awaitedCount -= 1
            }
            abandonUnwanted(&steps)
            sendNext(&steps, at: now)
        }
        return steps
    }

    mutating func timePassed(at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        guard let nextExpiry, nextExpiry <= now else { return steps }
        self.nextExpiry = nil
        var stay: [Waiter] = []
        withEachFlight { flight in
            for index in flight.waiters.indices {
                guard let caller = flight.waiters[index].caller else { continue }
                guard Self.isExpired(flight.waiters[index], at: now) else {
                    stay.append(flight.waiters[index])
                    continue
                }
                steps.expired.append((caller, flight.waiters[index].timeout))
                flight.waiters[index].caller = nil
                flight.awaitedCount -= 1
            }
        }
        let queued = queue
        queue.removeAll(keepingCapacity: true)
        for waiter in queued {
            if let caller = waiter.caller, Self.isExpired(waiter, at: now) {
                steps.expired.append((caller, waiter.timeout))
            } else {
                queue.append(waiter)
            }
        }
        for waiter in stay + queue { expect(waiter) }
        abandonUnwanted(&steps)
        sendNext(&steps, at: now)
        return steps
    }

    /// The batch came, with as many IDs as it was to have.
    mutating func answered(_ number: UInt64, at now: ContinuousClock.Instant) -> Steps {
        var steps = Steps()
        guard let flight = endFlight(number) else { return steps }
        steps.sharing = flight.waiters
        sendNext(&steps, at: now)
        return steps
    }

    /// The batch failed.
    mutating func failed(
        _ number: UInt64,
        with error: FirnClientError,
        at now: ContinuousClock.Instant
    ) -> Steps {
        var steps = Steps()
        guard let flight = endFlight(number) else { return steps }
        let isTooLarge = error.code == .invalidArgument && flight.batch.count > 1
        // The daemon may give less at once than this client's configuration says; nobody here asked for so many.
        if isTooLarge {
            batchLimit = min(batchLimit, max(1, flight.batch.count / 2))
            let others = queue
            queue = []
            for waiter in flight.waiters where waiter.caller != nil { enqueue(waiter) }
            for waiter in others { enqueue(waiter) }
        } else {
            for case let caller? in flight.waiters.map(\.caller) { steps.failed.append((caller, error)) }
        }
        sendNext(&steps, at: now)
        return steps
    }

    // MARK: - What follows

    private mutating func enqueue(_ waiter: Waiter) {
        latestDeadline = latestDeadline.map { max($0, waiter.deadline) } ?? waiter.deadline
        longestTimeout = max(longestTimeout, waiter.timeout)
        queue.append(waiter)
        expect(waiter)
    }

    /// Sends the next batch, when somebody waits for it and no other keeps it back.
    private mutating func sendNext(_ steps: inout Steps, at now: ContinuousClock.Instant) {
        guard let latest = latestDeadline, !queue.isEmpty else { return }
        if let current {
            guard current.overdue <= now, overdue.count < Self.maximumOverdue else {
                // While there are too many, the end of one of them comes first.
                if overdue.count < Self.maximumOverdue { expect(current.overdue) }
                return
            }
            overdue.append(current)
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
        steps.next = batch
    }

    private mutating func endFlight(_ number: UInt64) -> Flight? {
        if let flight = current, flight.batch.number == number {
            current = nil
            return flight
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
    private static func isExpired(_ waiter: Waiter, at now: ContinuousClock.Instant) -> Bool {
        waiter.deadline + ConnectionStateMachine.answerGrace <= now
    }

    private mutating func expect(_ waiter: Waiter) {
        expect(waiter.deadline + ConnectionStateMachine.answerGrace)
    }

    private mutating func expect(_ instant: ContinuousClock.Instant) {
        nextExpiry = nextExpiry.map { min($0, instant) } ?? instant
    }

    private func tooManyCalls(_ count: Int) -> FirnClientError {
        FirnClientError(
            .tooManyCalls,
            "\(count) calls wait for an ID already: make fewer at a time, ask for batches, or raise "
                + "maximumWaitingCalls."
        )
    }
}
