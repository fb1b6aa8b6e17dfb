import FirnClient
import FirnLayout

/// Nanoseconds per ID of a loop over the result of `nextIDs(count:)`.
func measureIteration(_ client: FirnClient, seconds: Double) async throws {
    let ids = try await client.nextIDs(count: 1_000_000)
    var times: [Double] = []
    let end = nanoseconds() + UInt64(seconds * 1e9)
    repeat {
        let start = nanoseconds()
        var sum: UInt64 = 0
        // A plain sum would be vectorized over several IDs; this operation depends on the previous ID.
        for id in ids { sum = (sum ^ id.rawValue) &* 3 }
        times.append(Double(nanoseconds() - start) / Double(ids.count))
        use(sum)
    } while nanoseconds() < end
    print("iteration_ns=\(median(times)) runs=\(ids.runs.count)")
}
