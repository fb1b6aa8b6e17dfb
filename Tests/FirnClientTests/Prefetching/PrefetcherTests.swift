import FirnLayout
import NIOPosix
import Testing

@testable import FirnClient

/// A prefetcher over a source that does what a test says.
@Suite(.timeLimit(.minutes(2))) struct PrefetcherTests {
    /// IDs that do not grow old while a test looks at them, and answers that are soon enough however slow they are.
    private static func lasting(_ change: (inout PrefetcherConfiguration) -> Void = { _ in }) -> PrefetcherConfiguration
    {
        var configuration = PrefetcherConfiguration()
        configuration.maximumAge = .seconds(3600)
        change(&configuration)
        return configuration
    }

    private func withPrefetcher(
        _ configuration: PrefetcherConfiguration = Self.lasting(),
        timeout: Duration = .seconds(60),
        source: ScriptedSource,
        _ body: (Prefetcher, inout AsyncStream<ScriptedSource.Call>.Iterator) async throws -> Void
    ) async throws {
        let core = PrefetchCore(
            configuration: configuration.inRange,
            timeout: timeout,
            maximumAsk: 65_536,
            stripes: 1,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        )
        let prefetcher = Prefetcher(core: core, configuration: configuration.inRange)
        let running = Task {
            await core.run { count throws(FirnClientError) in try await source.nextIDs(count: count) }
        }
        var calls = source.calls.makeAsyncIterator()
        do { try await body(prefetcher, &calls) } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        await running.value
        #expect(prefetcher.nextIfAvailable() == nil)
        #expect(await error { () async throws(FirnClientError) in try await prefetcher.next() }?.code == .shutDown)
    }

    @Test func moreIsRequestedBeforeTheBufferIsEmpty() async throws {
        let source = ScriptedSource(servesItself: false)
        try await withPrefetcher(source: source) { prefetcher, calls in
            let first = await calls.next()!
            #expect(first.count == 64 && prefetcher.nextIfAvailable() == nil)
            first.answer()
            try await eventually("the first IDs are there") { prefetcher.availableCount == 64 }
            var ids: [UInt64] = []
            try await eventually("asked while IDs are left") {
                if let id = prefetcher.nextIfAvailable() { ids.append(id.rawValue) }
                return source.counts.count == 2
            }
            #expect((32...48).contains(ids.count))
            // They can be taken while the call is open.
            let second = await calls.next()!
            while let id = prefetcher.nextIfAvailable() { ids.append(id.rawValue) }
            second.answer()
            ids.append(try await prefetcher.next().rawValue)
            #expect(ids == Array(1...UInt64(ids.count)) && ids.count == 65)
        }
    }

    @Test func waitingTasksAreServedInOrderFromTheNextAnswer() async throws {
        try await withPrefetcher(source: ScriptedSource(servesItself: false)) { prefetcher, calls in
            let first = await calls.next()!
            let ids = try await withThrowingTaskGroup(of: FirnID.self) { group in
                for _ in 1...500 { group.addTask { try await prefetcher.next() } }
                try await eventually("all wait") { prefetcher.core.waiterCount == 500 }
                first.answer()
                // 64 were asked for before anyone waited; the next call is for the others too.
                let second = await calls.next()!
                #expect(second.count >= 436)
                second.answer()
                return try await group.reduce(into: []) { $0.append($1.rawValue) }
            }
            #expect(ids.sorted() == Array(1...500))
        }
    }

    @Test func demandMakesTheBufferGrow() async throws {
        let source = ScriptedSource(servesItself: true)
        try await withPrefetcher(source: source) { prefetcher, _ in
            var taken = 0
            try await eventually("ten thousand at a time") {
                for _ in 0..<100_000 where prefetcher.nextIfAvailable() != nil { taken += 1 }
                // The call may be made before its IDs can be taken.
                return taken > 10_000 && (source.counts.max() ?? 0) > 10_000
            }
            #expect(source.counts[0] <= 128)
            #expect(prefetcher.availableCount <= prefetcher.configuration.maximumCount)
        }
    }

    @Test func expiredIDsAreDroppedWithoutARequest() async throws {
        var configuration = PrefetcherConfiguration()
        (configuration.maximumAge, configuration.idleTimeout) = (.milliseconds(20), .zero)
        let source = ScriptedSource(servesItself: true)
        try await withPrefetcher(configuration, source: source) { prefetcher, _ in
            try await eventually("IDs came and went") {
                !source.counts.isEmpty && prefetcher.core.buffer.levels().allSatisfy { $0.left == 0 }
            }
            let calls = source.counts.count
            // Ten times the age in which it could ask again.
            try await Task.sleep(for: .milliseconds(200))
            #expect(source.counts.count == calls)
            // Demand wakes it.
            #expect(prefetcher.nextIfAvailable() == nil)
            try await eventually("a call") { source.counts.count > calls }
        }
    }

    @Test func aSlowUserFindsFreshIDs() async throws {
        var configuration = PrefetcherConfiguration()
        (configuration.maximumAge, configuration.idleTimeout) = (.milliseconds(200), .seconds(600))
        let source = ScriptedSource(servesItself: true)
        try await withPrefetcher(configuration, source: source) { prefetcher, _ in
            // The IDs are replaced several times while nobody takes any.
            try await eventually("replaced") { source.counts.count >= 5 }
            try await eventually("there") { prefetcher.nextIfAvailable() != nil }
            #expect(source.counts.allSatisfy { $0 <= 128 })
        }
    }

    @Test func failuresAreThrownToWaitingTasksAndRefillingRecovers() async throws {
        let source = ScriptedSource(servesItself: true)
        source.setFailure(FirnClientError(code: .unreachable, message: "nobody there"))
        try await withPrefetcher(source: source) { prefetcher, _ in
            for _ in 1...3 {
                let error = await error { () async throws(FirnClientError) in try await prefetcher.next() }
                #expect(error?.code == .unreachable && error?.message == "nobody there")
                #expect(prefetcher.nextIfAvailable() == nil)
            }
            source.setFailure(nil)
            // Without a task that waits.
            try await eventually("an ID") { prefetcher.nextIfAvailable() != nil }
        }
    }

    @Test func aFailureEndsAllWaiting() async throws {
        try await withPrefetcher(source: ScriptedSource(servesItself: false)) { prefetcher, calls in
            let first = await calls.next()!
            async let codes = withTaskGroup(of: FirnClientError.Code?.self) { group in
                for _ in 1...50 {
                    group.addTask {
                        await error { () async throws(FirnClientError) in try await prefetcher.next() }?.code
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            try await eventually("all wait") { prefetcher.core.waiterCount == 50 }
            first.fail(FirnClientError(code: .unavailable, message: "no window", retryAfter: .seconds(100)))
            #expect(await codes == [.unavailable: 50])
            // Told to come back in 100 s, it does not for takes; but it does for who waits.
            #expect(prefetcher.nextIfAvailable() == nil)
            async let id = prefetcher.next()
            await calls.next()!.answer()
            let given = try await id
            #expect(given == FirnID(rawValue: 1))
        }
    }

    @Test func waitingEndsByCancellationAtOnce() async throws {
        try await withPrefetcher(source: ScriptedSource(servesItself: false)) { prefetcher, calls in
            let call = await calls.next()!
            let waiting = Task { await error { () async throws(FirnClientError) in try await prefetcher.next() }?.code }
            try await eventually("it waits") { prefetcher.core.waiterCount == 1 }
            waiting.cancel()
            #expect(await waiting.value == .cancelled && prefetcher.core.waiterCount == 0)
            let cancelledBefore = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await error { () async throws(FirnClientError) in try await prefetcher.next() }?.code
            }
            #expect(await cancelledBefore.value == .cancelled)
            // Its ID is the next one's.
            call.answer()
            let id = try await prefetcher.next()
            #expect(id == FirnID(rawValue: 1))
        }
    }

    @Test func waitingIsBoundedInTime() async throws {
        let source = ScriptedSource(servesItself: false)
        try await withPrefetcher(timeout: .milliseconds(100), source: source) { prefetcher, _ in
            let start = ContinuousClock.now
            let given = await error { () async throws(FirnClientError) in try await prefetcher.next() }
            #expect(given?.code == .timedOut && given?.message.contains("run()") == true)
            #expect(ContinuousClock.now - start >= .milliseconds(100))
        }
    }

    @Test func waitingIsBoundedInNumber() async throws {
        let configuration = Self.lasting { $0.maximumWaiters = 1 }
        let source = ScriptedSource(servesItself: false)
        try await withPrefetcher(configuration, source: source) { prefetcher, calls in
            let call = await calls.next()!
            async let first = prefetcher.next()
            try await eventually("it waits") { prefetcher.core.waiterCount == 1 }
            let second = await error { () async throws(FirnClientError) in try await prefetcher.next() }
            #expect(second?.code == .tooManyCalls && second?.message.contains("maximumWaiters") == true)
            call.answer()
            let given = try await first
            #expect(given == FirnID(rawValue: 1))
        }
    }

    @Test func aSequenceEndsWithTheClient() async throws {
        let source = ScriptedSource(servesItself: true)
        let core = PrefetchCore(
            configuration: Self.lasting().inRange,
            timeout: .seconds(60),
            maximumAsk: 65_536,
            stripes: 1,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        )
        let prefetcher = Prefetcher(core: core, configuration: Self.lasting())
        let running = Task {
            await core.run { count throws(FirnClientError) in try await source.nextIDs(count: count) }
        }
        var ids: [UInt64] = []
        for try await id in prefetcher {
            ids.append(id.rawValue)
            if ids.count == 1000 { running.cancel() }
        }
        #expect(ids.count >= 1000 && Set(ids).count == ids.count)
        await running.value
    }

    @Test func refillingEndsWhenThePrefetcherIsReleased() async throws {
        let source = ScriptedSource(servesItself: true)
        let core = PrefetchCore(
            configuration: Self.lasting().inRange,
            timeout: .seconds(60),
            maximumAsk: 65_536,
            stripes: 1,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        )
        let running = Task {
            let prefetcher = Prefetcher(core: core, configuration: Self.lasting())
            _ = try await prefetcher.next()
        }
        await core.run { count throws(FirnClientError) in try await source.nextIDs(count: count) }
        try await running.value
    }

    @Test func manyTasksAndThreadsGetEachIDOnce() async throws {
        var configuration = PrefetcherConfiguration()
        configuration.maximumAge = .milliseconds(2)
        let source = ScriptedSource(servesItself: true)
        try await withPrefetcher(configuration, source: source) { prefetcher, _ in
            let ids = await withTaskGroup(of: [UInt64].self) { group in
                for task in 0..<16 {
                    group.addTask {
                        var ids: [UInt64] = []
                        while ids.count < 3000 {
                            if task % 2 == 0, let id = prefetcher.nextIfAvailable() {
                                ids.append(id.rawValue)
                            } else if let id = try? await prefetcher.next() {
                                ids.append(id.rawValue)
                            }
                        }
                        return ids
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(ids.count >= 48_000 && Set(ids).count == ids.count)
        }
    }
}
