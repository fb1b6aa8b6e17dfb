internal import FirnLayout

/// Counts instants in buckets of a round length. When there are too many buckets, the length grows: memory is bounded.
struct TimeHistogram {
    static let maximumBuckets = 4096
    static let maximumRows = 24

    private var stepIndex: Int
    private var counts: [Int64: UInt64] = [:]

    private var step: TimeStep { TimeStep.nested[stepIndex] }

    /// - Parameter tickNanoseconds: The distance between instants: buckets are not shorter.
    init(tickNanoseconds: UInt64) {
        stepIndex = TimeStep.nested.firstIndex { !$0.isShorter(than: tickNanoseconds) } ?? 0
    }

    mutating func add(_ time: UTCTime) {
        while !step.canHold(time) { coarsen() }
        counts[step.bucket(of: time), default: 0] += 1
        while counts.count > Self.maximumBuckets { coarsen() }
    }

    private mutating func coarsen() {
        let (finer, coarser) = (step, TimeStep.nested[stepIndex + 1])
        var sums: [Int64: UInt64] = [:]
        for (bucket, count) in counts { sums[coarser.bucket(of: finer.start(of: bucket)), default: 0] += count }
        counts = sums
        stepIndex += 1
    }

    /// The shortest step that needs no more rows than the maximum, and its rows from the first instant to the last; nil
    /// without instants.
    var chart: (step: TimeStep, rows: [BarChart.Row])? {
        guard let lowest = counts.keys.min(), let highest = counts.keys.max() else { return nil }
        let (first, last) = (step.start(of: lowest), step.start(of: highest))
        // Weeks come right behind days, of which they are made.
        let steps = TimeStep.all.drop { $0 != step }
        let chosen = steps.first { $0.bucket(of: last) - $0.bucket(of: first) < Self.maximumRows } ?? step
        var sums: [Int64: UInt64] = [:]
        for (bucket, count) in counts { sums[chosen.bucket(of: step.start(of: bucket)), default: 0] += count }
        let rows = (chosen.bucket(of: first)...chosen.bucket(of: last)).map {
            BarChart.Row(label: chosen.label(of: $0), count: sums[$0] ?? 0)
        }
        return (chosen, rows)
    }
}
