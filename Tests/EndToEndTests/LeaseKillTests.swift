import FirnLayout
import Foundation
import Testing

/// Processes that mint on leased workers and their daemons are killed at any moment. Every ID is counted.
@Suite(.serialized) struct LeaseKillTests {
    /// How many times something is killed. `FIRN_KILLS` in the environment changes it; by hand, 200.
    private static let kills = ProcessInfo.processInfo.environment["FIRN_KILLS"].flatMap { Int($0) } ?? 15

    /// So few workers that each is used again and again, and so that some wait for one.
    @Test func holdersAreKilledUnderLoad() throws {
        let text = "time:41ms@2025-01-01T00:00:00Z,worker:3,sequence:12"
        let layout = try Layout(parsing: text)
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--layout", text, "--max-leases", "64", "--shards", "1"]) { daemon in
                let reapers = Reapers(of: daemon.socketPath, singles: 1)
                defer { _ = try? reapers.stop() }
                var all: [LeaseHolder] = []
                var running: [LeaseHolder] = []
                func start() throws -> LeaseHolder {
                    all.append(try LeaseHolder(in: scratch, of: [daemon.socketPath]))
                    return all[all.count - 1]
                }
                for _ in 0..<4 { running.append(try start()) }
                for kill in 0..<Self.kills {
                    let index = kill % running.count
                    // Most have a worker when they are killed, and some wait for one.
                    if kill % 5 != 4 { try running[index].mints(32) }
                    sleep(.microseconds(Int.random(in: 0...100_000)))
                    running[index].kill()
                    running[index] = try start()
                }
                for holder in running {
                    try holder.mints()
                    try holder.close()
                }
                try reapers.stop()
                let harvest = try Harvest.of(all, layout, and: reapers.takeAll())
                let workers = try Set(all.flatMap { try $0.workers(layout) })
                print(
                    "\(Self.kills) kills of holders: \(harvest.count) IDs on \(workers.count) workers, "
                        + "\(harvest.duplicates) duplicates"
                )
                #expect(harvest.duplicates == 0 && harvest.count > Self.kills * 500)
                let fell = all.filter { $0.output.contains(" came after ") }.map(\.output)
                #expect(fell.isEmpty, "\(fell)")
            }
        }
    }

    /// Nobody notices: they extend their leases at the daemon that comes next.
    @Test func theDaemonIsKilledUnderEightHolders() throws {
        try withScratch { scratch in
            func start() throws -> Daemon {
                let daemon = try Daemon(
                    in: scratch,
                    arguments: [
                        "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)",
                        "--max-leases", "64",
                    ]
                )
                try daemon.waitUntilServing()
                return daemon
            }
            var daemon = try start()
            let window = Duration.seconds(6)
            let holders = try (0..<8).map { _ in
                try LeaseHolder(in: scratch, of: [daemon.socketPath], window: window)
            }
            for holder in holders { try holder.mints() }
            let began = ContinuousClock.now
            var kills = 0
            while kills < Self.kills || began.duration(to: .now) < window * 2 {
                sleep(.milliseconds(Int.random(in: 200...1200)))
                daemon.signal(SIGKILL)
                _ = try daemon.waitForExit()
                daemon = try start()
                kills += 1
            }
            for holder in holders {
                try holder.mints()
                try holder.close()
                #expect(holder.noticed.isEmpty, "\(holder.output)")
                #expect(try holder.workers(.snowflake).count == 1, "\(holder.output)")
            }
            let harvest = try Harvest.of(holders, .snowflake)
            print(
                "\(kills) kills of the daemon under \(holders.count) holders: \(harvest.count) IDs, "
                    + "\(harvest.duplicates) duplicates"
            )
            #expect(harvest.duplicates == 0 && harvest.count > 100_000)
        }
    }
}
