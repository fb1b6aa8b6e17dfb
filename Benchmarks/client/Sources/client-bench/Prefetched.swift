import CCounting
import FirnClient
import FirnLayout
import Synchronization

/// Nanoseconds per `nextIfAvailable()`, on one thread and on two concurrently, in turns; and allocations per ID.
///
/// The IDs come from the daemon. It makes fewer per second than two threads can take, so each turn takes the content of
/// the buffer, and the client refills the buffer before the next. Only the takes are timed, together with refills that
/// run at the same time. A turn in which a thread found the buffer empty is left out of the times and reported.
func measurePrefetched(_ client: FirnClient, seconds: Double) async throws {
    let taken = 100_000
    var configuration = PrefetcherConfiguration()
    configuration.maximumCount = 1 << 20
    configuration.minimumCount = 1 << 19
    configuration.maximumAge = .seconds(60)
    configuration.idleTimeout = .seconds(600)
    let prefetcher = client.makePrefetcher(configuration: configuration)

    var times: [Int: [Double]] = [1: [], 2: []]
    var (allocations, dryTurns) = (UInt64(0), 0)
    let end = nanoseconds() + UInt64(seconds * 2e9)
    while nanoseconds() < end || times[2]!.count < 3 {
        for threads in [1, 2] {
            while prefetcher.availableCount < 3 * taken { try await Task.sleep(for: .milliseconds(1)) }
            // Wait until the refill has completely finished.
            try await Task.sleep(for: .milliseconds(5))
            let turns = Mutex<[Turn]>([])
            onThreads(threads) { _ in
                let turn = take(taken, from: prefetcher)
                turns.withLock { $0.append(turn) }
            }
            for turn in turns.withLock({ $0 }) {
                allocations += turn.allocations
                if turn.dry > 0 { dryTurns += 1 } else { times[threads]!.append(turn.nanosecondsEach) }
            }
        }
    }
    let count = Double((times[1]!.count + times[2]!.count) * taken)
    print("one_thread_ns=\(median(times[1]!)) two_threads_ns=\(median(times[2]!))", terminator: " ")
    print("allocations_per_id=\(Double(allocations) / count) dry_turns=\(dryTurns)")
}

private struct Turn: Sendable {
    var nanosecondsEach: Double
    var allocations: UInt64
    var dry: Int
}

private func take(_ count: Int, from prefetcher: Prefetcher) -> Turn {
    var (sum, dry) = (UInt64(0), 0)
    let allocations = counting_allocations()
    let start = nanoseconds()
    for _ in 0..<count {
        if let id = prefetcher.nextIfAvailable() { sum &+= id.rawValue } else { dry += 1 }
    }
    let elapsed = nanoseconds() - start
    use(sum)
    return Turn(
        nanosecondsEach: Double(elapsed) / Double(count),
        allocations: counting_allocations() - allocations,
        dry: dry
    )
}
