/// Counts times in nanoseconds, each to three significant digits, in memory of one size.
///
/// Log-linear, as HdrHistogram is: times below 2,048 ns are exact, and above that each doubling has 1,024 buckets, so that a
/// bucket is narrower than a thousandth of its times.
struct LatencyHistogram {
    /// 73 minutes, longer than any call may take; what is longer counts as this.
    static let maximum: Int64 = 1 << 42 - 1

    private static let halfBits = 10
    private static let half = 1 << halfBits

    private var counts: [UInt64]
    private(set) var count: UInt64 = 0
    /// The longest time, exact; 0 without any.
    private(set) var highest: Int64 = 0

    init() {
        counts = Array(repeating: 0, count: Self.index(of: Self.maximum) + 1)
    }

    mutating func add(_ nanoseconds: Int64) {
        let time = min(max(nanoseconds, 0), Self.maximum)
        counts[Self.index(of: time)] += 1
        count += 1
        highest = max(highest, time)
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        highest = max(highest, other.highest)
    }

    /// The time that this share of all times does not exceed; nil without any.
    func time(ofShare share: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = min(max(UInt64((Double(count) * share).rounded(.up)), 1), count)
        var total: UInt64 = 0
        for index in counts.indices {
            total += counts[index]
            if total >= rank { return min(Self.last(of: index), highest) }
        }
        return highest
    }

    /// How many times are in each range from one bound to the next. The first range begins at 0, and the last has no end.
    func counts(between bounds: [Int64]) -> [UInt64] {
        var sums = [UInt64](repeating: 0, count: bounds.count + 1)
        var range = 0
        for index in counts.indices where counts[index] > 0 {
            while range < bounds.count, Self.first(of: index) >= bounds[range] { range += 1 }
            sums[range] += counts[index]
        }
        return sums
    }

    private static func index(of time: Int64) -> Int {
        guard time >= 2 * half else { return Int(time) }
        let shift = Int64.bitWidth - 1 - time.leadingZeroBitCount - halfBits
        return shift * half + Int(time >> shift)
    }

    private static func first(of index: Int) -> Int64 {
        guard index >= 2 * half else { return Int64(index) }
        let shift = index / half - 1
        return Int64(index - shift * half) << shift
    }

    private static func last(of index: Int) -> Int64 { first(of: index + 1) - 1 }
}

// MARK: - As a picture

extension LatencyHistogram {
    private static let maximumRows = 20
    /// The bounds within each power of ten, the finest first: those of the series of preferred numbers (IEC 60063), rounded
    /// to two digits.
    private static let series: [[Int64]] = [
        [10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82], [10, 15, 22, 33, 47, 68], [10, 20, 50], [10, 30], [10],
    ]

    /// Rows from the shortest time to the longest, as fine as fits; none without times.
    var rows: [BarChart.Row] {
        guard count > 0 else { return [] }
        var rows: [BarChart.Row] = []
        for digits in Self.series {
            let bounds = Self.bounds(digits)
            rows = zip(counts(between: bounds), bounds + [Self.maximum]).map { count, bound in
                BarChart.Row(label: "< \(DurationLabel.text(nanoseconds: bound))", count: count)
            }
            let (first, last) = (rows.firstIndex { $0.count > 0 }!, rows.lastIndex { $0.count > 0 }!)
            rows = Array(rows[first...last])
            if rows.count <= Self.maximumRows { break }
        }
        return rows
    }

    /// From 10 ns to an hour.
    private static func bounds(_ digits: [Int64]) -> [Int64] {
        var bounds: [Int64] = []
        var power: Int64 = 1
        while power < maximum / 100 {
            bounds += digits.map { $0 * power }
            power *= 10
        }
        return bounds.filter { $0 < maximum }
    }
}

/// A time for people: three digits and a unit.
enum DurationLabel {
    static func text(nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<1_000: "\(nanoseconds) ns"
        case ..<999_500: digits(Double(nanoseconds) / 1e3) + " µs"
        case ..<999_500_000: digits(Double(nanoseconds) / 1e6) + " ms"
        default: digits(Double(nanoseconds) / 1e9) + " s"
        }
    }

    /// Without zeros at the end: 1.5, 12, 123.
    private static func digits(_ number: Double) -> String {
        let places = number < 9.995 ? 100.0 : number < 99.95 ? 10 : 1
        let rounded = (number * places).rounded() / places
        return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
    }
}
