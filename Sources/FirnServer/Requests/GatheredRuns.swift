internal import FirnLayout

/// The runs that a batch was given so far, in this tick and those before.
struct GatheredRuns {
    private(set) var runs: [Run] = []
    private var lastTick: UInt64 = 0

    mutating func append(_ run: Run, tick: UInt64) {
        // Runs of one tick that touch become one; across ticks they stay apart, for a run is all of one tick.
        if let last = runs.last, lastTick == tick, last.stride == run.stride,
            last.first.rawValue + UInt64(last.count) * last.stride == run.first.rawValue
        {
            runs[runs.count - 1].count += run.count
        } else {
            runs.append(run)
        }
        lastTick = tick
    }

    /// The runs, which are gone from here.
    mutating func take() -> [Run] {
        defer { runs = [] }
        return runs
    }

    mutating func removeAll() {
        runs = []
    }
}
