/// What counters rose by in a second, of late: since one or two seconds ago, when asked about once per second or more
/// often, and else since the last time.
package struct RateWindow: Sendable {
    private struct Sample {
        var at: Int64
        var counts: [UInt64]
    }

    private var previous: Sample
    private var latest: Sample

    /// Asked more often than this, the sample before is compared with.
    private static let shortest: Int64 = 900_000_000

    /// - Parameter now: when all counts were 0; boot nanoseconds.
    package init(counters: Int, now: Int64) {
        previous = Sample(at: now, counts: Array(repeating: 0, count: counters))
        latest = previous
    }

    /// - Parameters:
    ///   - counts: what each counter stands at.
    ///   - now: boot nanoseconds.
    package mutating func rates(_ counts: [UInt64], now: Int64) -> [Double] {
        if now - latest.at >= Self.shortest {
            previous = latest
            latest = Sample(at: now, counts: counts)
        }
        let seconds = Double(now - previous.at) / 1e9
        return zip(counts, previous.counts).map { seconds > 0 ? Double($0 &- $1) / seconds : 0 }
    }
}
