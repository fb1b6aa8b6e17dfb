import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// The client against a scripted daemon behind a real socket.
@Suite(.timeLimit(.minutes(1))) struct FirnClientTests {
    @Test func takesAnIDBatchAndDescription() async throws {
        try await withServer { client, requests in
            async let id = client.nextID()
            let single = await requests.next()!
            #expect(single.request.method == .nextID && (1_000...60_000).contains(single.request.timeoutMilliseconds))
            single.answer(42)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 42))

            async let ids = client.nextIDs(count: 3)
            let batch = await requests.next()!
            #expect(batch.request.method == .nextBatch(count: 3))
            batch.answer([
                Run(first: FirnID(rawValue: 50), count: 2, stride: 5),
                Run(first: FirnID(rawValue: 90), count: 1, stride: 1),
            ])
            let givenIds = try await ids
            #expect(givenIds.map(\.rawValue) == [50, 55, 90])

            async let description = client.daemonDescription()
            let describe = await requests.next()!
            describe.describe(.sample)
            let givenDescription = try await description
            #expect(givenDescription == FirnDaemonDescription(.sample))
            #expect(describe.connection == 1)
        }
    }

    @Test func aLargeBatchIsSeveralCalls() async throws {
        try await withServer { client, requests in
            async let ids = client.nextIDs(count: 70_000)
            for (index, count) in [UInt32(65_536), 4464].enumerated() {
                let call = await requests.next()!
                #expect(call.request.method == .nextBatch(count: count))
                // The longest answer there is: every ID a run of its own.
                let first = UInt64(index) << 32
                call.answer(
                    (0..<UInt64(count)).map { Run(first: FirnID(rawValue: first + $0 * 7), count: 1, stride: 1) }
                )
            }
            let given = try await ids
            #expect(given.count == 70_000 && given.last == FirnID(rawValue: 1 << 32 + 4463 * 7))
        }
    }

    @Test func countsBelowOneAreRefusedByTheClient() async throws {
        try await withServer { client, _ in
            for count in [0, -1, Int.min] {
                let error = await error { () async throws(FirnClientError) in try await client.nextIDs(count: count) }
                #expect(error?.code == .invalidArgument && error?.message.contains("\(count)") == true)
            }
        }
    }

    @Test func answersOutOfOrderFindTheirCallers() async throws {
        try await withServer { client, requests in
            try await withThrowingTaskGroup(of: (Int, FirnIDBatch).self) { group in
                for count in 1...50 { group.addTask { (count, try await client.nextIDs(count: count)) } }
                var calls: [ScriptedServer.Received] = []
                while calls.count < 50 { calls.append(await requests.next()!) }
                for call in calls.shuffled() {
                    guard case .nextBatch(let count) = call.request.method else { continue }
                    call.answer([Run(first: FirnID(rawValue: UInt64(count)), count: count, stride: 1)])
                }
                for try await (count, ids) in group {
                    #expect(ids.count == count && ids.first == FirnID(rawValue: UInt64(count)))
                }
            }
        }
    }

    @Test func aThousandCallsAtOnceShareFewConnections() async throws {
        try await withServer { client, requests in
            try await withThrowingTaskGroup(of: FirnID?.self) { group in
                for _ in 1...1000 { group.addTask { try await client.nextID() } }
                var calls: [ScriptedServer.Received] = []
                while calls.count < 1000 { calls.append(await requests.next()!) }
                for (index, call) in calls.enumerated() { call.answer(UInt64(index)) }
                let ids = try await group.reduce(into: Set<FirnID>()) { $0.insert($1!) }
                #expect(ids.count == 1000 && Set(calls.map(\.connection)).isSubset(of: 1...4))
            }
        }
    }

    @Test func errorsCarryWhatTheDaemonSaid() async throws {
        let codes: [(Status.Code, FirnClientError.Code)] = [
            (.invalidArgument, .invalidArgument), (.deadlineExceeded, .timedOut),
            (.permissionDenied, .permissionDenied),
            (.resourceExhausted, .resourceExhausted), (.failedPrecondition, .failedPrecondition),
            (.unimplemented, .unimplemented), (.internal, .internal), (.unavailable, .unavailable),
        ]
        try await withServer { client, requests in
            for (status, code) in codes {
                async let error = error { () async throws(FirnClientError) in try await client.nextID() }
                await requests.next()!.answer(Status(status, "said \(status)", retryAfterMilliseconds: 70))
                let given = await error
                #expect(given?.code == code && given?.message == "said \(status)")
                #expect(given?.retryAfter == .milliseconds(70))
            }
            async let unnamed = error { () async throws(FirnClientError) in try await client.nextID() }
            await requests.next()!.answer(Status(Status.Code(rawValue: 99), ""))
            #expect(await unnamed?.code.status == 99)
        }
    }

    @Test func cancellationIsPromptAndLeavesTheConnectionUsable() async throws {
        try await withServer { client, requests in
            let task = Task { try await client.nextID() }
            let cancelled = await requests.next()!
            let start = ContinuousClock.now
            task.cancel()
            let result = await task.result
            let error = #expect(throws: FirnClientError.self) { try result.get() }
            #expect(error?.code == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(5), "not after the timeout")
            async let id = client.nextID()
            let next = await requests.next()!
            cancelled.answer(1)
            next.answer(2)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 2))
            #expect(next.connection == 1)
        }
    }

    @Test func aCancelledTaskMakesNoCall() async throws {
        try await withServer { client, requests in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await error { () async throws(FirnClientError) in try await client.nextID() }
            }
            #expect(await task.value?.code == .cancelled)
            async let id = client.nextID()
            let first = await requests.next()!
            first.answer(7)
            let givenId = try await id
            #expect(givenId == FirnID(rawValue: 7))
        }
    }

    @Test func aCallBehindAFullConnectionWaitsAndTheNextIsRefused() async throws {
        var configuration = FirnClientConfiguration.patient
        configuration.maximumCallsInFlight = 1
        configuration.maximumWaitingCalls = 0
        configuration.maximumConnectionHardLimit = 1
        try await withServer(configuration) { client, requests in
            async let first = client.nextID()
            let call = await requests.next()!
            #expect(
                await error { () async throws(FirnClientError) in try await client.nextID() }?.code == .tooManyCalls
            )
            call.answer(1)
            let givenFirst = try await first
            #expect(givenFirst == FirnID(rawValue: 1))
        }
    }
}

/// Runs a client of a scripted server; the timeout is so long that whoever waits for it fails the test.
func withServer(
    _ configuration: FirnClientConfiguration = .patient,
    _ body: (FirnClient, inout AsyncStream<ScriptedServer.Received>.Iterator) async throws -> Void
) async throws {
    try await ScriptedServer.run { server, requests in
        try await withFirnClient(address: .unix(path: server.path), configuration: configuration) { client in
            try await body(client, &requests)
        }
    }
}
