internal import FirnLayout

/// The tasks that wait for an ID, in the order in which they came.
struct PrefetchWaiters {
    typealias Continuation = CheckedContinuation<Result<FirnID, FirnClientError>, Never>

    private struct Waiter {
        var continuation: Continuation
        var deadline: BootTime
    }

    // A dictionary and a number, for a task may leave from the middle of the line at any time.
    private var waiters: [UInt64: Waiter] = [:]
    // No waiter's number lies outside of these two.
    private var firstNumber: UInt64 = 0
    private var lastNumber: UInt64 = 0

    var count: Int { waiters.count }

    /// Puts a task into the line.
    ///
    /// - Parameter number: Its own alone. Of two tasks that come at the same time the one with the higher may be first here.
    mutating func append(_ continuation: Continuation, number: UInt64, deadline: BootTime) {
        firstNumber = waiters.isEmpty ? number : min(firstNumber, number)
        lastNumber = waiters.isEmpty ? number : max(lastNumber, number)
        waiters[number] = Waiter(continuation: continuation, deadline: deadline)
    }

    /// Takes a task out of the line; nil when it has left.
    mutating func remove(_ number: UInt64) -> Continuation? {
        waiters.removeValue(forKey: number)?.continuation
    }

    /// Takes out the task that waits longest.
    mutating func removeFirst() -> Continuation? {
        first.flatMap { remove($0.number) }
    }

    /// Takes out the tasks whose time has passed. All wait equally long, so that those are the first ones, but for tasks
    /// that came at the same time.
    mutating func removeExpired(now: BootTime) -> [Continuation] {
        var expired: [Continuation] = []
        while let (number, waiter) = first, waiter.deadline <= now {
            expired.append(waiter.continuation)
            waiters[number] = nil
        }
        return expired
    }

    mutating func removeAll() -> [Continuation] {
        defer { waiters = [:] }
        return waiters.values.map(\.continuation)
    }

    /// When the time of the first in the line has passed.
    var nextDeadline: BootTime? {
        mutating get { first?.waiter.deadline }
    }

    private var first: (number: UInt64, waiter: Waiter)? {
        mutating get {
            guard !waiters.isEmpty else { return nil }
            while true {
                if let waiter = waiters[firstNumber] { return (firstNumber, waiter) }
                precondition(firstNumber < lastNumber, "who waits has a number from the first to the last")
                firstNumber += 1
            }
        }
    }
}
