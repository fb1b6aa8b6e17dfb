internal import Dispatch
internal import Synchronization

/// One call that a task makes and a thread waits for. The thread must not be the one that the task runs on.
final class BlockingCall<Response: Sendable>: Sendable {
    /// The outcome of the call.
    enum Outcome {
        case answered(Response)
        /// - Parameter wasSent: false only if the peer cannot have seen any part of it, and never will.
        case failed(any Error, wasSent: Bool)
        /// There was no answer in time, and the call is not waited for any more.
        case late(wasSent: Bool)
    }

    private struct State {
        var wasSent = false
        var isAbandoned = false
        var result: Result<Response, any Error>?
    }

    /// Thrown into a task whose thread no longer waits.
    private struct Abandoned: Error {}

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    /// Makes the call and waits for it.
    ///
    /// - Parameters:
    ///   - patience: how long to wait for a call that can still be made at another endpoint.
    ///   - longestPatience: how long to wait for a call that cannot be repeated: it was sent, and `mayRepeat` is false.
    ///   - body: makes the call. It runs its argument right before it sends, and sends nothing if that throws.
    static func perform(
        patience: Duration,
        longestPatience: Duration,
        mayRepeat: Bool,
        on executor: EventLoopExecutor,
        _ body: @escaping @Sendable (_ willSend: @escaping @Sendable () throws -> Void) async throws -> Response
    ) -> Outcome {
        let call = BlockingCall()
        let task = Task(executorPreference: executor) {
            do {
                call.finish(.success(try await body { try call.willSend() }))
            } catch {
                call.finish(.failure(error))
            }
        }
        let start = ContinuousClock.now
        var outcome = call.outcome(within: patience, evenIfSent: mayRepeat)
        if outcome == nil {
            outcome = call.outcome(within: longestPatience - start.duration(to: .now), evenIfSent: true)
        }
        guard let outcome else { preconditionFailure("nothing is waited for after the longest patience") }
        if case .late = outcome { task.cancel() }
        return outcome
    }

    /// The outcome; `nil` if there is none in time, the request was sent, and the caller must wait for its answer.
    ///
    /// A call that was not sent is abandoned under the lock under which this was checked, so it will never be sent.
    private func outcome(within patience: Duration, evenIfSent: Bool) -> Outcome? {
        _ = ended.wait(timeout: .now() + .nanoseconds(patience.wholeNanoseconds))
        return state.withLock { state in
            switch state.result {
            case .success(let response): return .answered(response)
            case .failure(let error): return .failed(error, wasSent: state.wasSent)
            case nil:
                guard evenIfSent || !state.wasSent else { return nil }
                state.isAbandoned = true
                return .late(wasSent: state.wasSent)
            }
        }
    }

    private func willSend() throws {
        try state.withLock { state in
            if state.isAbandoned { throw Abandoned() }
            state.wasSent = true
        }
    }

    private func finish(_ result: Result<Response, any Error>) {
        state.withLock { $0.result = result }
        ended.signal()
    }
}

extension Duration {
    /// 0 to about 292 years.
    var wholeNanoseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (nanoseconds, overflows) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : nanoseconds + Int(attoseconds / 1_000_000_000)
    }
}
