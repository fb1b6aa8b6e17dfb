internal import ArgumentParser
internal import FirnLayout

/// What the IDs of a histogram are counted by.
enum HistogramKind: String, ExpressibleByArgument, CaseIterable {
    case all
    case time
    case worker
    case sequence
}

/// Counts IDs by time, worker and sequence, and draws the counts.
struct IDHistograms {
    private let layout: Layout
    private var time: TimeHistogram?
    private var worker: WorkerHistogram?
    private var sequence: RangeHistogram?
    private var count: UInt64 = 0
    private var misfits: UInt64 = 0

    /// - Throws: `ValidationError` when the layout has no such field.
    init(_ kind: HistogramKind, layout: Layout) throws {
        self.layout = layout
        let maximumSequence = layout.fields.first { $0.kind == .sequence }?.maximum
        if kind == .time || kind == .all, layout.hasTime {
            time = TimeHistogram(tickNanoseconds: layout.tickNanoseconds)
        }
        if kind == .worker || kind == .all, layout.fields.contains(where: { $0.kind == .worker }) {
            worker = WorkerHistogram()
        }
        if kind == .sequence || kind == .all { sequence = maximumSequence.map(RangeHistogram.init) }
        guard time != nil || worker != nil || sequence != nil else {
            let fields = kind == .all ? "time, worker and sequence" : kind.rawValue
            throw ValidationError("The layout \(layout.name) has no \(fields) to draw a histogram of.")
        }
    }

    mutating func add(_ id: FirnID) {
        let decoded = layout.decode(id)
        guard decoded.fitsLayout else {
            misfits += 1
            return
        }
        count += 1
        if let utc = decoded.utc { time?.add(utc) }
        if let value = decoded.worker { worker?.add(value) }
        if let value = decoded.sequence { sequence?.add(value) }
    }

    /// The lines of all histograms in so many columns.
    func lines(columns: Int) -> [String] {
        var heading = "\(grouped(count)) \(count == 1 ? "ID" : "IDs") of the layout \(layout.name)"
        if misfits > 0 { heading += ", and \(grouped(misfits)) that cannot be of it" }
        var lines = [heading]
        guard count > 0 else { return lines }
        if let chart = time?.chart {
            lines += ["", "time in UTC, \(chart.step.name) per row"]
            lines += BarChart(rows: chart.rows).lines(columns: columns)
        }
        if let worker {
            let isCut = worker.workerCount > WorkerHistogram.maximumRows
            let busiest = ", the \(WorkerHistogram.maximumRows) busiest of \(grouped(UInt64(worker.workerCount)))"
            let parts = layout.fields.filter { $0.kind == .worker }.map(\.name)
            let together = parts.count > 1 ? " (\(parts.joined(separator: " and ")) together)" : ""
            lines +=
                ["", "worker\(together)\(isCut ? busiest : "")"] + BarChart(rows: worker.rows).lines(columns: columns)
        }
        if let sequence {
            lines += ["", "sequence"] + BarChart(rows: sequence.rows).lines(columns: columns)
        }
        return lines
    }
}
