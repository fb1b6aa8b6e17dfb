internal import FirnLayout

/// The runs that a batch was given so far, in this tick and in earlier ones.
struct GatheredRuns {
    private(set) var runs: [Run] = []
    private var lastTick: UInt64 = 0

    mutating func append(_ run: Run, tick: UInt64) {
        // Adjacent runs of one tick are merged. Runs of different ticks stay separate, because all IDs of a run are of
        // one tick.
        if let last = runs.last, lastTick == tick, last.stride == run.stride,
            last.first.rawValue + UInt64(last.count) * last.stride == run.first.rawValue
        {
            runs[runs.count - 1].count += run.count
        } else {
            runs.append(run)
        }
        lastTick = tick
    }

    /// Returns the runs and removes them.
    mutating func take() -> [Run] {
        defer { runs = [] }
        return runs
    }

    mutating func removeAll() {
        runs = []
    }
}
