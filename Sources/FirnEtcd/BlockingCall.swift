internal import Dispatch
internal import Synchronization

/// One call that a task makes and a thread waits for. The thread must not be the one that the task runs on.
///
/// It begins when it is created, so a thread can begin several calls before it waits for the first.
struct BlockingCall<Response: Sendable>: Sendable {
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

    /// What the task and the thread share.
    private final class Shared: Sendable {
        let state = Mutex(State())
        let ended = DispatchSemaphore(value: 0)

        /// The outcome; `nil` if there is none in time, the request was sent, and the caller must wait for its answer.
        ///
        /// A call that was not sent is abandoned under the lock under which this was checked, so it will never be sent.
        func outcome(until end: ContinuousClock.Instant, evenIfSent: Bool) -> Outcome? {
            let patience = ContinuousClock.now.duration(to: end)
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

        func willSend() throws {
            try state.withLock { state in
                if state.isAbandoned { throw Abandoned() }
                state.wasSent = true
            }
        }

        func finish(_ result: Result<Response, any Error>) {
            state.withLock { $0.result = result }
            ended.signal()
        }
    }

    private let shared: Shared
    private let task: Task<Void, Never>

    /// Begins the call.
    ///
    /// - Parameter body: makes the call. It runs its argument right before it sends, and sends nothing if that throws.
    init(
        on executor: EventLoopExecutor,
        _ body: @escaping @Sendable (_ willSend: @escaping @Sendable () throws -> Void) async throws -> Response
    ) {
        let shared = Shared()
        self.shared = shared
        task = Task(executorPreference: executor) {
            do {
                shared.finish(.success(try await body { try shared.willSend() }))
            } catch {
                shared.finish(.failure(error))
            }
        }
    }

    /// Waits for the call.
    ///
    /// - Parameters:
    ///   - end: until when to wait for a call that can still be made at another endpoint.
    ///   - deadline: until when to wait for a call that cannot be repeated: it was sent, and `mayRepeat` is false.
    func wait(
        until end: ContinuousClock.Instant,
        orUntil deadline: ContinuousClock.Instant,
        mayRepeat: Bool
    ) -> Outcome {
        let outcome =
            shared.outcome(until: end, evenIfSent: mayRepeat) ?? shared.outcome(until: deadline, evenIfSent: true)
        guard let outcome else { preconditionFailure("nothing is waited for after the deadline") }
        if case .late = outcome { task.cancel() }
        return outcome
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
