import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// Prefetchers and generators of a client whose daemon does what a test says.
@Suite(.timeLimit(.minutes(2))) struct PrefetchingClientTests {
    private static var lasting: PrefetcherConfiguration {
        var configuration = PrefetcherConfiguration()
        configuration.maximumAge = .seconds(600)
        return configuration
    }

    @Test func runRefillsAPrefetcher() async throws {
        try await withServer { client, requests in
            let prefetcher = client.makePrefetcher(configuration: Self.lasting)
            let batch = await requests.next()!
            #expect(batch.request.method == .nextBatch(count: 64))
            batch.answer([Run(first: FirnID(rawValue: 100), count: 64, stride: 3)])
            let first = try await prefetcher.next()
            #expect(first == FirnID(rawValue: 100))
            #expect(prefetcher.nextIfAvailable() == FirnID(rawValue: 103) && prefetcher.availableCount <= 62)
        }
    }

    @Test func prefetchingRecoversWhenTheDaemonIsBack() async throws {
        let path = ScriptedServer.newPath()
        try await withFirnClient(address: .unix(path: path), configuration: .patient) { client in
            let prefetcher = client.makePrefetcher()
            let error = await error { () async throws(FirnClientError) in try await prefetcher.next() }
            #expect(error?.code == .unreachable && prefetcher.nextIfAvailable() == nil)
            let server = try await ScriptedServer(path: path)
            let answering = Task { [requests = server.requests] in
                var next: UInt64 = 1
                for await call in requests {
                    guard case .nextBatch(let count) = call.request.method else { continue }
                    call.answer([Run(first: FirnID(rawValue: next), count: count, stride: 1)])
                    next += UInt64(count)
                }
            }
            try await eventually("an ID by itself") { prefetcher.nextIfAvailable() != nil }
            answering.cancel()
            await server.stop()
        }
    }

    @Test func theEndOfTheClientEndsItsPrefetchers() async throws {
        try await ScriptedServer.run { server, requests in
            let client = FirnClient(address: try .unix(path: server.path), configuration: .patient)
            let prefetcher = client.makePrefetcher()
            let running = Task { await client.run() }
            async let code = error { () async throws(FirnClientError) in try await prefetcher.next() }?.code
            // A call is open that is never answered: the end does not wait for it.
            _ = await requests.next()
            running.cancel()
            await running.value
            #expect(await code == .shutDown && prefetcher.nextIfAvailable() == nil)
            // And one that is made later has ended before it began.
            let late = client.makePrefetcher()
            #expect(await error { () async throws(FirnClientError) in try await late.next() }?.code == .shutDown)
        }
    }

    @Test func aPrefetcherWithoutRunSaysSo() async throws {
        let client = FirnClient(address: try .unix(path: "/nowhere"), configuration: .timeout(.milliseconds(50)))
        let prefetcher = client.makePrefetcher()
        let error = await error { () async throws(FirnClientError) in try await prefetcher.next() }
        #expect(error?.code == .timedOut && error?.message.contains("run()") == true)
    }

    @Test func aClientWithAPrefetcherIsFreedThatNeverRan() throws {
        weak var freed: FirnClient?
        var prefetcher: Prefetcher?
        do {
            let client = FirnClient(address: try .unix(path: "/nowhere"))
            prefetcher = client.makePrefetcher()
            freed = client
        }
        #expect(freed == nil && prefetcher?.nextIfAvailable() == nil)
    }

    @Test func jobsThatWaitForRunAreBounded() async throws {
        let client = FirnClient(address: try .unix(path: "/nowhere"))
        let prefetchers = (0..<BackgroundJobs.maximumWaiting).map { _ in client.makePrefetcher() }
        let tooMany = client.makePrefetcher()
        let error = await error { () async throws(FirnClientError) in try await tooMany.next() }
        #expect(error?.code == .tooManyCalls && prefetchers.allSatisfy { $0.nextIfAvailable() == nil })
    }

    @Test func aGeneratorAsksForItsPrefixesAlone() async throws {
        try await withServer { client, requests in
            var configuration = RequestIDGeneratorConfiguration()
            configuration.maximumNumber = 4
            async let making = RequestIDGenerator(service: "ServiceA", client: client, configuration: configuration)
            let first = await requests.next()!
            #expect(first.request.method == .newPrefix(service: Name("ServiceA")!))
            first.answer(prefix: "ServiceA-1")
            let generator = try await making
            var ids = [try generator.next(), try generator.next(), try generator.next()]
            // Its last quarter has begun.
            let second = await requests.next()!
            #expect(second.request.method == .newPrefix(service: Name("ServiceA")!))
            ids.append(try generator.next())
            let error = #expect(throws: FirnClientError.self) { try generator.next() }
            #expect(error?.code == .prefixExhausted && error?.message.contains("ServiceA-1") == true)
            second.answer(prefix: "ServiceA-7")
            try await eventually("the next prefix") { (try? ids.append(generator.next())) != nil }
            #expect(ids == ["ServiceA-1-1", "ServiceA-1-2", "ServiceA-1-3", "ServiceA-1-4", "ServiceA-7-1"])
        }
    }

    @Test func aGeneratorIsNotMadeWithoutAPrefix() async throws {
        try await withServer { client, requests in
            async let refused = error { () async throws(FirnClientError) in
                try await RequestIDGenerator(service: "ServiceA", client: client)
            }
            await requests.next()!.answer(Status(.failedPrecondition, "the sequence is no prefix"))
            #expect(await refused?.code == .failedPrecondition)
            let misnamed = await error { () async throws(FirnClientError) in
                try await RequestIDGenerator(service: "no name", client: client)
            }
            #expect(misnamed?.code == .invalidArgument)
        }
    }
}
