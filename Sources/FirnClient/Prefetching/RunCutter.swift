internal import FirnLayout

/// Divides a batch's runs into shorter runs of requested lengths, from the first ID to the last.
struct RunCutter {
    private let runs: [Run]
    private var index = 0
    /// How many IDs of the run at `index` were returned.
    private var offset = 0

    init(_ runs: [Run]) {
        self.runs = runs
    }

    /// The next IDs that are in one run, at most `count`; nil when none is left or the count is 0.
    mutating func next(upTo count: Int) -> Run? {
        guard index < runs.count, count > 0 else { return nil }
        let run = runs[index]
        let length = min(count, Int(run.count) - offset)
        let first = run[offset]
        offset += length
        if offset == Int(run.count) { (index, offset) = (index + 1, 0) }
        return Run(first: first, count: UInt32(length), stride: run.stride)
    }
}
