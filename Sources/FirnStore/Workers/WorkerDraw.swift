/// Draws workers at random, none of them twice: each that was not drawn yet is equally likely.
///
/// No list of the others is made, because there may be 65,536 of them, or many more.
struct WorkerDraw {
    /// What is never drawn. The ranks below are those of the other workers.
    private let outside: WorkerSet
    private let count: UInt64
    /// The ranks of what is not drawn any more, in increasing order. All of it is within the layout.
    private var excluded: [UInt32]

    /// - Parameter outside: workers that are not drawn either; a few ranges, whose workers are not listed.
    init(
        maximumWorker: UInt32,
        excluding excluded: some Sequence<UInt32>,
        outside: WorkerSet = WorkerSet()
    ) {
        precondition(outside.last ?? 0 <= maximumWorker, "what is excluded is of the layout")
        self.outside = outside
        count = UInt64(maximumWorker) + 1 - outside.count
        let ranks = excluded.lazy.filter { $0 <= maximumWorker && !outside.contains($0) }.map(outside.rank)
        self.excluded = Set(ranks).sorted()
    }

    /// Whether every worker was drawn or excluded.
    var isExhausted: Bool { remaining == 0 }

    private var remaining: UInt64 { count - UInt64(excluded.count) }

    /// nil when none is left.
    mutating func next(using random: inout some RandomNumberGenerator) -> UInt32? {
        guard remaining > 0 else { return nil }
        let choice = UInt64.random(in: 0..<remaining, using: &random)
        // The number of excluded workers below the choice: `excluded[i] - i` workers below `excluded[i]` are left.
        var low = 0
        var high = excluded.count
        while low < high {
            let middle = (low + high) / 2
            if UInt64(excluded[middle]) - UInt64(middle) <= choice { low = middle + 1 } else { high = middle }
        }
        let rank = UInt32(choice + UInt64(low))
        excluded.insert(rank, at: low)
        return outside.worker(ofRank: rank)
    }

    /// Fewer than `count` when no more are left.
    mutating func next(_ count: Int, using random: inout some RandomNumberGenerator) -> [UInt32] {
        var workers: [UInt32] = []
        while workers.count < count, let worker = next(using: &random) { workers.append(worker) }
        return workers
    }
}
