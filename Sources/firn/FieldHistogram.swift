internal import FirnLayout

/// Counts IDs of each worker. Memory is bounded: workers beyond a number are counted together.
struct WorkerHistogram {
    /// All of a field of 16 bits.
    static let maximumWorkers = 65_536
    static let maximumRows = 20

    private let maximumWorkers: Int
    private var counts: [UInt64: UInt64] = [:]
    /// The IDs of workers that came after the maximum.
    private(set) var uncounted: UInt64 = 0

    init(maximumWorkers: Int = WorkerHistogram.maximumWorkers) {
        self.maximumWorkers = maximumWorkers
    }

    var workerCount: Int { counts.count }

    mutating func add(_ worker: UInt64) {
        if counts.count < maximumWorkers || counts[worker] != nil {
            counts[worker, default: 0] += 1
        } else {
            uncounted += 1
        }
    }

    /// The busiest workers, and below them what the others have together.
    var rows: [BarChart.Row] {
        let sorted = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        let others = sorted.dropFirst(Self.maximumRows)
        var rows = sorted.prefix(Self.maximumRows).map { BarChart.Row(label: "\($0.key)", count: $0.value) }
        if !others.isEmpty {
            let count = others.reduce(0) { $0 + $1.value }
            rows.append(BarChart.Row(label: "\(grouped(UInt64(others.count))) more", count: count, hasBar: false))
        }
        if uncounted > 0 { rows.append(BarChart.Row(label: "of other workers", count: uncounted, hasBar: false)) }
        return rows
    }
}

/// Counts the values of a field in ranges of one length.
struct RangeHistogram {
    static let maximumRows: UInt64 = 16

    private let length: UInt64
    private var counts: [UInt64]

    /// - Parameter maximum: The field's highest value.
    init(maximum: UInt64) {
        length = maximum / Self.maximumRows + 1
        counts = Array(repeating: 0, count: Int(maximum / length) + 1)
    }

    mutating func add(_ value: UInt64) {
        counts[Int(value / length)] += 1
    }

    var rows: [BarChart.Row] {
        counts.enumerated().map { index, count in
            let first = UInt64(index) * length
            let label = length == 1 ? "\(first)" : "\(first)–\(first + (length - 1))"
            return BarChart.Row(label: label, count: count)
        }
    }
}
