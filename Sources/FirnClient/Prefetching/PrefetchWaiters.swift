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
    private var firstNumber: UInt64 = 0

    var count: Int { waiters.count }

    /// Puts a task at the end of the line.
    ///
    /// - Parameter number: Above all that came before.
    mutating func append(_ continuation: Continuation, number: UInt64, deadline: BootTime) {
        if waiters.isEmpty { firstNumber = number }
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

    /// Takes out all tasks whose time has passed. All wait equally long, so that those are the first ones.
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
            // Each number is passed over once.
            while true {
                if let waiter = waiters[firstNumber] { return (firstNumber, waiter) }
                firstNumber += 1
            }
        }
    }
}
