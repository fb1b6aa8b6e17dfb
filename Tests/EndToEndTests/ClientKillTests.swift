import FirnClient
import FirnLayout
import Foundation
import Synchronization
import Testing

/// The client library while its daemon is killed and started again: whoever calls it notices nothing but time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ClientKillTests {
    static let kills = 20
    static let tasks = 64

    /// How soon after the daemon serves again a task has an ID again. The promise is a second, on a machine of one's own;
    /// a debug build on a busy one is given five.
    private static let bound = Duration.seconds(5)

    @Test(arguments: [false, true])
    func noCallFailsAndNoIDComesTwice(coalescing: Bool) async throws {
        let scratch = try Scratch()
        var configuration = FirnClientConfiguration()
        configuration.coalescesCalls = coalescing
        // Longer than a daemon's restart on a machine that does much else. No call should need it.
        configuration.timeout = .seconds(60)
        configuration.circuitBreakerTripAfter = .seconds(60)
        let address = try FirnAddress.unix(path: scratch.file("firn.sock"))
        let takers = Takers()
        var slowest = Duration.zero
        try await withFirnClient(address: address, configuration: configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<Self.tasks { group.addTask { try await takers.take(index, from: client) } }
                do {
                    for _ in 1...Self.kills {
                        let daemon = try Self.start(in: scratch)
                        try await Self.waitUntilServing(daemon, at: address)
                        slowest = max(slowest, try await takers.allHaveTaken())
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...50)))
                        daemon.signal(SIGKILL)
                        _ = try daemon.waitForExit()
                    }
                    let last = try Self.start(in: scratch)
                    try await Self.waitUntilServing(last, at: address)
                    slowest = max(slowest, try await takers.allHaveTaken())
                    takers.stop()
                    // Every task ends by itself: none hangs on a call that was lost.
                    try await group.waitForAll()
                    last.signal(SIGKILL)
                    _ = try last.waitForExit()
                } catch {
                    takers.stop()
                    group.cancelAll()
                    throw error
                }
            }
        }
        let ids = takers.all
        print("\(ids.count) IDs over \(Self.kills) kills; the slowest task had one \(slowest) after the daemon served")
        #expect(Set(ids).count == ids.count)
        #expect(ids.count > Self.kills * Self.tasks)
        #expect(slowest < Self.bound)
    }

    @Test func callsMoveBetweenTwoDaemonsThatAreKilledInTurn() async throws {
        let scratch = try Scratch()
        var configuration = FirnClientConfiguration()
        configuration.timeout = .seconds(60)
        configuration.failbackInterval = .milliseconds(50)
        let names = ["a", "b"]
        let addresses = try names.map { try FirnAddress.unix(path: scratch.file($0 + ".sock")) }
        var daemons = try names.map { try Self.start(in: scratch, name: $0) }
        for (daemon, address) in zip(daemons, addresses) { try await Self.waitUntilServing(daemon, at: address) }
        let takers = Takers()
        try await withFirnClient(addresses: addresses, configuration: configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<Self.tasks { group.addTask { try await takers.take(index, from: client) } }
                do {
                    for kill in 0..<Self.kills {
                        let index = kill % 2
                        daemons[index].signal(SIGKILL)
                        _ = try daemons[index].waitForExit()
                        _ = try await takers.allHaveTaken()
                        daemons[index] = try Self.start(in: scratch, name: names[index])
                        try await Self.waitUntilServing(daemons[index], at: addresses[index])
                    }
                    takers.stop()
                    try await group.waitForAll()
                } catch {
                    takers.stop()
                    group.cancelAll()
                    throw error
                }
            }
        }
        for daemon in daemons {
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
        }
        let ids = takers.all
        #expect(Set(ids).count == ids.count && ids.count > Self.kills * Self.tasks)
    }

    private static func start(in scratch: Scratch, name: String = "firn") throws -> Daemon {
        let places = ["--listen", "unix:\(scratch.file(name + ".sock"))", "--store", "sqlite:\(scratch.store)"]
        return try Daemon(in: scratch, name: name, arguments: places + KillTests.manyWorkers)
    }

    /// Until a client of its own has an ID; the daemon says earlier that it serves.
    private static func waitUntilServing(_ daemon: Daemon, at address: FirnAddress) async throws {
        var configuration = FirnClientConfiguration()
        configuration.circuitBreakerTripAfter = .zero
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if let ending = daemon.reap() { throw TestFailure("firnd ended with \(ending): \(daemon.log)") }
            let isServing = await withFirnClient(address: address, configuration: configuration) { client in
                (try? await client.nextID()) != nil
            }
            if isServing { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw TestFailure("firnd does not serve: \(daemon.log)")
    }
}

/// Tasks that take one ID after the other, and keep them.
private final class Takers: Sendable {
    private struct Basket {
        var ids: [UInt64] = []
        /// How many each task took.
        var counts: [Int: Int] = [:]
    }

    private let basket = Mutex(Basket())
    private let stops = Atomic(false)

    func take(_ index: Int, from client: FirnClient) async throws {
        while !stops.load(ordering: .relaxed) {
            do throws(FirnClientError) {
                let id = try await client.nextID()
                basket.withLock { basket in
                    basket.ids.append(id.rawValue)
                    basket.counts[index, default: 0] += 1
                }
            } catch {
                // A daemon that has just come up may have no window for the first calls, and says so.
                guard error.code == .unavailable else { throw error }
            }
            // So that what there is to compare stays small.
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Waits until each task took two more, the first of which may have been on its way already.
    ///
    /// - Returns: how long that took.
    func allHaveTaken() async throws -> Duration {
        let start = ContinuousClock.now
        let before = basket.withLock { $0.counts }
        while true {
            let isDone = basket.withLock { basket in
                (0..<ClientKillTests.tasks).allSatisfy { basket.counts[$0, default: 0] >= before[$0, default: 0] + 2 }
            }
            let took = ContinuousClock.now - start
            if isDone { return took }
            guard took < .seconds(30) else { throw TestFailure("not every task has an ID \(took) later") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    func stop() {
        stops.store(true, ordering: .relaxed)
    }

    var all: [UInt64] { basket.withLock { $0.ids } }
}
