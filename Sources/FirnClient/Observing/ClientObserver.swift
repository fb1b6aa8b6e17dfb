internal import FirnWire

#if Metrics
    internal import CoreMetrics
#endif
#if Tracing
    internal import Tracing
#endif

/// Reports a client's calls and connections to the metrics and the tracing system, each behind the package's trait of that
/// name. Without the traits it is empty and costs nothing.
///
/// A call is what a program makes: one `nextIDs` is one call, also when it takes several requests. Retries are part of their
/// call, and a connection's keep-alive is not a call.
struct ClientObserver: Sendable {
    #if Metrics
        private let metrics: ClientMetrics

        init(factory: any MetricsFactory = MetricsSystem.factory) {
            metrics = ClientMetrics(factory: factory)
        }
    #else
        init() {}
    #endif

    /// Makes a call, and reports it.
    @inline(__always)
    func call<Value>(
        _ name: StaticString,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(FirnClientError) -> Value
    ) async throws(FirnClientError) -> Value {
        #if Metrics || Tracing
            let observed = ObservedCall(name, self)
            do throws(FirnClientError) {
                let value = try await body()
                observed.ended(nil)
                return value
            } catch {
                observed.ended(error)
                throw error
            }
        #else
            return try await body()
        #endif
    }

    func connected() {
        #if Metrics
            metrics.connects.increment()
            metrics.connections.increment()
        #endif
    }

    func connectingFailed() {
        #if Metrics
            metrics.failedConnects.increment()
        #endif
    }

    func disconnected() {
        #if Metrics
            metrics.connections.decrement()
        #endif
    }

    #if Metrics || Tracing
        /// One call, from its beginning to its end.
        private struct ObservedCall {
            #if Metrics
                private let metrics: ClientMetrics
                private let name: String
                private let began = ContinuousClock.now
            #endif
            #if Tracing
                private let span: any Span
            #endif

            init(_ name: StaticString, _ observer: ClientObserver) {
                #if Metrics
                    metrics = observer.metrics
                    self.name = "\(name)"
                #endif
                #if Tracing
                    span = startSpan("firn.v1.IDService/\(name)", ofKind: .client)
                    // Source: OpenTelemetry's semantic conventions for RPC.
                    span.attributes["rpc.system"] = "firn"
                    span.attributes["rpc.service"] = "firn.v1.IDService"
                    span.attributes["rpc.method"] = "\(name)"
                #endif
            }

            func ended(_ error: FirnClientError?) {
                #if Metrics
                    metrics.callEnded(name, error?.code, after: began.duration(to: .now))
                #endif
                #if Tracing
                    if let error {
                        span.recordError(error)
                        span.setStatus(SpanStatus(code: .error, message: error.message))
                    }
                    span.end()
                #endif
            }
        }
    #endif
}
