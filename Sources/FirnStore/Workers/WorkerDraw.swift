/// Draws workers at random, none of them twice: each that was not drawn yet is equally likely.
///
/// No list of the others is made, because there may be 65,536 of them, or many more.
struct WorkerDraw {
    private let maximumWorker: UInt32
    /// What is not drawn any more, in increasing order. All of it is within the layout.
    private var excluded: [UInt32]

    init(maximumWorker: UInt32, excluding excluded: some Sequence<UInt32>) {
        self.maximumWorker = maximumWorker
        self.excluded = Set(excluded.lazy.filter { $0 <= maximumWorker }).sorted()
    }

    /// Whether every worker was drawn or excluded.
    var isExhausted: Bool { remaining == 0 }

    private var remaining: UInt64 { UInt64(maximumWorker) + 1 - UInt64(excluded.count) }

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
        let worker = UInt32(choice + UInt64(low))
        excluded.insert(worker, at: low)
        return worker
    }

    /// Fewer than `count` when no more are left.
    mutating func next(_ count: Int, using random: inout some RandomNumberGenerator) -> [UInt32] {
        var workers: [UInt32] = []
        while workers.count < count, let worker = next(using: &random) { workers.append(worker) }
        return workers
    }
}
