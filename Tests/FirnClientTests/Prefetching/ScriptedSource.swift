import FirnClient
import FirnLayout
import Synchronization
import Testing

/// Where a prefetcher's IDs come from in a test: every call waits for the test's word, until it is told to serve itself.
final class ScriptedSource: Sendable {
    typealias Answer = Result<FirnIDBatch, FirnClientError>

    struct Call: Sendable {
        let count: Int
        fileprivate let source: ScriptedSource
        fileprivate let number: Int

        /// Gives exactly the IDs asked for.
        func answer() { source.finish(number, .success(source.mint(count))) }
        func fail(_ error: FirnClientError) { source.finish(number, .failure(error)) }
    }

    private struct State {
        var nextID: UInt64 = 1
        var failure: FirnClientError?
        var counts: [Int] = []
        var open: [Int: CheckedContinuation<Answer, Never>] = [:]
    }

    let calls: AsyncStream<Call>
    private let continuation: AsyncStream<Call>.Continuation
    private let servesItself: Bool
    private let state = Mutex(State())

    init(servesItself: Bool) {
        self.servesItself = servesItself
        (calls, continuation) = AsyncStream.makeStream(of: Call.self)
    }

    /// What is asked for from now on fails; nil for no more.
    func setFailure(_ error: FirnClientError?) { state.withLock { $0.failure = error } }

    /// What was asked for, call by call.
    var counts: [Int] { state.withLock { $0.counts } }

    func nextIDs(count: Int) async throws(FirnClientError) -> FirnIDBatch {
        let (failure, number) = state.withLock { state in
            state.counts.append(count)
            return (state.failure, state.counts.count)
        }
        if let failure { throw failure }
        if servesItself { return mint(count) }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.open[number] = continuation }
                self.continuation.yield(Call(count: count, source: self, number: number))
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }.get()
    }

    private func cancel(_ number: Int) {
        finish(number, .failure(FirnClientError(code: .cancelled, message: "cancelled")))
    }

    private func finish(_ number: Int, _ answer: Answer) {
        state.withLock { $0.open.removeValue(forKey: number) }?.resume(returning: answer)
    }

    private func mint(_ count: Int) -> FirnIDBatch {
        let first = state.withLock { state in
            defer { state.nextID += UInt64(count) }
            return state.nextID
        }
        return FirnIDBatch(runs: [Run(first: FirnID(rawValue: first), count: UInt32(count), stride: 1)])
    }
}

/// Waits until something is so; records an issue after a minute.
func eventually(_ what: Comment, _ condition: () async -> Bool, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
{
    let end = ContinuousClock.now + .seconds(60)
    while await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("not within 60 s: \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
