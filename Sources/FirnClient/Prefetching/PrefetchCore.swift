internal import FirnLayout
internal import NIOCore
internal import Synchronization

/// The state that a prefetcher's callers, its timer and the task that refills it share.
///
/// Callers take from the buffer and signal when it is low. The task, a job of the client's `run()`, requests more when the
/// policy says so. The timer drops what is too old, and ends waits that have timed out, also while the task waits for the
/// daemon or does not run yet.
final class PrefetchCore: Sendable {
    typealias Source = @Sendable (_ count: Int) async throws(FirnClientError) -> FirnIDBatch

    private struct State {
        var policy: RefillPolicy
        var waiters = PrefetchWaiters()
        var lastNumber: UInt64 = 0
        /// Why no IDs are given any more; nil while they are.
        var end: FirnClientError?
        /// The continuation of the refilling task, while it waits for something to do.
        var refiller: CheckedContinuation<Void, Never>?
        /// Whether something happened since the refilling task last checked.
        var isWoken = false
        var timer: (due: BootTime, scheduled: Scheduled<Void>)?
    }

    /// What the refilling task does next.
    private enum Step {
        case ask(stripes: [Int], waiters: Int)
        case wait
        case end
    }

    /// The number of segments of a stripe's refill, so that a low stripe is noticed in time.
    private static let pieces = 8

    let buffer: PrefetchBuffer
    private let configuration: PrefetcherConfiguration
    private let timeout: Duration
    private let eventLoop: any EventLoop
    /// Set from when a take has signalled demand until the refilling task has checked, so that it is signalled once.
    private let demandIsNoted = Atomic(false)
    private let state: Mutex<State>

    /// - Parameters:
    ///   - configuration: In its range.
    ///   - timeout: How long a task waits for an ID.
    ///   - maximumAsk: The most IDs that one call may request.
    init(
        configuration: PrefetcherConfiguration,
        timeout: Duration,
        maximumAsk: Int,
        stripes: Int,
        eventLoop: any EventLoop
    ) {
        self.configuration = configuration
        self.timeout = timeout
        self.eventLoop = eventLoop
        buffer = PrefetchBuffer(stripes: stripes)
        let policy = RefillPolicy(
            configuration: configuration,
            stripes: buffer.stripeCount,
            maximumAsk: maximumAsk
        )
        state = Mutex(State(policy: policy))
    }

    // MARK: - Callers

    /// Takes an ID from the buffer; nil when it is empty.
    @inline(__always)
    func nextIfAvailable() -> FirnID? {
        let taken = buffer.take()
        if taken.wantsMore { noteDemand() }
        return taken.id
    }

    /// Takes an ID from the buffer, or waits for one.
    func next() async throws(FirnClientError) -> FirnID {
        if let id = nextIfAvailable() { return id }
        guard !buffer.isForked else { throw .forked }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(continuation, number: number)
                // Either the cancellation handler finds the waiter, or this finds the cancellation.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
        return try result.get()
    }

    /// How many tasks wait for an ID.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Wakes the refilling task. Never waits: when the lock is taken, a later take signals.
    @inline(never)
    private func noteDemand() {
        guard !demandIsNoted.load(ordering: .relaxed) else { return }
        let refiller = state.withLockIfAvailable { state -> CheckedContinuation<Void, Never>? in
            demandIsNoted.store(true, ordering: .relaxed)
            return Self.wake(&state)
        }
        refiller??.resume()
    }

    private func wait(_ continuation: PrefetchWaiters.Continuation, number: UInt64) {
        let (refiller, refusal) = state.withLock { state -> (CheckedContinuation<Void, Never>?, FirnClientError?) in
            if let end = state.end { return (nil, end) }
            guard state.waiters.count < configuration.maximumWaiters else {
                return (nil, .tooManyWaiters(configuration))
            }
            let deadline = BootTime.now + timeout.nanoseconds
            state.waiters.append(continuation, number: number, deadline: deadline)
            arm(&state, due: deadline)
            return (Self.wake(&state), nil)
        }
        refiller?.resume()
        if let refusal { continuation.resume(returning: .failure(refusal)) }
    }

    private func cancel(_ number: UInt64) {
        let waiter = state.withLock { $0.waiters.remove(number) }
        let error = FirnClientError(
            code: .cancelled,
            message: "The task was cancelled while it waited for a prefetched ID."
        )
        waiter?.resume(returning: .failure(error))
    }

    private static func wake(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        state.isWoken = true
        defer { state.refiller = nil }
        return state.refiller
    }
}

// MARK: - The refilling task

extension PrefetchCore {
    /// Refills the buffer until the task is cancelled or the prefetcher is released.
    func run(_ source: Source) async {
        await withTaskCancellationHandler {
            refilling: while true {
                switch step() {
                case .end: break refilling
                case .wait: await woken()
                case .ask(let stripes, let waiters):
                    let asked = BootTime.now
                    do throws(FirnClientError) {
                        let ids = try await source(stripes.reduce(waiters, +))
                        received(ids, stripes: stripes, asked: asked)
                    } catch {
                        failed(error)
                    }
                }
            }
        } onCancel: {
            end(.shutDown)
        }
        end(.shutDown)
    }

    /// Drops everything and fails the tasks that wait; no IDs are given any more.
    func end(_ error: FirnClientError) {
        buffer.close()
        let (waiters, refiller) = state.withLock { state in
            if state.end == nil { state.end = error }
            state.timer?.scheduled.cancel()
            state.timer = nil
            return (state.waiters.removeAll(), Self.wake(&state))
        }
        refiller?.resume()
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }

    private func step() -> Step {
        let now = BootTime.now
        var served: [(waiter: PrefetchWaiters.Continuation, id: FirnID)] = []
        let step = state.withLock { state -> Step in
            guard state.end == nil else { return .end }
            state.isWoken = false
            // Before the buffer is read: a take after this signals again.
            demandIsNoted.store(false, ordering: .relaxed)
            let nextExpiry = buffer.expire(now: now)
            buffer.revokeChunks()
            var levels = buffer.levels()
            // IDs that came between a task's take and its wait.
            while state.waiters.count > 0, levels.contains(where: { $0.left > 0 }), let id = buffer.take().id {
                if let waiter = state.waiters.removeFirst() { served.append((waiter, id)) }
                levels = buffer.levels()
            }
            state.policy.sampled(levels, now: now)
            let action = state.policy.action(waiters: state.waiters.count, now: now)
            var due = [nextExpiry, state.waiters.nextDeadline]
            defer { if let first = due.compactMap(\.self).min() { arm(&state, due: first) } }
            switch action {
            case .ask(let stripes, let waiters): return .ask(stripes: stripes, waiters: waiters)
            case .wait(let until):
                due.append(until)
                // The timer wakes the task when it may request again; before that takes need not wake it.
                if state.policy.isWaitingToRetry(now: now) { demandIsNoted.store(true, ordering: .relaxed) }
                return .wait
            }
        }
        for (waiter, id) in served { waiter.resume(returning: .success(id)) }
        return step
    }

    private func woken() async {
        await withCheckedContinuation { continuation in
            let isWoken = state.withLock { state in
                if !state.isWoken { state.refiller = continuation }
                return state.isWoken
            }
            if isWoken { continuation.resume() }
        }
    }

    /// Gives IDs to the tasks that wait, and publishes the others.
    private func received(_ ids: FirnIDBatch, stripes: [Int], asked: BootTime) {
        var cutter = RunCutter(ids.runs)
        var served: [(waiter: PrefetchWaiters.Continuation, id: FirnID)] = []
        state.withLock { state in
            // An ID for a waiter is as fresh as one by a call of its own, however long the call took.
            while state.waiters.count > 0, let run = cutter.next(upTo: 1) {
                if let waiter = state.waiters.removeFirst() { served.append((waiter, run.first)) }
            }
            let now = BootTime.now
            let expiry = asked + configuration.maximumAge.nanoseconds
            for (stripe, count) in stripes.enumerated() where expiry > now {
                var remaining = count
                // IDs of waiters that have left, and IDs without a free slot, stay a gap.
                while let run = cutter.next(upTo: remaining) {
                    let pieces = (Self.pieces * Int(run.count) + count - 1) / count
                    buffer.publish(run, pieces: pieces, to: stripe, expiry: expiry)
                    remaining -= Int(run.count)
                }
            }
            state.policy.sampled(buffer.levels(), now: now)
            state.policy.refilled(count: ids.count, asked: asked, now: now)
            for stripe in stripes.indices { buffer.setLowMark(state.policy.size(of: stripe) / 2, of: stripe) }
        }
        for (waiter, id) in served { waiter.resume(returning: .success(id)) }
    }

    private func failed(_ error: FirnClientError) {
        let waiters = state.withLock { state in
            state.policy.refillFailed(now: .now, retryAfter: error.retryAfter?.nanoseconds ?? 0)
            return state.waiters.removeAll()
        }
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
        if error.code == .shutDown { end(error) }
    }
}

// MARK: - The timer

extension PrefetchCore {
    /// Has ``timerFired()`` called at an instant, unless it is called before that.
    private func arm(_ state: inout State, due: BootTime) {
        guard state.end == nil else { return }
        if let timer = state.timer {
            guard due < timer.due else { return }
            timer.scheduled.cancel()
        }
        let delay = TimeAmount.nanoseconds(Int64(due.since(.now)))
        state.timer = (due, eventLoop.scheduleTask(in: delay) { [weak self] in self?.timerFired() })
    }

    private func timerFired() {
        let (expired, refiller) = state.withLock {
            state -> ([PrefetchWaiters.Continuation], CheckedContinuation<Void, Never>?) in
            state.timer = nil
            let now = BootTime.now
            let nextExpiry = buffer.expire(now: now)
            let expired = state.waiters.removeExpired(now: now)
            let due = [nextExpiry, state.waiters.nextDeadline].compactMap(\.self).min()
            if let due { arm(&state, due: due) }
            return (expired, Self.wake(&state))
        }
        refiller?.resume()
        for waiter in expired { waiter.resume(returning: .failure(.noID(within: timeout))) }
    }
}

extension FirnClientError {
    /// For a take in a child of the process that prefetched.
    static var forked: FirnClientError {
        FirnClientError(
            code: .shutDown,
            message:
                "This process was forked from the one that the client runs in, and must not give its IDs a second time: "
                + "make a new client after fork."
        )
    }

    fileprivate static func tooManyWaiters(_ configuration: PrefetcherConfiguration) -> FirnClientError {
        FirnClientError(
            code: .tooManyCalls,
            message:
                "\(configuration.maximumWaiters) tasks wait for a prefetched ID already: have fewer at a time, or raise "
                + "maximumWaiters."
        )
    }

    fileprivate static func noID(within timeout: Duration) -> FirnClientError {
        FirnClientError(
            code: .timedOut,
            message:
                "No ID was there or came within \(timeout): see whether the client's run() is running and the daemon is "
                + "well, or raise the client's timeout."
        )
    }
}
