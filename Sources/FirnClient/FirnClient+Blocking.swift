internal import Dispatch
package import FirnWire
internal import Synchronization

/// One call that a thread waits for: for code that keeps a worker on a thread of its own. It begins when it is made.
package struct BlockingCall: Sendable {
    private final class Answer: Sendable {
        let isThere = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Response.Outcome, FirnClientError>?>(nil)
    }

    private let answer = Answer()

    /// Begins a call of a client whose `run()` runs.
    package init(_ client: FirnClient, _ method: Request.Method, timeout: Duration) {
        // Its priority is above the application's tasks, because a worker that is not extended is lost.
        Task(priority: .high) { [answer] in
            let result = await Self.result { () async throws(FirnClientError) in
                try await client.perform(method, timeout: timeout)
            }
            answer.result.withLock { $0 = result }
            answer.isThere.signal()
        }
    }

    /// Waits for the answer, which comes within the call's timeout. To be called once.
    package func wait() throws(FirnClientError) -> Response.Outcome {
        answer.isThere.wait()
        guard let result = answer.result.withLock({ $0 }) else { preconditionFailure("a signal follows a result") }
        return try result.get()
    }

    private static func result(
        _ body: () async throws(FirnClientError) -> Response.Outcome
    ) async -> Result<Response.Outcome, FirnClientError> {
        do throws(FirnClientError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
