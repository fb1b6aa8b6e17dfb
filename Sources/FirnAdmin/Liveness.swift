internal import FirnEngine

/// Whether the daemon's threads still go round their loops, judged by how often each has come by.
///
/// A thread is taken for dead when it was asked and did not come by for `limit`. The asking thread wakes it, so that one with
/// nothing to do comes by as well. No state of the store or the workers counts: a daemon that cannot give out IDs is
/// not helped by being killed.
package struct Liveness: Sendable {
    private struct Question {
        var beats: UInt64
        var askedAt: Int64
    }

    private let limit: Int64
    private var questions: [String: Question] = [:]

    /// - Parameter limit: far above what a thread may take for one round, calls to a store included.
    package init(limit: Duration) {
        self.limit = limit.nanoseconds
    }

    /// - Parameters:
    ///   - beats: how often each thread has come by, by its name.
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
