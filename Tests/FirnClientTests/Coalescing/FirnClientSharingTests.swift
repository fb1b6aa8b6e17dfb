import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// Callers of single IDs that share a request, against a scripted daemon behind a real socket.
@Suite(.timeLimit(.minutes(1))) struct FirnClientSharingTests {
    static var sharing: FirnClientConfiguration {
        var configuration = FirnClientConfiguration.patient
        configuration.coalescesCalls = true
        return configuration
    }

    @Test func callersShareTheNextRequest() async throws {
        try await withServer(Self.sharing) { client, requests in
            async let first = client.nextID()
            let single = await requests.next()!
            #expect(single.request.method == .nextID)
            try await withThrowingTaskGroup(of: FirnID.self) { group in
                for _ in 1...50 { group.addTask { try await client.nextID() } }
                // Until all have asked, which nobody tells.
                try await Task.sleep(for: .milliseconds(100))
                single.answer(1)
                var (shared, frames): (Set<UInt64>, Int) = ([], 0)
                while shared.count < 50 {
                    let call = await requests.next()!
                    frames += 1
                    let (base, count) = (UInt64(1000 * frames), call.sharedCount)
                    call.answerShared(from: base)
                    shared.formUnion(base..<base + UInt64(count))
                }
                let ids = try await group.reduce(into: Set<UInt64>()) { $0.insert($1.rawValue) }
                #expect(ids == shared)
                #expect(frames < 50)
            }
            let givenFirst = try await first
            #expect(givenFirst == FirnID(rawValue: 1))
        }
    }

    @Test func aCancelledCallerEndsAtOnceAndOthersAreNotAffected() async throws {
        try await withServer(Self.sharing) { client, requests in
            async let first = client.nextID()
            let single = await requests.next()!
            let waiting = Task { try await client.nextID() }
            async let other = client.nextID()
            try await Task.sleep(for: .milliseconds(50))
            waiting.cancel()
            let result = await waiting.result
            #expect { try result.get() } throws: { ($0 as? FirnClientError)?.code == .cancelled }
            single.answer(1)
            _ = try await first
            let next = await requests.next()!
            next.answerShared(from: 10)
            let givenOther = try await other
            #expect(givenOther == FirnID(rawValue: 10))
        }
    }

    @Test func aTaskThatWasCancelledBeforeAsksForNothing() async throws {
        try await withServer(Self.sharing) { client, requests in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await error { () async throws(FirnClientError) in try await client.nextID() }
            }
            #expect(await task.value?.code == .cancelled)
            async let id = client.nextID()
            let call = await requests.next()!
            #expect(call.request.callID == 1)
            call.answer(7)
            _ = try await id
        }
    }

    /// Each try was once cut at the default timeout, so that a daemon which needs longer was asked again and again in vain.
    @Test func aCallsOwnTimeCountsNotTheDefault() async throws {
        var configuration = Self.sharing
        configuration.timeout = .milliseconds(200)
        try await withServer(configuration) { client, requests in
            async let patient = client.nextID(timeout: .seconds(20))
            let call = await requests.next()!
            #expect(call.request.timeoutMilliseconds > 5_000)
            // Half of the default's time later nobody waits for it any more.
            try await Task.sleep(for: .milliseconds(400))
            async let other = client.nextID(timeout: .seconds(20))
            let next = await requests.next()!
            next.answer(2)
            call.answer(1)
            let ids = try await [patient, other]
            #expect(ids == [FirnID(rawValue: 1), FirnID(rawValue: 2)])
        }
    }

    @Test func aShortTimeoutIsKeptWhileTheRequestIsOpen() async throws {
        try await withServer(Self.sharing) { client, requests in
            async let patient = client.nextID()
            let call = await requests.next()!
            let error = await error { () async throws(FirnClientError) in
                try await client.nextID(timeout: .milliseconds(20))
            }
            #expect(error?.code == .timedOut && error?.message.contains("0.02 seconds") == true)
            call.answer(1)
            _ = try await patient
        }
    }

    @Test func everyCallHasItsOwnTimeout() async throws {
        try await withServer { client, requests in
            async let ids = client.nextIDs(count: 2, timeout: .seconds(50))
            let call = await requests.next()!
            #expect((30_000...50_000).contains(call.request.timeoutMilliseconds))
            call.answer([Run(first: FirnID(rawValue: 1), count: 2, stride: 1)])
            _ = try await ids
            let error = await error { () async throws(FirnClientError) in
                try await client.daemonDescription(timeout: .milliseconds(30))
            }
            #expect(error?.code == .timedOut && error?.message.contains("0.03 seconds") == true)
        }
    }

    @Test(arguments: [false, true])
    func tenThousandTasksAtOnce(coalescing: Bool) async throws {
        var configuration = FirnClientConfiguration.timeout(.seconds(50))
        configuration.coalescesCalls = coalescing
        try await ScriptedServer.run { server, _ in
            let answering = server.answerEverything(from: 1)
            try await withFirnClient(address: .unix(path: server.path), configuration: configuration) { client in
                try await withThrowingTaskGroup(of: FirnID.self) { group in
                    for _ in 1...10_000 { group.addTask { try await client.nextID() } }
                    let ids = try await group.reduce(into: Set<FirnID>()) { $0.insert($1) }
                    #expect(ids.count == 10_000)
                }
            }
            #expect(server.connectionCount <= configuration.maximumConnectionHardLimit)
            answering.cancel()
        }
    }

    @Test func shutDownEndsAllCallersThatShareAndWait() async throws {
        try await ScriptedServer.run { server, requests in
            let client = FirnClient(address: try .unix(path: server.path), configuration: Self.sharing)
            let running = Task { await client.run() }
            await withTaskGroup(of: FirnClientError.Code?.self) { group in
                for _ in 1...100 {
                    group.addTask {
                        await error { () async throws(FirnClientError) in try await client.nextID() }?.code
                    }
                }
                _ = await requests.next()
                running.cancel()
                await running.value
                for await code in group { #expect(code == .shutDown) }
            }
            await server.connectionClosed()
        }
    }

    @Test func manySharedCallsSurviveCancellationAndLoss() async throws {
        // Whatever ends a call, it ends: this test hangs when a caller is forgotten, and crashes when one is told twice.
        var configuration = Self.sharing
        configuration.timeout = .seconds(2)
        try await ScriptedServer.run { server, _ in
            let answering = Task {
                var count = 0
                for await call in server.requests {
                    count += 1
                    switch count % 7 {
                    case 0: call.close()
                    case 1: call.goAway()
                    default: call.answerShared(from: UInt64(count) * 100_000)
                    }
                }
            }
            try await withFirnClient(address: .unix(path: server.path), configuration: configuration) { client in
                await withTaskGroup(of: Void.self) { group in
                    for index in 0..<2000 {
                        group.addTask {
                            let task = Task { try? await client.nextID(timeout: .milliseconds(1 + index % 2000)) }
                            if index % 3 == 0 { task.cancel() }
                            _ = await task.value
                        }
                    }
                }
            }
            answering.cancel()
        }
    }
}
