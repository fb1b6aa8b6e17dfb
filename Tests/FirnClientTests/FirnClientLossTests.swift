import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// The client against daemons that break, hang, leave, or are none.
@Suite(.timeLimit(.minutes(1))) struct FirnClientLossTests {
    @Test func aCallWhoseConnectionBrokeIsMadeAgain() async throws {
        try await withServer { client, requests in
            async let id = client.nextID()
            let first = await requests.next()!
            // Half an answer is none.
            first.send(bytes: [0, 0, 0, 14, 8])
            first.close()
            let second = await requests.next()!
            #expect(second.connection == 2 && second.request.callID == first.request.callID)
            second.answer(5)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 5))
        }
    }

    @Test func aCallThatBreaksEveryConnectionFailsInTheEnd() async throws {
        var configuration = FirnClientConfiguration.patient
        configuration.maximumBackoff = .milliseconds(10)
        try await withServer(configuration) { client, requests in
            async let error = error { () async throws(FirnClientError) in try await client.nextID() }
            for _ in 0...PoolStateMachine.maximumBreaks { await requests.next()!.close() }
            #expect(await error?.code == .connectionClosed)
        }
    }

    @Test func theNextCallConnectsAgainAfterALoss() async throws {
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: .patient) { client in
                async let first = client.nextID()
                let call = await requests.next()!
                call.answer(1)
                _ = try await first
                call.close()
                await server.connectionClosed()
                async let second = client.nextID()
                let next = await requests.next()!
                next.answer(2)
                let givenSecond = try await second
                #expect(givenSecond == FirnID(rawValue: 2) && next.connection == 2)
            }
        }
    }

    @Test func afterGoAwayOpenCallsEndAndNewOnesUseANewConnection() async throws {
        try await ScriptedServer.run { server, requests in
            try await withFirnClient(address: .unix(path: server.path), configuration: .patient) { client in
                async let old = client.nextID()
                let open = await requests.next()!
                open.goAway()
                // GOAWAY and the next call cross: until the client has read it, calls still come on the old connection.
                var new: ScriptedServer.Received
                repeat {
                    async let id = client.nextID()
                    new = await requests.next()!
                    new.answer(2)
                    let givenId = try await id
                    #expect(givenId == FirnID(rawValue: 2))
                } while new.connection == 1
                open.answer(1)
                let givenOld = try await old
                #expect(givenOld == FirnID(rawValue: 1))
                await server.connectionClosed()
            }
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0],  // A frame of no length.
            [0, 32, 0, 1, 8],  // One byte over the limit of 2 MiB.
            [0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0, 0, 2, 0xFF, 0xFF],  // No message.
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
        ] as [[UInt8]]
    )
    func garbageIsAnErrorAndTheNextCallConnectsAgain(bytes: [UInt8]) async throws {
        try await withServer { client, requests in
            async let error = error { () async throws(FirnClientError) in try await client.nextID() }
            await requests.next()!.send(bytes: bytes)
            #expect(await error?.code == .protocolViolation)
            async let id = client.nextID()
            let next = await requests.next()!
            next.answer(3)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 3) && next.connection == 2)
        }
    }

    @Test func aRefusedConnectionSaysWhatTheDaemonSaid() async throws {
        try await withServer { client, requests in
            async let error = error { () async throws(FirnClientError) in try await client.nextID() }
            let call = await requests.next()!
            call.refuseConnection(Status(.resourceExhausted, "too many connections"))
            call.close()
            let given = await error
            #expect(given?.code == .resourceExhausted && given?.message == "too many connections")
        }
    }

    @Test func aDaemonThatNeverAnswersIsTimedOutAndReplaced() async throws {
        try await withServer(.timeout(.seconds(3))) { client, requests in
            // Once there is a connection, what follows waits for the daemon only, and not for a busy machine.
            async let first = client.nextID(timeout: .seconds(20))
            await requests.next()!.answer(1)
            _ = try await first
            let start = ContinuousClock.now
            let error = await error { () async throws(FirnClientError) in try await client.nextID() }
            #expect(error?.code == .timedOut && error?.message.contains("without an answer") == true)
            #expect(ContinuousClock.now - start >= .seconds(3))
            let silent = await requests.next()!
            #expect((1...3000).contains(silent.request.timeoutMilliseconds) && silent.connection == 1)
            async let next = client.nextID(timeout: .seconds(20))
            let call = await requests.next()!
            call.answer(2)
            _ = try await next
            #expect(call.connection == 2)
        }
    }

    @Test func aLateAnswerIsDropped() async throws {
        try await withServer { client, requests in
            // Once there is a connection, what follows waits for the daemon only, and not for a busy machine.
            async let first = client.nextID()
            await requests.next()!.answer(7)
            _ = try await first
            async let slow = error { () async throws(FirnClientError) in
                try await client.nextID(timeout: .seconds(3))
            }
            let slowCall = await requests.next()!
            async let quick = client.nextID()
            await requests.next()!.answer(1)
            _ = try await quick
            #expect(await slow?.code == .timedOut)
            async let next = client.nextID()
            let nextCall = await requests.next()!
            slowCall.answer(2)
            nextCall.answer(3)
            let givenNext = try await next
            #expect(givenNext == FirnID(rawValue: 3) && nextCall.connection == 1)
        }
    }

    @Test func aSocketWithoutADaemonIsUnreachable() async throws {
        let path = ScriptedServer.newPath()
        try await withFirnClient(address: .unix(path: path), configuration: .impatient) { client in
            for _ in 1...20 {
                let error = await error { () async throws(FirnClientError) in try await client.nextID() }
                #expect(error?.code == .unreachable && error?.message.contains(path) == true && error?.cause != nil)
            }
            // The daemon comes up, and is found within the longest pause.
            let server = try await ScriptedServer(path: path)
            let answering = Task {
                for await call in server.requests { call.answer(9) }
            }
            var id: FirnID?
            while id == nil {
                id = try? await client.nextID()
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(id == FirnID(rawValue: 9))
            answering.cancel()
            await server.stop()
        }
    }

    @Test func callsWaitForADaemonThatComesUp() async throws {
        let path = ScriptedServer.newPath()
        try await withFirnClient(address: .unix(path: path), configuration: .patient) { client in
            async let id = client.nextID()
            try await Task.sleep(for: .milliseconds(50))
            let server = try await ScriptedServer(path: path)
            var requests = server.requests.makeAsyncIterator()
            await requests.next()!.answer(9)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 9))
            await server.stop()
        }
    }

    @Test func aTimeoutWithoutADaemonSaysSo() async throws {
        let path = ScriptedServer.newPath()
        for coalescing in [false, true] {
            var configuration = FirnClientConfiguration.timeout(.milliseconds(200))
            configuration.coalescesCalls = coalescing
            try await withFirnClient(address: .unix(path: path), configuration: configuration) { client in
                // On a busy machine `run()` may not have begun in time, and the first calls are told that.
                try await eventually {
                    let error = await error { () async throws(FirnClientError) in try await client.nextID() }
                    return error?.code == .unreachable && error?.message.contains(path) == true
                }
            }
        }
    }

    @Test func manyCallsWithoutADaemonAllEnd() async throws {
        let address = try FirnAddress.unix(path: ScriptedServer.newPath())
        await withFirnClient(address: address, configuration: .impatient) { client in
            await withTaskGroup(of: FirnClientError.Code?.self) { group in
                for _ in 1...500 {
                    group.addTask {
                        await error { () async throws(FirnClientError) in try await client.nextID() }?.code
                    }
                }
                for await code in group { #expect(code == .unreachable) }
            }
        }
    }

    @Test func aTCPPortWithoutADaemonIsUnreachable() async throws {
        try await withFirnClient(address: .tcp(host: "127.0.0.1", port: 1), configuration: .impatient) { client in
            let error = await error { () async throws(FirnClientError) in try await client.nextID() }
            #expect(error?.code == .unreachable && error?.message.contains("tcp:127.0.0.1:1") == true)
        }
    }
}
