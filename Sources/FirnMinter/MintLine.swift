internal import DequeModule
internal import FirnEngine
internal import FirnLayout
internal import FirnWindows
internal import Synchronization

/// The tasks that wait for IDs, served in the order in which they came.
///
/// A thread of its own serves them, because the one that keeps the window may wait for the store while the window still
/// lasts. It sleeps until the tick in which there are IDs again.
final class MintLine: Sendable {
    typealias Continuation = CheckedContinuation<Result<Run, MinterError>, Never>

    private struct Waiter {
        var continuation: Continuation
        var count: UInt32
        /// In boot nanoseconds. All wait equally long, so that the first in line times out first.
        var deadline: Int64
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        /// The numbers in the order in which the tasks came, also of some that have left.
        var order: Deque<UInt64> = []
        var lastNumber: UInt64 = 0
        /// Why nobody is served any more.
        var end: MinterError?

        /// The first task in line.
        mutating func first() -> (number: UInt64, waiter: Waiter)? {
            while let number = order.first {
                if let waiter = waiters[number] { return (number, waiter) }
                order.removeFirst()
            }
            return nil
        }

        mutating func removeFirst() {
            if let number = order.popFirst() { waiters[number] = nil }
        }
    }

    /// How many are served before their tasks are resumed.
    private static let maximumAtOnce = 1024

    private let core: MinterCore
    private let mint: SharedMint
    private var clock: TickClock { core.clock }
    private let timeout: Int64
    private let maximumWaiters: Int
    private let bell = Bell()
    private let state = Mutex(State())

    init(core: MinterCore, mint: SharedMint) {
        self.core = core
        self.mint = mint
        timeout = core.configuration.timeout.nanoseconds
        maximumWaiters = core.configuration.maximumWaiters
    }

    /// Starts the thread, which runs until ``end(_:)``.
    func start() {
        NativeThread(name: "firn-line") { self.serve() }.detach()
    }

    /// Waits in line for a run of at least one and at most `count` IDs.
    func wait(count: UInt32) async -> Result<Run, MinterError> {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                append(continuation, count: count, number: number)
                // Either the cancellation handler finds the waiter, or this finds the cancellation.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// The windows have changed: those who wait for one are served, or go on waiting.
    func windowsChanged() {
        if core.hasWaiters { bell.ring() }
    }

    /// Fails all who wait and will wait.
    func end(_ error: MinterError) {
        let waiters = state.withLock { state in
            state.end = error
            defer {
                (state.waiters, state.order) = ([:], [])
                core.setWaiterCount(0)
            }
            return state.waiters.values.map(\.continuation)
        }
        bell.ring()
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }

    var count: Int { state.withLock { $0.waiters.count } }

    /// How many numbers are kept, of tasks that wait and of some that have left.
    var rememberedCount: Int { state.withLock { $0.order.count } }

    private func append(_ continuation: Continuation, count: UInt32, number: UInt64) {
        let (sum, isTooLate) = clock.now().bootNanoseconds.addingReportingOverflow(timeout)
        let deadline = isTooLate ? .max : sum
        let refusal = state.withLock { state -> MinterError? in
            if let end = state.end { return end }
            guard state.waiters.count < maximumWaiters else { return .tooManyWaiters(maximumWaiters) }
            // Tasks that have left are forgotten before they are more than those that wait.
            if state.order.count > 2 * state.waiters.count + 64 {
                let waiters = state.waiters
                state.order.removeAll { waiters[$0] == nil }
            }
            state.waiters[number] = Waiter(continuation: continuation, count: count, deadline: deadline)
            state.order.append(number)
            core.setWaiterCount(state.waiters.count)
            return nil
        }
        if let refusal { return continuation.resume(returning: .failure(refusal)) }
        bell.ring()
    }

    private func cancel(_ number: UInt64) {
        let waiter = state.withLock { state in
            defer { core.setWaiterCount(state.waiters.count) }
            return state.waiters.removeValue(forKey: number)
        }
        waiter?.continuation.resume(
            returning: .failure(MinterError(.cancelled, "The task was cancelled while it waited for an ID."))
        )
    }

    // MARK: - The thread

    /// When a tick begins, in boot nanoseconds.
    private func instant(of tick: UInt64, now: Moment) -> Int64 {
        let (sum, isTooLate) = now.bootNanoseconds.addingReportingOverflow(
            clock.nanoseconds(from: now, untilTick: tick)
        )
        return isTooLate ? .max : sum
    }

    private enum Pause {
        /// Until this instant, in boot nanoseconds, or until the bell rings.
        case until(Int64)
        case again
        case forever
    }

    private func serve() {
        while true {
            var answers: [(Continuation, Result<Run, MinterError>)] = []
            let pause = state.withLock { state -> Pause? in
                guard state.end == nil else { return nil }
                defer { core.setWaiterCount(state.waiters.count) }
                while answers.count < Self.maximumAtOnce {
                    guard let (_, waiter) = state.first() else { return .forever }
                    let now = clock.now()
                    var nextLook = waiter.deadline
                    switch mint.nextRun(upTo: waiter.count) {
                    case .minted(let run):
                        answers.append((waiter.continuation, .success(run)))
                        state.removeFirst()
                        continue
                    case .full(let untilTick):
                        nextLook = min(nextLook, instant(of: untilTick, now: now))
                        if waiter.deadline <= now.bootNanoseconds {
                            answers.append((waiter.continuation, .failure(.timedOut(timeout))))
                        }
                    case .expired:
                        answers.append((waiter.continuation, .failure(core.obstacle)))
                        state.removeFirst()
                        continue
                    case .closed:
                        if waiter.deadline <= now.bootNanoseconds {
                            answers.append((waiter.continuation, .failure(core.obstacle)))
                        }
                    }
                    guard waiter.deadline <= now.bootNanoseconds else { return .until(nextLook) }
                    state.removeFirst()
                }
                return .again
            }
            for (continuation, result) in answers { continuation.resume(returning: result) }
            switch pause {
            case nil: return
            case .again: break
            case .forever: bell.wait(nanoseconds: .max)
            case .until(let instant): bell.wait(nanoseconds: instant - clock.now().bootNanoseconds)
            }
        }
    }
}

extension MinterError {
    static func tooManyWaiters(_ maximum: Int) -> MinterError {
        MinterError(
            .tooManyWaiters,
            "\(maximum) tasks wait for an ID already: have fewer at a time, or raise maximumWaiters."
        )
    }

    static func timedOut(_ timeout: Int64) -> MinterError {
        MinterError(
            .timedOut,
            "No ID was left for this task within \(Duration.nanoseconds(timeout)): the process takes all that the layout has; "
                + "choose one with more IDs per second, use several minters, or raise the timeout."
        )
    }
}
