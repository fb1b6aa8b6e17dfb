import FirnEngine
import FirnLayout

extension Claim {
    /// The positions, when there are some.
    var positions: Range<UInt64>? {
        guard case .positions(let first, let count) = self else { return nil }
        return first..<first + count
    }
}

extension Minted {
    /// The IDs, when there are some.
    var value: Value? {
        guard case .minted(let value) = self else { return nil }
        return value
    }
}

extension Collection<Range<UInt64>> {
    /// The first two neighbours that overlap.
    var overlap: (Range<UInt64>, Range<UInt64>)? {
        let ranges = sorted { $0.lowerBound < $1.lowerBound }
        return zip(ranges, ranges.dropFirst()).first { $0.upperBound > $1.lowerBound }
    }
}

extension Collection<UInt64> {
    /// The first value that is in it twice.
    var duplicate: UInt64? {
        let values = sorted()
        return zip(values, values.dropFirst()).first { $0 == $1 }?.0
    }
}
