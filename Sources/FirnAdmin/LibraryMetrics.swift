internal import CoreMetrics
internal import FirnServer
internal import Synchronization

/// One time series of a library.
protocol LibraryMetric: AnyObject, Sendable {
    func write(_ labels: [(String, String)], to page: inout PrometheusText)
}

final class LibraryCounter: LibraryMetric, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        // A counter does not decrease.
        value.wrappingAdd(max(0, amount), ordering: .relaxed)
    }

    func reset() {
        value.store(0, ordering: .relaxed)
    }

    func write(_ labels: [(String, String)], to page: inout PrometheusText) {
        page.sample(labels, UInt64(clamping: value.load(ordering: .relaxed)))
    }
}

final class LibraryFloatingPointCounter: LibraryMetric, FloatingPointCounterHandler {
    private let value = Atomic<UInt64>(0)

    func increment(by amount: Double) {
        value.add(max(0, amount))
    }

    func reset() {
        value.store(0, ordering: .relaxed)
    }

    func write(_ labels: [(String, String)], to page: inout PrometheusText) {
        page.sample(labels, Double(bitPattern: value.load(ordering: .relaxed)))
    }
}

/// A number that is set, or that rises and falls.
final class LibraryGauge: LibraryMetric, MeterHandler, RecorderHandler {
    private let value = Atomic<UInt64>(0)

    func set(_ number: Int64) { set(Double(number)) }
    func set(_ number: Double) { value.store(number.bitPattern, ordering: .relaxed) }
    func record(_ number: Int64) { set(Double(number)) }
    func record(_ number: Double) { set(number) }
    func increment(by amount: Double) { value.add(amount) }
    func decrement(by amount: Double) { value.add(-amount) }

    func write(_ labels: [(String, String)], to page: inout PrometheusText) {
        page.sample(labels, Double(bitPattern: value.load(ordering: .relaxed)))
    }
}

/// Durations, in the same buckets as the daemon's own.
final class LibraryTimer: LibraryMetric, TimerHandler {
    private let histogram = LatencyHistogram()
    private static let bounds = LatencyHistogram.bounds.map { Double($0) / 1e9 }

    func recordNanoseconds(_ duration: Int64) {
        histogram.observeShared(nanoseconds: duration)
    }

    func write(_ labels: [(String, String)], to page: inout PrometheusText) {
        let reading = histogram.reading
        page.histogram(
            labels,
            bounds: Self.bounds,
            counts: reading.counts,
            sum: Double(reading.sumNanoseconds) / 1e9
        )
    }
}

/// Numbers of any size, such as lengths, in buckets at powers of four.
final class LibraryRecorder: LibraryMetric, RecorderHandler {
    private struct Counts {
        var counts = [UInt64](repeating: 0, count: LibraryRecorder.bounds.count + 1)
        var sum = 0.0
    }

    private let state = Mutex(Counts())
    private static let bounds = (0...15).map { Double(1 << (2 * $0)) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        state.withLock { state in
            state.counts[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
            state.sum += value
        }
    }

    func write(_ labels: [(String, String)], to page: inout PrometheusText) {
        let state = state.withLock { $0 }
        page.histogram(labels, bounds: Self.bounds, counts: state.counts, sum: state.sum)
    }
}

extension Atomic<UInt64> {
    /// Adds to the number that is stored as its bit pattern.
    fileprivate func add(_ amount: Double) {
        var bits = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: bits) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: bits, desired: sum, ordering: .relaxed)
            if exchanged { return }
            bits = original
        }
    }
}
