internal import ArgumentParser
internal import FirnClient

/// What came of the calls of `firn bench`.
struct BenchTally: Sendable {
    /// Calls that failed in one way.
    struct Failure: Sendable, Equatable {
        var count: UInt64
        /// What the first one said.
        let message: String
        let exitCode: Int32
    }

    private(set) var ids: UInt64 = 0
    private(set) var calls: UInt64 = 0
    /// By the name of their code.
    private(set) var failures: [String: Failure] = [:]
    private(set) var latency = LatencyHistogram()
    /// When the last answer came, in nanoseconds since the beginning.
    private(set) var lastAnswer: Int64 = 0

    var failed: UInt64 { failures.values.reduce(0) { $0 + $1.count } }

    mutating func answered(ids count: UInt64, after nanoseconds: Int64, at now: Int64) {
        ids += count
        calls += 1
        latency.add(nanoseconds)
        lastAnswer = now
    }

    /// - Parameter count: how many calls failed so; with 0 nothing changes.
    mutating func failed(_ error: @autoclosure () -> FirnClientError, count: Int = 1) {
        guard count > 0 else { return }
        let error = error()
        failed("\(error.code)", message: error.message, exitCode: error.exitCode.rawValue, count: count)
    }

    mutating func failed(_ name: String, message: String, exitCode: Int32, count: Int) {
        let first = Failure(count: 0, message: message, exitCode: exitCode)
        failures[name, default: first].count += UInt64(count)
    }

    mutating func add(_ other: BenchTally) {
        ids += other.ids
        calls += other.calls
        failures.merge(other.failures) { own, others in
            var sum = own
            sum.count += others.count
            return sum
        }
        latency.add(other.latency)
        lastAnswer = max(lastAnswer, other.lastAnswer)
    }
}
