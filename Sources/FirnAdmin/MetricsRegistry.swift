package import CoreMetrics
internal import Synchronization

/// The daemon's backend for swift-metrics: what a library records through that API appears among the daemon's
/// metrics.
///
/// The daemon does not count its own calls through it: a shard's counters are in its own memory (`ShardMeter`), while
/// this API shares one counter among all threads.
///
/// Names are converted to Prometheus': invalid characters become underscores, counters end in `_total`, times in
/// `_seconds`. The names of the daemon's own metrics are reserved. There is room for ``maximumSeries``. Further series,
/// and series whose type differs from that of an existing one of the same name, are dropped and counted.
package final class MetricsRegistry: MetricsFactory {
    /// Limits the memory that a library can use, for instance with a label for each user's name. Empirical.
    package static let maximumSeries = 1_000
    /// Prefixes of the names of the daemon's own metrics.
    private static let reserved = ["firn_", "process_"]

    private struct Family {
        let kind: PrometheusText.Kind
        let help: String
        var series: [[String]: Series] = [:]
    }

    private struct Series {
        let labels: [(String, String)]
        let value: any LibraryMetric
    }

    private struct State {
        var families: [String: Family] = [:]
        var seriesCount = 0
        var dropped: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        metric(label, "_total", .counter, dimensions) { LibraryCounter() }
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        metric(label, "_total", .counter, dimensions) { LibraryFloatingPointCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        metric(label, "", .gauge, dimensions) { LibraryGauge() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? metric(label, "", .histogram, dimensions) { LibraryRecorder() }
            : metric(label, "", .gauge, dimensions) { LibraryGauge() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        metric(label, "_seconds", .histogram, dimensions) { LibraryTimer() }
    }

    // A counter keeps its value after it is destroyed: a counter that Prometheus has read must not decrease.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The metric with this name and these labels; one that is never read if the limit is reached.
    private func metric<Metric: LibraryMetric>(
        _ label: String,
        _ suffix: String,
        _ kind: PrometheusText.Kind,
        _ dimensions: [(String, String)],
        make: () -> Metric
    ) -> Metric {
        let name = Self.name(label, suffix: suffix)
        let labels = Self.labels(dimensions)
        let key = labels.flatMap { [$0.0, $0.1] }
        return state.withLock { state in
            if let there = state.families[name]?.series[key]?.value {
                if let metric = there as? Metric { return metric }
                state.dropped += 1
                return make()
            }
            let kindIsTaken = state.families[name].map { $0.kind != kind } ?? false
            guard state.seriesCount < Self.maximumSeries, !kindIsTaken else {
                state.dropped += 1
                return make()
            }
            let metric = make()
            state.seriesCount += 1
            state.families[name, default: Family(kind: kind, help: "\(label), as a library counts it.")]
                .series[key] = Series(labels: labels, value: metric)
            return metric
        }
    }

    private static func name(_ label: String, suffix: String) -> String {
        var name = PrometheusText.name(from: label)
        if reserved.contains(where: name.hasPrefix) { name = "library_" + name }
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// Sorted, without duplicates: of two labels with one name the last is kept.
    private static func labels(_ dimensions: [(String, String)]) -> [(String, String)] {
        var labels: [String: String] = [:]
        for (name, value) in dimensions {
            let label = PrometheusText.name(from: name, forLabel: true)
            // The label `le` is reserved for histograms.
            labels[label == "le" ? "le_" : label] = value
        }
        return labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func write(to page: inout PrometheusText) {
        let (families, dropped) = state.withLock { ($0.families, $0.dropped) }
        page.family("firn_library_metrics_dropped_total", .counter, "Metrics of libraries for which there was no room.")
        page.sample([], dropped)
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.family(name, family.kind, family.help)
            for (_, series) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                series.value.write(series.labels, to: &page)
            }
        }
    }
}
