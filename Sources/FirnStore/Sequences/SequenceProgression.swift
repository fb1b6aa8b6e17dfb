/// The values that a sequence may give: all from 1 to `maximum` that leave the remainder `offset` when divided by
/// `increment`. No arithmetic here can overflow, whatever the numbers are, and no value is above the maximum.
package struct SequenceProgression: Hashable, Sendable {
    /// At least 1.
    package let increment: UInt64
    /// Below `increment`.
    package let offset: UInt64
    package let maximum: UInt64

    init(increment: UInt64, offset: UInt64, maximum: UInt64) {
        precondition(increment > 0 && offset < increment, "an offset is a remainder of its increment")
        self.increment = increment
        self.offset = offset
        self.maximum = maximum
    }

    /// The lowest value above `value`; nil when it would be above the maximum.
    package func next(after value: UInt64) -> UInt64? {
        // The smallest positive number of the class: the increment itself where the remainder is 0.
        let first = offset == 0 ? increment : offset
        guard value >= first else { return first <= maximum ? first : nil }
        let beyond = (value - first) % increment
        let (next, overflows) = value.addingReportingOverflow(increment - beyond)
        return overflows || next > maximum ? nil : next
    }

    /// How many values are above `value`.
    package func count(after value: UInt64) -> UInt64 {
        guard let next = next(after: value) else { return 0 }
        return (maximum - next) / increment + 1
    }

    /// The `count` values that follow `value`, fewer when the maximum is nearer; nil when there are none.
    package func run(after value: UInt64, count: UInt64) -> SequenceRun? {
        guard let first = next(after: value) else { return nil }
        return SequenceRun(first: first, count: min(count, self.count(after: value)), increment: increment)
    }
}

/// `count` values in arithmetic progression.
package struct SequenceRun: Hashable, Sendable {
    package private(set) var first: UInt64
    package private(set) var count: UInt64
    /// The stride from one value to the next.
    package let increment: UInt64

    package init(first: UInt64, count: UInt64, increment: UInt64) {
        precondition(first > 0 && count > 0 && increment > 0, "a run has values, and none of them is 0")
        let (span, tooLong) = (count - 1).multipliedReportingOverflow(by: increment)
        precondition(!tooLong && span <= UInt64.max - first, "a run's last value must have 64 bits")
        self.first = first
        self.count = count
        self.increment = increment
    }

    package var last: UInt64 { first + (count - 1) * increment }

    /// The part of it that is not below `value`; nil if all of it is below.
    func from(_ value: UInt64) -> SequenceRun? {
        guard value > first else { return self }
        guard value <= last else { return nil }
        let skipped = (value - first + increment - 1) / increment
        return SequenceRun(first: first + skipped * increment, count: count - skipped, increment: increment)
    }

    /// Whether `next` continues this run without a gap.
    func isFollowed(by next: SequenceRun) -> Bool {
        next.increment == increment && next.first > last && next.first - last == increment
    }

    func joined(with next: SequenceRun) -> SequenceRun {
        precondition(isFollowed(by: next), "only runs that follow each other are joined")
        return SequenceRun(first: first, count: count + next.count, increment: increment)
    }

    /// Removes and returns the first `length` values; there must be more.
    mutating func removeFirst(_ length: UInt64) -> SequenceRun {
        precondition(length > 0 && length < count, "a cut leaves something on both sides")
        let head = SequenceRun(first: first, count: length, increment: increment)
        first += length * increment
        count -= length
        return head
    }
}
