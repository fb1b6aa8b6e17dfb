import FirnClient
import FirnLayout
import FirnWire
import Testing

#if Metrics
    import CoreMetrics
    import MetricsTestKit
#endif
#if ServiceLifecycle
    import Logging
    import ServiceLifecycle
#endif
#if Tracing
    import InMemoryTracing
    import Tracing
#endif

/// What the package's traits add. Run with `swift test --enable-all-traits`.
@Suite(.timeLimit(.minutes(1))) struct TraitTests {
    #if Metrics
        @Test func callsAndConnectionsAreCounted() async throws {
            let metrics = TestMetrics()
            try await withMetricsFactory(metrics) {
                try await oneCallAndOneRefusal()
            }
            let ok = try metrics.expectCounter("firn_client_calls", [("method", "NextID"), ("code", "ok")])
            #expect(ok.totalValue == 1)
            let refused = try metrics.expectCounter(
                "firn_client_calls",
                [("method", "NextTickets"), ("code", "failedPrecondition")]
            )
            #expect(refused.totalValue == 1)
            let took = try metrics.expectTimer("firn_client_call_duration", [("method", "NextID")])
            #expect(took.values.count == 1 && took.values.allSatisfy { $0 > 0 })
            let connects = try metrics.expectCounter("firn_client_connects", [("outcome", "connected")])
            #expect(connects.totalValue >= 1)
            let connections = try metrics.expectMeter("firn_client_connections")
            #expect(connections.values.max() ?? 0 >= 1)
            #expect(connections.lastValue == 0, "run() has returned, so that none is open")
        }

        @Test func failedConnectsAreCounted() async throws {
            let metrics = TestMetrics()
            let address = try FirnAddress.unix(path: ScriptedServer.newPath())
            var configuration = FirnClientConfiguration.patient
            // The call ends when nobody could be connected, however long that takes here.
            configuration.circuitBreakerTripAfter = .zero
            await withMetricsFactory(metrics) { [configuration] in
                await withFirnClient(address: address, configuration: configuration) { client in
                    _ = await error { () async throws(FirnClientError) in try await client.nextID() }
                }
            }
            let failed = try metrics.expectCounter("firn_client_connects", [("outcome", "failed")])
            #expect(failed.totalValue >= 1)
        }
    #endif

    #if Tracing
        @Test func callsAreSpans() async throws {
            let tracer = InMemoryTracer()
            try await withTracer(tracer) {
                try await oneCallAndOneRefusal()
            }
            let spans = tracer.finishedSpans
            #expect(spans.map(\.operationName) == ["firn.v1.IDService/NextID", "firn.v1.IDService/NextTickets"])
            #expect(spans.map { $0.status?.code } == [nil, .error])
            #expect(spans.map(\.errors.count) == [0, 1])
            #expect(spans.allSatisfy { $0.kind == .client && $0.attributes.get("rpc.system") == .string("firn") })
        }
    #endif

    #if ServiceLifecycle
        /// The group stops what uses the client before the client: its last call still works.
        @Test func aServiceGroupRunsAndStopsTheClient() async throws {
            try await ScriptedServer.run { server, requests in
                let client = FirnClient(address: try .unix(path: server.path), configuration: .patient)
                let user = LastCall(client: client)
                let group = ServiceGroup(services: [client, user], logger: Logger(label: "test"))
                async let _ = group.run()
                await requests.next()!.answer(1)
                await group.triggerGracefulShutdown()
                await requests.next()!.answer(2)
                #expect(await user.outcome == FirnID(rawValue: 2))
                await server.connectionClosed()
                let late = await error { () async throws(FirnClientError) in try await client.nextID() }
                #expect(late?.code == .shutDown)
            }
        }

        /// Makes a call at the start, and another one when it is told to stop.
        private struct LastCall: Service {
            let client: FirnClient
            private let given: AsyncStream<FirnID>
            private let continuation: AsyncStream<FirnID>.Continuation

            init(client: FirnClient) {
                self.client = client
                (given, continuation) = AsyncStream.makeStream(of: FirnID.self)
            }

            var outcome: FirnID? {
                get async { await given.first { _ in true } }
            }

            func run() async throws {
                _ = try await client.nextID()
                try? await gracefulShutdown()
                continuation.yield(try await client.nextID())
                continuation.finish()
            }
        }
    #endif

    private func oneCallAndOneRefusal() async throws {
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: .patient) { client in
                async let id = client.nextID()
                await requests.next()!.answer(1)
                _ = try await id
                async let refusal = error { () async throws(FirnClientError) in
                    try await client.nextTicket(sequence: "full")
                }
                await requests.next()!.answer(Status(.failedPrecondition, "the sequence is at its maximum"))
                #expect(await refusal?.code == .failedPrecondition)
            }
        }
    }
}
