import FirnLayout
import FirnLeases
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// Minters in this process, on workers that real daemons lease.
@Suite(.timeLimit(.minutes(5))) struct LeasedMinterTests {
    /// Two workers: one for the daemon, and one to lease.
    private static let narrow = "time:41ms@2025-01-01T00:00:00Z,worker:1,sequence:12"

    private static func arguments(_ layout: String? = nil, maxLeases: Int = 16) -> [String] {
        (layout.map { ["--layout", $0] } ?? []) + ["--max-leases", "\(maxLeases)"]
    }

    private static func start(_ scratch: Scratch, _ arguments: [String]) throws -> Daemon {
        let places = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
        let daemon = try Daemon(in: scratch, arguments: places + arguments)
        try daemon.waitUntilServing()
        return daemon
    }

    /// Runs `body` with a daemon and a client of it.
    private static func withClient<Result>(
        _ arguments: [String],
        _ change: (inout FirnClientConfiguration) -> Void = { _ in },
        _ body: (FirnClient, Daemon, Scratch) async throws -> Result
    ) async throws -> Result {
        try await withScratch { scratch in
            let daemon = try start(scratch, arguments)
            defer { withExtendedLifetime(daemon) {} }
            return try await withFirnClient(address: .unix(path: daemon.socketPath), configuration: calls(change)) {
                try await body($0, daemon, scratch)
            }
        }
    }

    private static func calls(_ change: (inout FirnClientConfiguration) -> Void = { _ in }) -> FirnClientConfiguration {
        var configuration = FirnClientConfiguration()
        configuration.timeout = .seconds(60)
        change(&configuration)
        return configuration
    }

    private static func window(_ window: Duration, timeout: Duration = .seconds(60)) -> MinterConfiguration {
        var configuration = MinterConfiguration()
        configuration.window = window
        configuration.timeout = timeout
        return configuration
    }

    private static func error<Value: Sendable>(of call: () async throws(MinterError) -> Value) async -> MinterError? {
        do {
            _ = try await call()
            return nil
        } catch { return error }
    }

    /// The suite's time limit is the only one.
    private static func eventually(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    // MARK: - Workers that are taken

    @Test func whenAllWorkersAreTakenItSaysSoAndGoesOnOnceOneIsReleased() async throws {
        try await Self.withClient(Self.arguments(Self.narrow)) { client, daemon, _ in
            let first = try await client.minter(configuration: Self.window(.seconds(60)))
            var ids = try await (0..<500).asyncMap { _ in try await first.next().rawValue }
            let worker = try #require(first.worker)
            let second = try await client.minter(configuration: Self.window(.seconds(60), timeout: .milliseconds(50)))
            #expect(second.worker == nil && second.tryNext() == nil && second.timeLeft == .zero)
            let error = await Self.error { () async throws(MinterError) in try await second.next() }
            #expect(error?.code == .unavailable && error?.retryAfter ?? .zero > .zero, "\(error.debugDescription)")
            #expect(error?.message.contains("all 2 workers of the layout") == true, "\(error.debugDescription)")
            // The other one is the daemon's own.
            let peer = try Peer.unix(daemon.socketPath)
            #expect(try peer.describe().workers == [1 - worker])
            ids += try (0..<500).map { _ in try peer.nextID().rawValue }

            ids += try await (0..<500).asyncMap { _ in try await first.next().rawValue }
            await first.close()
            let released = ContinuousClock.now
            try await Self.eventually { second.tryNext().map { ids.append($0.rawValue) } != nil }
            #expect(released.duration(to: .now) < .seconds(30), "not at the end of the lease, which had a minute")
            #expect(second.worker == worker && second.obstacle == nil)
            ids += try await (0..<500).asyncMap { _ in try await second.next().rawValue }
            ids += try (0..<500).map { _ in try peer.nextID().rawValue }
            #expect(Set(ids).count == ids.count && ids.count == 2501)
            await second.close()
        }
    }

    @Test func closingGivesTheWorkerBackAtOnce() async throws {
        try await Self.withClient(Self.arguments(Self.narrow)) { client, _, _ in
            var ids: [UInt64] = []
            var workers: Set<UInt32?> = []
            for _ in 0..<5 {
                let minter = try await client.minter(configuration: Self.window(.seconds(300)))
                workers.insert(minter.worker)
                ids += try await (0..<200).asyncMap { _ in try await minter.next().rawValue }
                await minter.close()
                #expect(minter.tryNext() == nil && minter.obstacle?.code == .closed)
            }
            // Had each waited for the lease before it to end, this would have taken 20 minutes.
            #expect(workers.count == 1 && !workers.contains(nil))
            #expect(zip(ids, ids.dropFirst()).allSatisfy(<) && ids.count == 1000)
        }
    }

    @Test func noMoreAreLeasedThanTheDaemonAllows() async throws {
        try await Self.withClient(Self.arguments(maxLeases: 2)) { client, _, _ in
            let configuration = Self.window(.seconds(60), timeout: .milliseconds(50))
            let two = [
                try await client.minter(configuration: configuration),
                try await client.minter(configuration: configuration),
            ]
            for minter in two { _ = try await minter.next() }
            let third = try await client.minter(configuration: configuration)
            let error = await Self.error { () async throws(MinterError) in try await third.next() }
            #expect(error?.code == .unavailable && error?.retryAfter != nil, "\(error.debugDescription)")
            #expect(error?.message.contains("--max-leases") == true, "\(error.debugDescription)")
            await two[0].close()
            try await Self.eventually { third.tryNext() != nil }
            _ = try await two[1].next()
            await third.close()
            await two[1].close()
        }
    }

    // MARK: - Daemons that lease nothing

    @Test func withoutADaemonThereIsNoMinter() async throws {
        try await withScratch { scratch in
            let address = try FirnAddress.unix(path: scratch.file("none.sock"))
            let calls = Self.calls {
                $0.timeout = .milliseconds(200)
                $0.circuitBreakerTripAfter = .zero
            }
            let error = await withFirnClient(address: address, configuration: calls) { client in
                await Self.error { () async throws(MinterError) in try await client.minter() }
            }
            #expect(error?.code == .unavailable && error?.retryAfter != nil, "\(error.debugDescription)")
            #expect(error?.message.contains("none.sock") == true, "\(error.debugDescription)")
        }
    }

    @Test func aDaemonThatLeasesNoWorkersRefuses() async throws {
        try await Self.withClient(Self.arguments(maxLeases: 0)) { client, _, _ in
            let error = await Self.error { () async throws(MinterError) in try await client.minter() }
            #expect(error?.code == .storeRefused && error?.retryAfter == nil, "\(error.debugDescription)")
            #expect(error?.message.contains("--max-leases") == true, "\(error.debugDescription)")
        }
    }

    @Test func whatCannotBeAskedForIsRefused() async throws {
        try await Self.withClient(Self.arguments() + ["--lease-window", "5s", "--max-lease-window", "10s"]) {
            client,
            _,
            _ in
            func error(_ name: String? = nil, _ change: (inout MinterConfiguration) -> Void) async -> MinterError? {
                var configuration = MinterConfiguration()
                change(&configuration)
                return await Self.error { [configuration] () async throws(MinterError) in
                    try await client.minter(name: name, configuration: configuration)
                }
            }
            let tooLong = await error { $0.window = .seconds(11) }
            #expect(tooLong?.code == .invalidArgument && tooLong?.message.contains("--max-lease-window") == true)
            let chosen = await error { $0.worker = 3 }
            #expect(chosen?.code == .invalidArgument && chosen?.message.contains("any free worker") == true)
            let named = await error("two words") { _ in }
            #expect(named?.code == .invalidArgument && named?.message.contains("'two words'") == true)
            // The longest, where none is asked for and a minute would be too long.
            let minter = try await client.minter()
            #expect((.seconds(1)...(.seconds(10))).contains(minter.timeLeft))
            await minter.close()
        }
    }

    @Test func aTokenMustAllowLeases() async throws {
        try await withScratch { scratch in
            let (with, without) = ("0123456789abcdef-leases", "0123456789abcdef-ids")
            let file = try scratch.write("tokens", "a \(with) leases\nb \(without) ids,tickets,admin\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            let daemon = try Self.start(
                scratch,
                Self.arguments() + ["--listen", "tcp:127.0.0.1:0", "--token-file", file]
            )
            let address = try FirnAddress.tcp(host: "127.0.0.1", port: daemon.tcpPort())
            func refusal(_ token: String?) async -> MinterError? {
                await withFirnClient(address: address, configuration: Self.calls { $0.token = token }) { client in
                    await Self.error { () async throws(MinterError) in
                        let configuration = Self.window(.seconds(60), timeout: .milliseconds(50))
                        return try await client.minter(configuration: configuration).next()
                    }
                }
            }
            #expect(await refusal(with) == nil)
            for token in [without, nil] {
                let error = await refusal(token)
                #expect(error?.code == .storeRefused && error?.retryAfter == nil, "\(error.debugDescription)")
                #expect(error?.message.contains("token") == true, "\(error.debugDescription)")
            }
            withExtendedLifetime(daemon) {}
        }
    }

    // MARK: - Daemons that go away

    /// To the lease's limit, and from when the daemon is back, by itself and on the same worker.
    @Test func withoutItsDaemonItMintsToTheLimitAndGoesOnWhenItIsBack() async throws {
        let arguments = Self.arguments() + ["--worker", "5"]
        try await Self.withClient(arguments) { client, daemon, scratch in
            let minter = try await client.minter(configuration: Self.window(.seconds(6), timeout: .milliseconds(50)))
            var ids = [try await minter.next().rawValue]
            let worker = minter.worker
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
            var left = minter.timeLeft
            #expect((.zero...(.seconds(6))).contains(left))
            while left > .milliseconds(100) {
                guard let id = minter.tryNext() else { throw TestFailure("it mints nothing, and \(left) were left") }
                ids.append(id.rawValue)
                try await Task.sleep(for: .milliseconds(5))
                #expect(minter.timeLeft < left, "nobody extends it")
                left = minter.timeLeft
            }
            try await Self.eventually { minter.timeLeft == .zero }
            let error = await Self.error { () async throws(MinterError) in try await minter.next() }
            #expect(error?.code == .unavailable && error?.retryAfter != nil, "\(error.debugDescription)")
            #expect(error?.message.contains("ended at") == true, "\(error.debugDescription)")
            #expect(minter.tryNext() == nil && minter.obstacle?.code == .unavailable)

            let again = try Self.start(scratch, arguments)
            try await Self.eventually { minter.tryNext().map { ids.append($0.rawValue) } != nil }
            #expect(minter.worker == worker && minter.obstacle == nil)
            for _ in 0..<100 { ids.append(try await minter.next().rawValue) }
            #expect(zip(ids, ids.dropFirst()).allSatisfy(<))
            await minter.close()
            withExtendedLifetime(again) {}
        }
    }

    /// The tick that would come next has no number.
    @Test func itMintsToTheLayoutsEndAndNoFurther() async throws {
        // 65.536 seconds, of which eight are left.
        let epoch = Int(Date().timeIntervalSince1970 * 1000) + 8000 - 65_536
        let text = "time:16ms@\(epoch),worker:10,sequence:12"
        let layout = try Layout(parsing: text)
        try await Self.withClient(Self.arguments(text)) { client, _, _ in
            let minter = try await client.minter(configuration: Self.window(.seconds(60), timeout: .milliseconds(50)))
            var ids: [UInt64] = []
            var last: MinterError?
            while last == nil {
                do throws(MinterError) {
                    ids.append(try await minter.next().rawValue)
                } catch {
                    last = error
                }
            }
            #expect(last?.code == .ended && last?.retryAfter == nil, "\(last.debugDescription)")
            #expect(last?.message.contains("ended at") == true)
            #expect(minter.tryNext() == nil && minter.obstacle?.code == .ended && minter.timeLeft == .zero)
            #expect(zip(ids, ids.dropFirst()).allSatisfy(<))
            let time = layout.decode(FirnID(rawValue: try #require(ids.last))).time
            #expect(time.map { $0 > 65_000 } == true, "the last is of \(time ?? 0), and 65,535 is the last tick")
            #expect(ids.allSatisfy { layout.decode(FirnID(rawValue: $0)).time! >= 57_000 }, "it did not wrap")
            await minter.close()
            let error = await Self.error { () async throws(MinterError) in try await client.minter() }
            #expect(error?.code == .ended, "\(error.debugDescription)")
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
