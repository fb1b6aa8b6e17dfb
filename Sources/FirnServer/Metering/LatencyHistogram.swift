/// Counts durations in buckets that grow by factors of 2, 2.5 and 2, from 1 µs to 10 s and above.
package struct LatencyHistogram: ~Copyable, Sendable {
    /// The buckets' inclusive upper bounds. Longer durations are counted in one more bucket.
    package static let bounds: [UInt64] = [
        1_000, 2_500, 5_000,
        10_000, 25_000, 50_000,
        100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000,
        10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000,
        1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    private static let sum = 23
    private let cells = Cells<24>()

    package init() {
        assert(Self.bounds.count + 1 == Self.sum, "a cell for each bucket, one for what is longer, and one for the sum")
    }

    /// Counts `count` durations of this length; only on the one thread that writes.
    ///
    /// - Parameter nanoseconds: a negative value counts as 0.
    package func observe(nanoseconds: Int64, count: UInt64 = 1) {
        let length = UInt64(max(0, nanoseconds))
        cells.add(count, at: Self.bucket(of: length))
        cells.add(length &* count, at: Self.sum)
    }

    /// Counts one duration, where several threads write.
    package func observeShared(nanoseconds: Int64) {
        let length = UInt64(max(0, nanoseconds))
        cells.addShared(at: Self.bucket(of: length))
        cells.addShared(length, at: Self.sum)
    }

    package var reading: LatencyReading {
        LatencyReading(counts: (0..<Self.sum).map { cells[$0] }, sumNanoseconds: cells[Self.sum])
    }

    private static func bucket(of nanoseconds: UInt64) -> Int {
        bounds.firstIndex { nanoseconds <= $0 } ?? bounds.count
    }
}

/// What a ``LatencyHistogram`` has counted.
package struct LatencyReading: Sendable, Equatable {
    /// One for each bucket, not cumulative. The bucket without a bound is the last.
    package var counts: [UInt64]
    package var sumNanoseconds: UInt64

    package init(
        counts: [UInt64] = Array(repeating: 0, count: LatencyHistogram.bounds.count + 1),
        sumNanoseconds: UInt64 = 0
    ) {
        self.counts = counts
        self.sumNanoseconds = sumNanoseconds
    }

    /// How many durations were counted.
    package var count: UInt64 { counts.reduce(0, &+) }

    package static func + (left: LatencyReading, right: LatencyReading) -> LatencyReading {
        LatencyReading(
            counts: zip(left.counts, right.counts).map { $0 &+ $1 },
            sumNanoseconds: left.sumNanoseconds &+ right.sumNanoseconds
        )
    }

    /// The bound, in nanoseconds, that this share of all durations did not exceed; `nil` when there are none, or when
    /// it is above the highest bound.
    ///
    /// - Parameter share: 0.99 for the 99th percentile.
    package func bound(ofShare share: Double) -> UInt64? {
        let wanted = Double(count) * share
        guard count > 0 else { return nil }
        var seen = 0.0
        for (bound, number) in zip(LatencyHistogram.bounds, counts) {
            seen += Double(number)
            if seen >= wanted { return bound }
        }
        return nil
    }
}
