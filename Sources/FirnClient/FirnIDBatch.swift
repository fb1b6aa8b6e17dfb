public import FirnLayout

/// The IDs of one or several calls, stored as runs and not one by one: a million IDs of the default layout take 6 KB.
///
/// It is a collection of its IDs in the order in which they were made, indexed from 0. An ID is computed when it is read:
/// with an addition when iterating, and in O(log *r*) by its index, where *r* is the number of runs.
@frozen
public struct FirnIDBatch: Sendable, Hashable {
    /// The IDs in runs, in the order in which they were made.
    public let runs: [Run]
    /// For each run, the number of IDs in it and in those before it.
    @usableFromInline let ends: [Int]

    /// Makes a batch of runs, for instance in a test of code that takes one.
    public init(runs: [Run]) {
        self.runs = runs
        var count = 0
        ends = runs.map { run in
            count += run.count
            return count
        }
    }
}

extension FirnIDBatch: RandomAccessCollection {
    /// 0.
    @inlinable
    public var startIndex: Int { 0 }

    /// The number of IDs.
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
