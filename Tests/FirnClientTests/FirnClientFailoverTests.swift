import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// The client with two daemons behind real sockets.
@Suite(.timeLimit(.minutes(1))) struct FirnClientFailoverTests {
    @Test func callsGoToTheNextDaemonWhenTheFirstIsNotThere() async throws {
        let nowhere = try FirnAddress.unix(path: ScriptedServer.newPath())
        try await ScriptedServer.run { server, requests in
            let addresses = [nowhere, try .unix(path: server.path)]
            try await withFirnClient(addresses: addresses, configuration: .patient) { client in
                #expect(client.addresses == addresses)
                async let id = client.nextID()
                await requests.next()!.answer(1)
                let givenId = try await id
                #expect(givenId == FirnID(rawValue: 1))
            }
        }
    }

    @Test func callsMoveToTheOtherDaemonAndBackAgain() async throws {
        var configuration = FirnClientConfiguration.patient
        configuration.failbackInterval = .milliseconds(20)
        try await withTwoServers(configuration) { client, first, second in
            let (path, secondTask) = (first.path, second.answerEverything(from: 2_000_000))
            var firstTask = first.answerEverything(from: 1_000_000)
            #expect(try await client.nextID().rawValue < 2_000_000)
            // The first one goes away: no call fails.
            await first.stop(closingConnections: true)
            firstTask.cancel()
            try await eventually { try await client.nextID().rawValue >= 2_000_000 }
            // It comes back, and calls come back to it. The others' connection ends, and no call with it.
            let again = try await ScriptedServer(path: path)
            firstTask = again.answerEverything(from: 1_500_000)
            try await eventually { try await client.nextID().rawValue < 2_000_000 }
            await second.connectionClosed()
            #expect(try await client.nextID().rawValue < 2_000_000)
            firstTask.cancel()
            secondTask.cancel()
            await again.stop()
        }
    }

    @Test func anUnavailableDaemonGetsNoCalls() async throws {
        for coalescing in [false, true] {
            var configuration = FirnClientConfiguration.patient
            configuration.coalescesCalls = coalescing
            try await withTwoServers(configuration) { client, first, second in
                let refusing = Task {
                    for await call in first.requests {
                        call.answer(Status(.unavailable, "no window", retryAfterMilliseconds: 60_000))
                    }
                }
                let answering = second.answerEverything(from: 1)
                try await withThrowingTaskGroup(of: FirnID.self) { group in
                    for _ in 1...100 { group.addTask { try await client.nextID() } }
                    let ids = try await group.reduce(into: Set<FirnID>()) { $0.insert($1) }
                    #expect(ids.count == 100)
                }
                refusing.cancel()
                answering.cancel()
            }
        }
    }

    @Test func whenBothDaemonsAreUnavailableTheErrorHasTheRetryTime() async throws {
        try await withTwoServers(.patient) { client, first, second in
            let refusing = [first, second].map { server in
                Task {
                    for await call in server.requests {
                        call.answer(Status(.unavailable, "no window", retryAfterMilliseconds: 70))
                    }
                }
            }
            let error = await error { () async throws(FirnClientError) in try await client.nextID() }
            #expect(error?.code == .unavailable && error?.retryAfter == .milliseconds(70))
            for task in refusing { task.cancel() }
        }
    }

    @Test func aHalfOpenConnectionIsFoundWithoutACall() async throws {
        var configuration = FirnClientConfiguration.timeout(.seconds(5))
        configuration.keepAliveInterval = .seconds(1)
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: configuration) { client in
                async let id = client.nextID(timeout: .seconds(20))
                await requests.next()!.answer(1)
                _ = try await id
                let probe = await requests.next()!
                #expect(probe.request.method == .describe && probe.connection == 1)
                // Nobody answers, and nobody calls.
                await server.connectionClosed()
                async let next = client.nextID(timeout: .seconds(20))
                let call = await requests.next()!
                call.answer(2)
                _ = try await next
                #expect(call.connection == 2)
            }
        }
    }

    @Test func theMinimumIsThereBeforeTheFirstCallAndAgainAfterALoss() async throws {
        var configuration = FirnClientConfiguration.patient
        configuration.minimumConnectionCount = 2
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: configuration) { client in
                try await eventually { server.connectionCount == 2 }
                async let id = client.nextID()
                let call = await requests.next()!
                call.answer(1)
                _ = try await id
                call.close()
                try await eventually { server.connectionCount == 3 }
            }
        }
    }

    #if os(Linux) || os(macOS)
        @Test func noAddressTraps() async {
            await #expect(processExitsWith: .failure) { _ = FirnClient(addresses: []) }
        }
    #endif
}

private func withTwoServers(
    _ configuration: FirnClientConfiguration,
    _ body: (FirnClient, ScriptedServer, ScriptedServer) async throws -> Void
) async throws {
    try await ScriptedServer.run { first, _ in
        try await ScriptedServer.run { second, _ in
            let addresses = try [first, second].map { try FirnAddress.unix(path: $0.path) }
            try await withFirnClient(addresses: addresses, configuration: configuration) { client in
                try await body(client, first, second)
            }
        }
    }
}
