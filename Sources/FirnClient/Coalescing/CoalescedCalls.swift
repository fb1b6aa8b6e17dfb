internal import FirnLayout
internal import FirnWire
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Runs the coalescer: with a lock, a timer, and the pool that makes the calls for its batches.
final class CoalescedCalls: Sendable {
    // The continuations are unsafe ones. Each is resumed once: only what the coalescer returns is resumed, and it returns
    // each caller once (its invariant 1), under the lock.

    private struct State {
        var coalescer: Coalescer
        /// When the timer fires; nil while there is none. As with ``Alarm`` it is set again only for an earlier instant.
        var due: BootTime?
        var timer: Scheduled<Void>?
        /// The calls of the batches in flight, and possibly of some that have been answered.
        var calls: [(batch: UInt64, call: Call)] = []
        /// Whether a thread is sending. A call that ends while it is submitted would otherwise send the next one recursively.
        var isSending = false
        /// The batches that this thread sends next.
        var unsent: [Coalescer.Batch] = []
    }

    /// In nanoseconds. Each time the timer fires all callers that wait are scanned, so it fires at most once per millisecond.
    private static let resolution: Int64 = 1_000_000

    private let pool: ConnectionPool
    /// In nanoseconds.
    private let defaultTimeout: UInt64
    private let lastKey = Atomic<UInt64>(0)
    private let state: Mutex<State>

    init(pool: ConnectionPool) {
        self.pool = pool
        defaultTimeout = pool.configuration.timeout.nanoseconds
        state = Mutex(State(coalescer: Coalescer(configuration: pool.configuration)))
    }

    func nextID(within timeout: Duration) async throws(FirnClientError) -> FirnID {
        let key = lastKey.wrappingAdd(1, ordering: .relaxed).newValue
        do {
            return try await withTaskCancellationHandler {
                try await withUnsafeThrowingContinuation { continuation in
                    ask(continuation, key: key, within: timeout)
                }
            } onCancel: {
                advance { $0.cancelled(key, at: .now) }
            }
        } catch let error as FirnClientError {
            throw error
        } catch {
            preconditionFailure("a caller is told no other error")
        }
    }

    private func ask(_ continuation: Coalescer.Continuation, key: UInt64, within timeout: Duration) {
        let now = BootTime.now
        // Nearly all calls have the default, and a division of 128 bits costs as much as the lock.
        let isDefault = timeout == pool.configuration.timeout
        let deadline = now + (isDefault ? defaultTimeout : timeout.nanoseconds)
        var refusal: FirnClientError?
        let next = state.withLock { state -> Coalescer.Batch? in
            // A task is marked as cancelled before its handlers run. A handler that ran before this caller was added is seen
            // by the mark, and one that runs later finds the caller.
            guard !Task.isCancelled else {
                refusal = .cancelled
                return nil
            }
            do throws(FirnClientError) {
                let next = try state.coalescer.asked(
                    continuation,
                    key: key,
                    timeout: timeout,
                    deadline: deadline,
                    at: now
                )
                setAlarm(&state)
                return toSend(next, &state)
            } catch {
                refusal = error
                return nil
            }
        }
        if let next { send(next) }
        if let refusal { continuation.resume(throwing: refusal) }
    }

    // MARK: - Batches

    private func send(_ batch: Coalescer.Batch) {
        var next = [batch]
        while !next.isEmpty {
            let batch = next.removeFirst()
            let call = Call(
                id: pool.makeCallID(),
                method: batch.count == 1 ? .nextID : .nextBatch(count: UInt32(batch.count)),
                timeout: batch.timeout,
                deadline: .now + .nanoseconds(batch.deadline.since(.now))
            ) { [weak self] outcome in
                self?.finished(batch.number, outcome)
            }
            let isWanted = state.withLock { state in
                state.calls.removeAll { !state.coalescer.isInFlight($0.batch) }
                guard state.coalescer.isInFlight(batch.number) else { return false }
                state.calls.append((batch.number, call))
                return true
            }
            if isWanted { pool.submit(call, at: .now) }
            guard next.isEmpty else { continue }
            next = state.withLock { state in
                defer { state.unsent = [] }
                state.isSending = !state.unsent.isEmpty
                return state.unsent
            }
        }
    }

    private func finished(_ batch: UInt64, _ outcome: Call.Outcome) {
        let now = BootTime.now
        switch outcome {
        case .success(.nextID(let id)):
            give([Run(first: id, count: 1, stride: 1)], to: advance { $0.answered(batch, at: now) })
        case .success(.nextBatch(let runs)):
            give(runs, to: advance { $0.answered(batch, at: now) })
        case .success:
            advance { $0.failed(batch, with: FirnClient.uncheckedAnswer, at: now) }
        case .failure(let error):
            advance { $0.failed(batch, with: error, at: now) }
        }
    }

    /// Resuming many tasks takes longer than a round trip to the daemon. On an event loop the next batch is already queued,
    /// so it is sent before they are resumed.
    private func give(_ runs: [Run], to waiters: [Coalescer.Waiter]) {
        if let eventLoop = MultiThreadedEventLoopGroup.currentEventLoop {
            eventLoop.execute { Self.resume(waiters, with: runs) }
        } else {
            Self.resume(waiters, with: runs)
        }
    }

    private static func resume(_ waiters: [Coalescer.Waiter], with runs: [Run]) {
        var index = 0
        for run in runs {
            for position in 0..<min(run.count, waiters.count - index) {
                if !waiters[index].isTold { waiters[index].continuation?.resume(returning: run[position]) }
                index += 1
            }
        }
        precondition(index == waiters.count || waiters.isEmpty, "a batch's answer holds what was asked for")
    }

    // MARK: - Steps

    /// Passes an event to the coalescer and carries out the steps that it returns.
    ///
    /// - Returns: The callers that get the IDs of the batch that was answered.
    @discardableResult
    private func advance(
        _ event: (inout Coalescer) -> Coalescer.Steps
    ) -> [Coalescer.Waiter] {
        var abandoned: [Call] = []
        var next: Coalescer.Batch?
        let steps = state.withLock { state in
            let steps = event(&state.coalescer)
            setAlarm(&state)
            if !steps.abandoned.isEmpty {
                abandoned = state.calls.filter { steps.abandoned.contains($0.batch) }.map(\.call)
            }
            next = toSend(steps.next, &state)
            return steps
        }
        for call in abandoned { pool.cancel(call) }
        if let next { send(next) }
        for (waiter, error) in steps.failed { waiter.continuation?.resume(throwing: error) }
        for waiter in steps.expired { waiter.continuation?.resume(throwing: pool.timedOutSharing(waiter.timeout)) }
        return steps.sharing
    }

    private func setAlarm(_ state: inout State) {
        let expiry = state.coalescer.nextExpiry
        if let due = state.due, let expiry, due <= expiry { return }
        guard state.due != nil || expiry != nil else { return }
        state.timer?.cancel()
        (state.due, state.timer) = (expiry, nil)
        guard let expiry else { return }
        let delay = max(Self.resolution, Int64(expiry.since(.now)))
        state.timer = pool.eventLoop.scheduleTask(in: .nanoseconds(delay)) { [weak self] in self?.timePassed() }
    }

    /// The batch, if there is one and this thread sends it; otherwise the thread that is sending sends it next.
    private func toSend(_ batch: Coalescer.Batch?, _ state: inout State) -> Coalescer.Batch? {
        guard let batch else { return nil }
        guard !state.isSending else {
            state.unsent.append(batch)
            return nil
        }
        state.isSending = true
        return batch
    }

    private func timePassed() {
        state.withLock { ($0.due, $0.timer) = (nil, nil) }
        advance { $0.timePassed(at: .now) }
    }
}
