internal import FirnLayout
internal import FirnWire
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Gives the coalescer a lock, a timer and the pool that its batches are called through.
final class CoalescedCalls: Sendable {
    /// Unsafe, for a checked one allocates an object for each caller. What is resumed is what the coalescer gave out,
    /// which gives each caller out once (its invariant 1), and to one thread, for it is under the lock.
    private typealias Caller = UnsafeContinuation<FirnID, any Error>

    private struct State {
        var coalescer: Coalescer<Caller>
        var alarm = Alarm()
        /// The calls of the batches in flight, and perhaps of some that have come.
        var calls: [(batch: UInt64, call: Call)] = []
        /// Whether a thread is sending. A call that ends while it is submitted would else send the next from within, and
        /// that one the one after it.
        var isSending = false
        /// What that thread is to send next.
        var unsent: [Coalescer<Caller>.Batch] = []
    }

    private let pool: ConnectionPool
    private let lastKey = Atomic<UInt64>(0)
    private let state: Mutex<State>

    init(pool: ConnectionPool) {
        self.pool = pool
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

    private func ask(_ caller: Caller, key: UInt64, within timeout: Duration) {
        let now = ContinuousClock.now
        // A task is marked as cancelled before its handlers run. One that looked for this caller before it was here
        // left the mark, and one that comes later finds the caller.
        advance { coalescer in
            guard Task.isCancelled else {
                return coalescer.asked(caller, key: key, timeout: timeout, at: now)
            }
            var steps = Coalescer<Caller>.Steps()
            steps.failed.append((caller, .cancelled))
            return steps
        }
    }

    // MARK: - Batches

    private func send(_ batch: Coalescer<Caller>.Batch) {
        var next = [batch]
        while !next.isEmpty {
            let batch = next.removeFirst()
            let call = Call(
                id: pool.makeCallID(),
                method: batch.count == 1 ? .nextID : .nextBatch(count: UInt32(batch.count)),
                timeout: batch.timeout,
                deadline: batch.deadline
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
        let now = ContinuousClock.now
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

    /// Waking many tasks takes longer than the way to the daemon and back. On an event loop the next batch stands in line
    /// already, so it is sent before they are woken.
    private func give(_ runs: [Run], to waiters: [Coalescer<Caller>.Waiter]) {
        if let eventLoop = MultiThreadedEventLoopGroup.currentEventLoop {
            eventLoop.execute { Self.resume(waiters, with: runs) }
        } else {
            Self.resume(waiters, with: runs)
        }
    }

    private static func resume(_ waiters: [Coalescer<Caller>.Waiter], with runs: [Run]) {
        var index = 0
        for run in runs {
            for position in 0..<min(run.count, waiters.count - index) {
                waiters[index].caller?.resume(returning: run[position])
                index += 1
            }
        }
        precondition(index == waiters.count || waiters.isEmpty, "a batch's answer holds what was asked for")
    }

    // MARK: - Steps

    /// Tells the coalescer what happened, and does what it says.
    ///
    /// - Returns: Who is to be given the IDs of the batch that came.
    @discardableResult
    private func advance(
        _ event: (inout Coalescer<Caller>) -> Coalescer<Caller>.Steps
    ) -> [Coalescer<Caller>.Waiter] {
        let (steps, abandoned, mustSend) = state.withLock { state in
            let steps = event(&state.coalescer)
            if !state.alarm.isSet(for: state.coalescer.nextExpiry) {
                state.alarm.set(for: state.coalescer.nextExpiry, on: pool.eventLoop) { [weak self] in
                    self?.timePassed()
                }
            }
            let abandoned =
                steps.abandoned.isEmpty
                ? [] : state.calls.filter { steps.abandoned.contains($0.batch) }.map(\.call)
            guard let next = steps.next else { return (steps, abandoned, false) }
            let isSending = state.isSending
            if isSending { state.unsent.append(next) } else { state.isSending = true }
            return (steps, abandoned, !isSending)
        }
        for call in abandoned { pool.cancel(call) }
        if mustSend, let next = steps.next { send(next) }
        for (caller, error) in steps.failed { caller.resume(throwing: error) }
        for (caller, timeout) in steps.expired { caller.resume(throwing: pool.timedOutSharing(timeout)) }
        return steps.sharing
    }

    private func timePassed() {
        state.withLock { $0.alarm.rang() }
        advance { $0.timePassed(at: .now) }
    }
}
