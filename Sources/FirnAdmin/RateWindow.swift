/// The recent rate of counters, per second: over the last one to two seconds if it is read about once per second or
/// more often, otherwise since the previous reading.
package struct RateWindow: Sendable {
    private struct Sample {
        var at: Int64
        var counts: [UInt64]
    }

    private var previous: Sample
    private var latest: Sample

    /// When it is read at shorter intervals than this, the sample is not replaced.
    private static let shortest: Int64 = 900_000_000

    /// - Parameter now: when all counts were 0; boot nanoseconds.
    package init(counters: Int, now: Int64) {
        previous = Sample(at: now, counts: Array(repeating: 0, count: counters))
        latest = previous
    }

    /// - Parameters:
    ///   - counts: the current value of each counter.
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
