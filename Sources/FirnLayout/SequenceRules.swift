/// Which of a sequence field's numbers a system gives to IDs. Firn's own layouts give all.
struct SequenceRules: Hashable {
    /// The first number of each tick.
    var first: UInt64 = 0
    /// Numbers that the system keeps for itself, ascending, none below the first; no two ranges overlap or touch.
    var reserved: [ClosedRange<UInt64>] = []

    static let maximumReservedRanges = 4

    var areOfAllNumbers: Bool { first == 0 && reserved.isEmpty }

    func isReserved(_ number: UInt64) -> Bool {
        reserved.contains { $0.contains(number) }
    }

    /// How many of the numbers up to `maximum` are given to IDs, modulo 2^64. So it is 0 if none are, and also for all
    /// numbers of 64 bits, which no layout with a time has.
    func count(upTo maximum: UInt64) -> UInt64 {
        reserved.reduce(maximum - first &+ 1) { count, range in
            count &- (range.upperBound - range.lowerBound &+ 1)
        }
    }

    /// Adds a range that overlaps no other, merged with those that it touches.
    mutating func reserve(_ range: ClosedRange<UInt64>) {
        var merged = range
        var others: [ClosedRange<UInt64>] = []
        for other in reserved {
            let isAdjacent =
                merged.upperBound < other.lowerBound
                ? other.lowerBound - merged.upperBound == 1 : merged.lowerBound - other.upperBound == 1
            if isAdjacent {
                let lowest = Swift.min(other.lowerBound, merged.lowerBound)
                merged = lowest...Swift.max(other.upperBound, merged.upperBound)
            } else {
                others.append(other)
            }
        }
        reserved = (others + [merged]).sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The same rules with only those reserved numbers that the first does not exclude anyway.
    var withoutReservedBelowFirst: SequenceRules {
        var rules = SequenceRules(first: first)
        for range in reserved where range.upperBound >= first {
            rules.reserved.append(Swift.max(range.lowerBound, first)...range.upperBound)
        }
        return rules
    }
}
