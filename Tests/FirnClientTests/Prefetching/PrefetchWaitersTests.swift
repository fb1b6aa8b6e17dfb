import FirnLayout
import Synchronization
import Testing

@testable import FirnClient

@Suite(.timeLimit(.minutes(1))) struct PrefetchWaitersTests {
    private final class Line: Sendable {
        let waiters = Mutex(PrefetchWaiters())
        var count: Int { waiters.withLock { $0.count } }
    }

    /// Numbers are drawn before the tasks stand in line, so that they may come in another order.
    @Test(arguments: [[1, 2, 3], [2, 1, 3], [3, 2, 1], [2, 3, 1]] as [[UInt64]])
    func aWaiterAfterAHigherNumberIsServed(arrivals: [UInt64]) async throws {
        let line = Line()
        try await withThrowingTaskGroup(of: FirnID.self) { group in
            for (index, number) in arrivals.enumerated() {
                group.addTask {
                    try await withCheckedContinuation { continuation in
                        line.waiters.withLock {
                            $0.append(continuation, number: number, deadline: BootTime(nanoseconds: number))
                        }
                    }.get()
                }
                while line.count <= index { await Task.yield() }
            }
            for value in 1...3 as ClosedRange<UInt64> {
                let first = line.waiters.withLock { $0.removeFirst() }
                try #require(first).resume(returning: .success(FirnID(rawValue: value)))
            }
            #expect(try await group.reduce(into: Set()) { $0.insert($1.rawValue) } == [1, 2, 3])
        }
    }
}
