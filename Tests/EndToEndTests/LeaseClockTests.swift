import FirnClient
import FirnEngine
import FirnLayout
import FirnLeases
import FirnMinter
import FirnStore
import FirnWire
import Foundation
import Synchronization
import Testing

/// Minters on leased workers whose host's clock is set, beside one whose clock is right.
@Suite(.timeLimit(.minutes(5))) struct LeaseClockTests {
    /// The system's clocks, with a wall clock that a test sets.
    private final class SettableSource: TimeSource {
        private let offset = Atomic<Int64>(0)

        func set(by step: Duration) { offset.wrappingAdd(step.nanoseconds, ordering: .relaxed) }

        func wallNanoseconds() -> Int64 {
            SystemTimeSource().wallNanoseconds() + offset.load(ordering: .relaxed)
        }

        func bootNanoseconds() -> Int64 { SystemTimeSource().bootNanoseconds() }
    }

    /// As ``FirnClient/minter(name:configuration:)`` makes it, with another clock.
    private static func minter(_ client: FirnClient, _ layout: Layout, _ source: any TimeSource) async -> Minter {
        var configuration = MinterConfiguration()
        configuration.timeout = .milliseconds(50)
        let clock = TickClock(layout: layout, source: source)
        let workers = LeasedWorkers(
            calls: DaemonLeases(
                client: client,
                lessee: LeaseCall.Beginning(name: Name("clock")!),
                layout: layout,
                timeout: .seconds(1)
            ),
            maximumWorker: UInt32(layout.maximumWorker),
            maximumTick: Space.endTick(of: layout) - 1,
            windowTicks: configuration.windowTicks(.seconds(2), clock)
        )
        return await withCheckedContinuation { continuation in
            Thread { [configuration] in
                continuation.resume(
                    returning: Minter(
                        OpenedMinter(claims: workers, layout: layout, clock: clock, configuration: configuration)
                    )
                )
            }
            .start()
        }
    }

    /// So few workers that they take each other's as soon as one seems free.
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:12"

    @Test(arguments: [1, -1]) func aClockThatIsSetByAnHourCostsNoDuplicate(_ direction: Int) async throws {
        let layout = try Layout(parsing: Self.layout)
        try await withScratch { scratch in
            let daemon = try Daemon(
                in: scratch,
                arguments: [
                    "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)",
                    "--layout", Self.layout, "--max-leases", "16",
                ]
            )
            try daemon.waitUntilServing()
            try await withFirnClient(address: .unix(path: daemon.socketPath)) { client in
                let source = SettableSource()
                let set = await Self.minter(client, layout, source)
                let right = await Self.minter(client, layout, SystemTimeSource())
                var (last, ids): (UInt64, [UInt64]) = (0, [])
                func mint(for time: Duration) async throws -> Int {
                    var count = 0
                    let end = ContinuousClock.now + time
                    while ContinuousClock.now < end {
                        for _ in 0..<20 {
                            if let id = right.tryNext() { ids.append(id.rawValue) }
                            guard let id = set.tryNext()?.rawValue else { continue }
                            #expect(id > last)
                            (last, count) = (id, count + 1)
                            ids.append(id)
                        }
                        try await Task.sleep(for: .milliseconds(2))
                    }
                    return count
                }
                var first = 0
                for _ in 0..<60 where first == 0 { first = try await mint(for: .seconds(1)) }
                #expect(first > 0)
                source.set(by: .seconds(3600 * direction))
                let meanwhile = try await mint(for: .seconds(4))
                print(
                    "set by \(direction) h: \(meanwhile) IDs, obstacle: \(set.obstacle.map { "\($0)" } ?? "none")"
                )
                source.set(by: .seconds(-3600 * direction))
                let after = try await mint(for: .seconds(4))
                print("and set right: \(after) IDs, obstacle: \(set.obstacle.map { "\($0)" } ?? "none")")
                // One that is behind goes on; one that was ahead has to wait, as time never falls in it.
                #expect(direction > 0 || (meanwhile > 0 && after > 0))
                let times = ids.map { layout.decode(FirnID(rawValue: $0)).time! }
                let now = layout.tick(atUnixNanoseconds: SystemTimeSource().wallNanoseconds())!
                // A lease is no longer than the daemon's clock allows.
                #expect(times.allSatisfy { $0 < now + 310_000 && $0 > now - 60_000 })
                #expect(Set(ids).count == ids.count)
                await set.close()
                await right.close()
            }
            withExtendedLifetime(daemon) {}
        }
    }
}
