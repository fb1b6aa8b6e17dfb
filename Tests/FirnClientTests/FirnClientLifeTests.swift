import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// Before, after and around `run()`.
@Suite(.timeLimit(.minutes(1))) struct FirnClientLifeTests {
    @Test func aCallBeforeRunWaitsForIt() async throws {
        try await ScriptedServer.run { server, requests in
            let client = FirnClient(address: try .unix(path: server.path), configuration: .patient)
            async let id = client.nextID()
            try await Task.sleep(for: .milliseconds(20))
            let running = Task { await client.run() }
            await requests.next()!.answer(1)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 1))
            running.cancel()
            await running.value
        }
    }

    @Test func aTimeoutWithoutRunSaysSo() async throws {
        let address = try FirnAddress.unix(path: "/nowhere")
        let client = FirnClient(address: address, configuration: .timeout(.milliseconds(50)))
        let error = await error { () async throws(FirnClientError) in try await client.nextID() }
        #expect(error?.code == .timedOut && error?.message.contains("run()") == true)
    }

    @Test func theEndFailsOpenAndLaterCallsAndClosesTheConnection() async throws {
        try await ScriptedServer.run { server, requests in
            let client = FirnClient(address: try .unix(path: server.path), configuration: .patient)
            let running = Task { await client.run() }
            async let open = error { () async throws(FirnClientError) in try await client.nextID() }
            _ = await requests.next()
            running.cancel()
            await running.value
            #expect(await open?.code == .shutDown)
            #expect(await error { () async throws(FirnClientError) in try await client.nextID() }?.code == .shutDown)
            await server.connectionClosed()
        }
    }

    @Test func runCanEndBeforeItBegan() async throws {
        try await ScriptedServer.run { server, _ in
            let client = FirnClient(address: try .unix(path: server.path), configuration: .patient)
            async let waiting = error { () async throws(FirnClientError) in try await client.nextID() }
            let running = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                await client.run()
            }
            await running.value
            #expect(await waiting?.code == .shutDown)
        }
    }

    #if os(Linux) || os(macOS)
        @Test func runningTwiceTraps() async {
            await #expect(processExitsWith: .failure) {
                let client = FirnClient(address: .default())
                for _ in 1...2 {
                    let running = Task { await client.run() }
                    running.cancel()
                    await running.value
                }
            }
        }
    #endif

    @Test func aClientIsFreedThatNeverRan() async throws {
        weak var freed: FirnClient?
        do {
            let client = FirnClient(address: try .unix(path: "/nowhere"), configuration: .timeout(.milliseconds(1)))
            freed = client
            _ = try? await client.nextID()
        }
        #expect(freed == nil)
    }

    @Test func theScopeThrowsWhatItsBodyThrows() async throws {
        struct Own: Error {}
        await #expect(throws: Own.self) {
            try await withFirnClient(address: .unix(path: "/nowhere")) { _ throws(Own) in throw Own() }
        }
    }

    @Test func manyCallsInAllStagesSurviveCancellationAndLoss() async throws {
        // Whatever ends a call, it ends: this test hangs when a continuation is lost, and traps when one is used twice.
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: .timeout(.seconds(2))) {
                client in
                let callers = Task {
                    await withTaskGroup(of: Void.self) { group in
                        for index in 0..<2000 {
                            group.addTask {
                                let task = Task { try? await client.nextID() }
                                if index % 3 == 0 { task.cancel() }
                                _ = await task.value
                            }
                        }
                    }
                }
                let answering = Task { [requests = server.requests] in
                    var count = 0
                    for await call in requests {
                        count += 1
                        switch count % 97 {
                        case 0: call.close()
                        case 1: call.goAway()
                        default: call.answer(UInt64(count))
                        }
                    }
                }
                await callers.value
                answering.cancel()
            }
            _ = requests
        }
    }
}
