internal import FirnEngine

/// Whether the daemon's threads still run their loops, judged by how many heartbeats each has answered.
///
/// A thread is considered dead when it was asked for a heartbeat and did not answer for `limit`. The thread that asks
/// wakes it, so an idle thread answers as well. The state of the store and the workers does not count: killing a daemon
/// that cannot give out IDs does not help it.
package struct Liveness: Sendable {
    private struct Question {
        var beats: UInt64
        var askedAt: Int64
    }

    private let limit: Int64
    private var questions: [String: Question] = [:]

    /// - Parameter limit: far longer than one iteration of a thread may take, calls to a store included.
    package init(limit: Duration) {
        self.limit = limit.nanoseconds
    }

    /// - Parameters:
    ///   - beats: the number of heartbeats that each thread has answered, by the thread's name.
    ///   - now: boot nanoseconds.
    /// - Returns: what is wrong; `nil` when nothing is.
    package mutating func asked(_ beats: [(thread: String, count: UInt64)], now: Int64) -> String? {
        var silent: [String] = []
        for (thread, count) in beats {
            guard let question = questions[thread], question.beats == count else {
                questions[thread] = Question(beats: count, askedAt: now)
                continue
            }
            if now - question.askedAt >= limit {
                silent.append("\(thread) has not come by for \((now - question.askedAt) / 1_000_000_000) s")
            }
        }
        return silent.isEmpty ? nil : silent.joined(separator: "; ")
    }
}
