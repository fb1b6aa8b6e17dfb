import FirnClient
import Synchronization

/// `nextID()`: IDs made when they are asked for, by tasks that each take one after the other.
enum FreshCalls {
    struct Result {
        var rate: Double
        /// Of one task's calls, in microseconds; taken with one task only, for a look at the clock is part of each.
        var median: Double?
    }

    private final class Stop: Sendable {
        let now = Atomic(false)
    }

    /// Measures for `seconds`, after a warm-up of a fifth of it.
    static func measure(
        address: FirnAddress,
        tasks: Int,
        coalescing: Bool,
        seconds: Double
    ) async throws -> Result {
        var configuration = FirnClientConfiguration()
        configuration.coalescing = coalescing
        return try await withFirnClient(address: address, configuration: configuration) { client in
            _ = try await run(client, tasks: tasks, seconds: seconds / 5)
            return try await run(client, tasks: tasks, seconds: seconds)
        }
    }

    private static func run(_ client: FirnClient, tasks: Int, seconds: Double) async throws -> Result {
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        if tasks == 1 {
            var times: [Duration] = []
            var last = start
            while last < end {
                _ = try await client.nextID()
                let now = ContinuousClock.now
                times.append(now - last)
                last = now
            }
            let median = times.sorted()[times.count / 2]
            return Result(rate: Double(times.count) / ((last - start) / .seconds(1)), median: median / .microseconds(1))
        }
        let stops = Stop()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var count = 0
                    while !stops.now.load(ordering: .relaxed) {
                        _ = try await client.nextID()
                        count += 1
                    }
                    return count
                }
            }
            try await Task.sleep(until: end, clock: .continuous)
            stops.now.store(true, ordering: .relaxed)
            return try await group.reduce(0, +)
        }
        return Result(rate: Double(count) / ((ContinuousClock.now - start) / .seconds(1)), median: nil)
    }
}
