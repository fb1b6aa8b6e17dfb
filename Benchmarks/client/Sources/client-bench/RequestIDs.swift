import FirnClient
import Synchronization

/// Nanoseconds per request ID, on one thread and on two concurrently, in turns.
func measureRequestIDs(_ client: FirnClient, seconds: Double) async throws {
    let count = 20_000
    let generator = try await RequestIDGenerator(service: "client-bench", client: client)
    var times: [Int: [Double]] = [1: [], 2: []]
    let end = nanoseconds() + UInt64(seconds * 1e9)
    repeat {
        for threads in [1, 2] {
            let turns = Mutex<[Double]>([])
            onThreads(threads) { _ in
                var length = 0
                let start = nanoseconds()
                for _ in 0..<count { length += (try? generator.next().utf8.count) ?? 0 }
                let elapsed = nanoseconds() - start
                use(UInt64(length))
                turns.withLock { $0.append(Double(elapsed) / Double(count)) }
            }
            times[threads]! += turns.withLock { $0 }
        }
    } while nanoseconds() < end
    print("one_thread_ns=\(median(times[1]!)) two_threads_ns=\(median(times[2]!))")
}
