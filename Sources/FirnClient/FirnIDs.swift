public import FirnLayout

/// The IDs of a batch, held as the few runs that they are: a million IDs of the default layout take 6 KB.
///
/// IDs are computed as they are read. Iterating costs an addition for each; an index is found in O(log runs).
@frozen
public struct FirnIDs: Sendable, Hashable {
    /// The IDs in runs, in the order in which they were made.
    public let runs: [Run]
    /// For each run, how many IDs it and those before it have.
    @usableFromInline let ends: [Int]

    /// Makes a collection of runs, for instance in a test of code that takes one.
    public init(runs: [Run]) {
        self.runs = runs
        var count = 0
        ends = runs.map { run in
            count += run.count
            return count
        }
    }
}

extension FirnIDs: RandomAccessCollection {
    /// 0.
    @inlinable
    public var startIndex: Int { 0 }

    /// How many IDs there are.
    @inlinable
    public var endIndex: Int { ends.last ?? 0 }

    /// The ID at an index; traps when the index is not in `0 ..< count`.
    ///
    /// - Complexity: O(log *r*), where *r* is the number of runs.
    @inlinable
    public subscript(index: Int) -> FirnID {
        precondition(index >= 0 && index < endIndex, "index outside the batch")
        var (low, high) = (0, ends.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if index < ends[middle] { high = middle } else { low = middle + 1 }
        }
        return runs[low][index - (low == 0 ? 0 : ends[low - 1])]
    }

    /// Starts at the first ID.
    @inlinable
    public func makeIterator() -> FlattenSequence<[Run]>.Iterator {
        runs.joined().makeIterator()
    }
}
