import FirnClient
import FirnLayout

/// Nanoseconds for each ID of a loop over what `nextIDs(count:)` gave.
func measureIteration(_ client: FirnClient, seconds: Double) async throws {
    let ids = try await client.nextIDs(count: 1_000_000)
    var times: [Double] = []
    let end = nanoseconds() + UInt64(seconds * 1e9)
    repeat {
        let start = nanoseconds()
        var sum: UInt64 = 0
        // A sum alone would be computed for several IDs at once; what is done with an ID comes one by one.
        for id in ids { sum = (sum ^ id.rawValue) &* 3 }
        times.append(Double(nanoseconds() - start) / Double(ids.count))
        use(sum)
    } while nanoseconds() < end
    print("iteration_ns=\(median(times)) runs=\(ids.runs.count)")
}
