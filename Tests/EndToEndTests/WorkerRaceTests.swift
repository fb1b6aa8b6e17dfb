import FirnLayout
import FirnWire
import Foundation
import Testing

/// More daemons than workers, all of which want the one there is.
@Suite(.serialized) struct WorkerRaceTests {
    /// Half of them are told its number, half look for any that is free. A killed one's stays taken for a window.
    private static func arguments(_ number: Int) -> [String] {
        ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:0,sequence:12", "--window", "1500ms"]
            + (number % 2 == 0 ? ["--worker", "0"] : [])
    }

    /// 64 race for it; whenever its holder is stopped or killed, exactly one of the others gets it, and goes on above it.
    @Test func of64DaemonsOneHoldsTheWorkerAHundredTimes() throws {
        try Fleet.with(.etcd) { fleet in
            var daemons = try (0..<64).map { try fleet.start($0, Self.arguments($0)) }
            var last = FirnID(rawValue: 0)
            var slowest = Duration.zero
            for round in 1...100 {
                var serving: [Int] = []
                let took = try eventually("one of them serves", every: .milliseconds(30)) {
                    serving = daemons.indices.filter { daemons[$0].serves }
                    return !serving.isEmpty
                }
                slowest = max(slowest, took)
                // What the first of them gave out was within its window; so is what it gives out now.
                // On a machine so busy that it was not extended in time, there is none at the second look.
                #expect(serving.count == 1 && daemons.filter(\.serves).count <= 1, "in round \(round)")
                let holder = try #require(serving.first)
                for id in try take(upTo: 100, from: daemons[holder]) {
                    #expect(id > last, "round \(round): a worker's IDs rise from holder to holder")
                    last = id
                }
                // One in ten is killed, and what is left of its window has to pass.
                daemons[holder].signal(round % 10 == 0 ? SIGKILL : SIGTERM)
                _ = try daemons[holder].waitForExit()
                daemons[holder] = try fleet.start(holder, Self.arguments(holder))
            }
            print("64 daemons, one worker, 100 rounds: the slowest took over within \(slowest)")
        }
    }

    /// By a connection that is closed then: a daemon that stops waits a while for those that are open. Fewer when its window
    /// ends meanwhile.
    private func take(upTo count: Int, from daemon: Daemon) throws -> [FirnID] {
        let peer = try Peer.unix(daemon.socketPath)
        var ids: [FirnID] = []
        while ids.count < count {
            do {
                ids.append(try peer.nextID())
            } catch let status as Status where status.code == .unavailable {
                break
            }
        }
        return ids
    }
}
