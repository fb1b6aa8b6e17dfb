import CoreMetrics
import FirnServer
import FirnWindows
import Testing

@testable import FirnAdmin

/// What libraries count by swift-metrics is in the same text.
@Suite struct MetricsRegistryTests {
    private func text(_ registry: MetricsRegistry) -> String {
        var page = PrometheusText()
        registry.write(to: &page)
        return page.text
    }

    @Test func everyKindIsWritten() {
        let registry = MetricsRegistry()
        let counter = Counter(label: "http.requests", dimensions: [("status", "200"), ("9", "x")], factory: registry)
        counter.increment(by: 3)
        counter.increment(by: -5)
        FloatingPointCounter(label: "work", dimensions: [], factory: registry).increment(by: 1.5)
        let meter = Meter(label: "load", dimensions: [], factory: registry)
        meter.set(4.0)
        meter.decrement(by: 1.5)
        Gauge(label: "level", dimensions: [], factory: registry).record(7)
        Timer(label: "took", dimensions: [("op", "a")], factory: registry).recordNanoseconds(1_500)
        Recorder(label: "size", dimensions: [], aggregate: true, factory: registry).record(5)
        let text = text(registry)
        #expect(text.contains("# TYPE http_requests_total counter\nhttp_requests_total{_9=\"x\",status=\"200\"} 3\n"))
        #expect(text.contains("# TYPE work_total counter\nwork_total 1.5\n"))
        #expect(text.contains("# TYPE load gauge\nload 2.5\n"))
        #expect(text.contains("# TYPE level gauge\nlevel 7\n"))
        #expect(text.contains("took_seconds_bucket{op=\"a\",le=\"1e-06\"} 0\n"))
        #expect(text.contains("took_seconds_bucket{op=\"a\",le=\"2.5e-06\"} 1\n"))
        #expect(text.contains("took_seconds_sum{op=\"a\"} 1.5e-06\n"))
        #expect(text.contains("size_bucket{le=\"4\"} 0\nsize_bucket{le=\"16\"} 1\n"))
        #expect(text.contains("firn_library_metrics_dropped_total 0\n"))
    }

    @Test func theSameNameAndLabelsAreOneSeries() {
        let registry = MetricsRegistry()
        for _ in 0..<10 {
            Counter(label: "a", dimensions: [("x", "1"), ("y", "2")], factory: registry).increment()
            Counter(label: "a", dimensions: [("y", "2"), ("x", "1")], factory: registry).increment()
        }
        #expect(text(registry).contains("a_total{x=\"1\",y=\"2\"} 20\n"))
    }

    @Test func ownNamesAreKept() {
        let registry = MetricsRegistry()
        Counter(label: "firn_ids_total", dimensions: [], factory: registry).increment()
        Gauge(label: "process.open_fds", dimensions: [], factory: registry).record(1)
        let text = text(registry)
        #expect(text.contains("\nlibrary_firn_ids_total 1\n"))
        #expect(text.contains("\nlibrary_process_open_fds 1\n"))
    }

    /// `le` is a bucket's bound: a histogram with two of them is none that Prometheus reads.
    @Test func aBucketsLabelIsKept() {
        let registry = MetricsRegistry()
        Recorder(label: "sizes", dimensions: [("le", "x")], factory: registry).record(1)
        let lines = text(registry).split(separator: "\n").filter { $0.hasPrefix("sizes") }
        #expect(!lines.isEmpty && lines.allSatisfy { $0.contains("le_=\"x\"") && !$0.contains("le=\"x\"") })
    }

    @Test func aNameHasOneTypeAndWhatDiffersIsDropped() {
        let registry = MetricsRegistry()
        Gauge(label: "a_total", dimensions: [], factory: registry).record(1)
        Counter(label: "a", dimensions: [], factory: registry).increment()
        Counter(label: "a", dimensions: [("x", "1")], factory: registry).increment()
        let text = text(registry)
        #expect(text.contains("# TYPE a_total gauge\na_total 1\n"))
        #expect(!text.contains("x=\"1\""))
        #expect(text.contains("firn_library_metrics_dropped_total 2\n"))
    }

    @Test func thereIsAnEndToSeries() {
        let registry = MetricsRegistry()
        for index in 0..<(MetricsRegistry.maximumSeries + 50) {
            Counter(label: "users", dimensions: [("name", "\(index)")], factory: registry).increment()
        }
        let text = text(registry)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("users_total{") } == MetricsRegistry.maximumSeries)
        #expect(text.contains("firn_library_metrics_dropped_total 50\n"))
        // Those that are there go on.
        Counter(label: "users", dimensions: [("name", "0")], factory: registry).increment()
        #expect(self.text(registry).contains("users_total{name=\"0\"} 2\n"))
    }

    @Test func manyThreadsLoseNothing() {
        let registry = MetricsRegistry()
        let threads = (0..<4).map { _ in
            NativeThread(name: "counting") {
                for _ in 0..<10_000 {
                    Counter(label: "c", dimensions: [], factory: registry).increment()
                    FloatingPointCounter(label: "f", dimensions: [], factory: registry).increment(by: 0.5)
                    Timer(label: "t", dimensions: [], factory: registry).recordNanoseconds(1)
                }
            }
        }
        threads.forEach { $0.join() }
        let text = text(registry)
        #expect(text.contains("c_total 40000\n"))
        #expect(text.contains("f_total 20000\n"))
        #expect(text.contains("t_seconds_count 40000\n"))
    }
}
