#if Metrics
    internal import CoreMetrics
    internal import Synchronization

    /// A client's metrics, in the program's metrics system.
    ///
    /// | name | | dimensions |
    /// |---|---|---|
    /// | `firn_client_calls` | calls that have ended | `method`, `code` (`ok`, or the error's) |
    /// | `firn_client_call_duration` | how long they took | `method` |
    /// | `firn_client_connections` | connections that are open | |
    /// | `firn_client_connects` | attempts to connect | `outcome` (`connected`, `failed`) |
    final class ClientMetrics: Sendable {
        private struct CallKey: Hashable {
            var method: String
            var code: FirnClientError.Code?
        }

        let connections: Meter
        let connects: Counter
        let failedConnects: Counter

        private let factory: any MetricsFactory
        // As many as there are methods and codes: tens.
        private let calls = Mutex<[CallKey: Counter]>([:])
        private let durations = Mutex<[String: Timer]>([:])

        init(factory: any MetricsFactory) {
            self.factory = factory
            connections = Meter(label: "firn_client_connections", dimensions: [], factory: factory)
            let connects = "firn_client_connects"
            self.connects = Counter(label: connects, dimensions: [("outcome", "connected")], factory: factory)
            failedConnects = Counter(label: connects, dimensions: [("outcome", "failed")], factory: factory)
        }

        func callEnded(_ method: String, _ code: FirnClientError.Code?, after duration: Duration) {
            counter(CallKey(method: method, code: code)).increment()
            timer(method).recordNanoseconds(duration.wholeNanoseconds)
        }

        private func counter(_ key: CallKey) -> Counter {
            calls.withLock { calls in
                if let counter = calls[key] { return counter }
                let counter = Counter(
                    label: "firn_client_calls",
                    dimensions: [("method", key.method), ("code", key.code.map { "\($0)" } ?? "ok")],
                    factory: factory
                )
                calls[key] = counter
                return counter
            }
        }

        private func timer(_ method: String) -> Timer {
            durations.withLock { durations in
                if let timer = durations[method] { return timer }
                let timer = Timer(
                    label: "firn_client_call_duration",
                    dimensions: [("method", method)],
                    factory: factory
                )
                durations[method] = timer
                return timer
            }
        }
    }

    extension Duration {
        /// Whole nanoseconds, as many as fit.
        var wholeNanoseconds: Int64 {
            let (seconds, attoseconds) = components
            let (whole, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            return overflowed ? .max : whole + attoseconds / 1_000_000_000
        }
    }
#endif
