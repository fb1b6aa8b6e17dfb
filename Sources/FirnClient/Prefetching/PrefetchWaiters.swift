internal import FirnLayout

/// The tasks that wait for an ID, in the order in which they came.
struct PrefetchWaiters {
    typealias Continuation = CheckedContinuation<Result<FirnID, FirnClientError>, Never>

    private struct Waiter {
        var continuation: Continuation
        var deadline: BootTime
    }

    // A dictionary by number, because a task may leave the middle of the queue at any time.
    private var waiters: [UInt64: Waiter] = [:]
    // Every waiter's number is within these two.
    private var firstNumber: UInt64 = 0
    private var lastNumber: UInt64 = 0

    var count: Int { waiters.count }

    /// Appends a task to the queue.
    ///
    /// - Parameter number: A unique number. Of two tasks that come at the same time the one with the higher number may be
    ///   appended first.
    mutating func append(_ continuation: Continuation, number: UInt64, deadline: BootTime) {
        firstNumber = waiters.isEmpty ? number : min(firstNumber, number)
        lastNumber = waiters.isEmpty ? number : max(lastNumber, number)
        waiters[number] = Waiter(continuation: continuation, deadline: deadline)
    }

    /// Removes a task from the queue; nil when it has left.
    mutating func remove(_ number: UInt64) -> Continuation? {
        waiters.removeValue(forKey: number)?.continuation
    }

    /// Removes the task that has waited longest.
    mutating func removeFirst() -> Continuation? {
        first.flatMap { remove($0.number) }
    }

    /// Removes the tasks that have timed out. All have the same timeout, so those are the first ones, except for tasks that
    /// came at the same time.
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

    /// When the first task in the queue times out; nil when the queue is empty.
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
