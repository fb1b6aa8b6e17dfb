/// IDs in arithmetic progression, all of one worker and one tick. A batch consists of runs.
///
/// A run is a collection of its IDs, indexed from 0. A loop over it costs an addition and a comparison for each ID.
@frozen
public struct Run: Sendable, Hashable {
    /// The lowest ID.
    public var first: FirnID
    /// The number of IDs, at least 1. (As a collection's `count`, in generic code, it is an `Int`.)
    public var count: UInt32
    /// The distance from one ID to the next, at least 1. See ``Layout/runStride``.
    public var stride: UInt64

    /// Makes a run from values that are known to be valid.
    ///
    /// Traps if the count or the stride is 0, or if the last ID does not fit in 64 bits. For a peer's values use
    /// ``init(validating:count:stride:)``.
    @inlinable
    public init(first: FirnID, count: UInt32, stride: UInt64) {
        precondition(Self.isProgression(first: first, count: count, stride: stride), "a run ascends within 64 bits")
        self.first = first
        self.count = count
        self.stride = stride
    }

    /// Makes a run from a peer's values; nil where ``init(first:count:stride:)`` would trap.
    @inlinable
    public init?(validating first: FirnID, count: UInt32, stride: UInt64) {
        guard Self.isProgression(first: first, count: count, stride: stride) else { return nil }
        self.first = first
        self.count = count
        self.stride = stride
    }

    /// The highest ID.
    @inlinable
    public var last: FirnID {
        self[Int(count) - 1]
    }

    @inlinable
    static func isProgression(first: FirnID, count: UInt32, stride: UInt64) -> Bool {
        guard count >= 1, stride >= 1 else { return false }
        let (length, overflowed) = stride.multipliedReportingOverflow(by: UInt64(count - 1))
        return !overflowed && length <= UInt64.max - first.rawValue
    }
}

extension Run: RandomAccessCollection {
    /// 0.
    @inlinable
    public var startIndex: Int { 0 }

    /// The number of IDs.
    @inlinable
    public var endIndex: Int { Int(count) }

    /// The ID at an index; traps if the index is not in `0 ..< count`.
    @inlinable
    public subscript(index: Int) -> FirnID {
        precondition(index >= 0 && index < endIndex, "index outside the run")
        return FirnID(rawValue: first.rawValue + UInt64(index) * stride)
    }

    /// Starts at the lowest ID; traps if the properties, set individually, are not a progression within 64 bits.
    @inlinable
    public func makeIterator() -> Iterator {
        Iterator(self)
    }

    /// Iterates over a run's IDs in ascending order.
    @frozen
    public struct Iterator: IteratorProtocol, Sendable {
        @usableFromInline var upcoming: UInt64
        @usableFromInline var remaining: UInt32
        @usableFromInline let stride: UInt64

        @inlinable
        init(_ run: Run) {
            // Checked again, because a run's properties can be set individually; no step needs a check after this.
            precondition(
                run.isEmpty || Run.isProgression(first: run.first, count: run.count, stride: run.stride),
                "a run ascends within 64 bits"
            )
            upcoming = run.first.rawValue
            remaining = run.count
            stride = run.stride
        }

        /// The next ID; nil after the highest.
        @inlinable
        public mutating func next() -> FirnID? {
            guard remaining > 0 else { return nil }
            defer {
                upcoming &+= stride
                remaining -= 1
            }
            return FirnID(rawValue: upcoming)
        }
    }
}
