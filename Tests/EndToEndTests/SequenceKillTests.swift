import FirnStore
import FirnWire
import Foundation
import Testing

/// SIGKILL at any moment of taking tickets and prefixes: no value comes twice, and what is lost is what was reserved.
@Suite(.serialized) struct SequenceKillTests {
    private static let block: UInt64 = 64
    /// What a daemon holds or has under way is less than two blocks, each of the fixed size or what the calls that wait
    /// want (16 singles, a batch of 50 and a pair); and the answers of one wake-up may die with it.
    private static let mostLost = 2 * (block + 8) + 70

    @Test func killedUnderLoadAndStartedAgain() throws {
        try withScratch { scratch in
            let (orders, service) = (Name("orders")!, Name("ServiceA")!)
            let takers = TicketTakers(of: scratch.file("firn.sock"), tickets: orders, service: service)
            defer { _ = try? takers.stop() }
            var tallies = ["orders": SequenceTally(), "ServiceA": SequenceTally()]
            var timesToServe: [Double] = []
            let began = ContinuousClock.now
            for kill in 1...KillTests.kills {
                let daemon = try Self.start(in: scratch, name: "firn")
                try withExtendedLifetime(daemon) {
                    timesToServe.append(try Self.timeToServe(daemon).milliseconds)
                    sleep(.microseconds(Int.random(in: 0...60_000)))
                    daemon.signal(SIGKILL)
                    _ = try daemon.waitForExit()
                }
                try takers.haveNoticed()
                let taken = try takers.takeAll()
                for name in tallies.keys { tallies[name]!.add(taken[name] ?? []) }
                if kill % 20 == 0 || kill == KillTests.kills {
                    Self.report(kill, of: KillTests.kills, tallies.values.map { $0 })
                }
            }
            try takers.stop()
            let took = began.duration(to: .now)
            let middle = timesToServe.sorted()[timesToServe.count / 2]
            print(
                "giving tickets again after a kill: p50 \(String(format: "%.1f", middle)) ms; "
                    + "\(KillTests.kills) kills in \(String(format: "%.1f", took.milliseconds / 1000)) s"
            )
            for (name, tally) in tallies {
                #expect(tally.duplicates == 0, "\(name)")
                #expect(tally.fallen == 0, "\(name)")
                #expect(tally.largestGap <= Self.mostLost, "\(name): \(tally.largestGap) lost by one kill")
                #expect(tally.count > KillTests.kills, "\(name)")
            }
            #expect(middle < KillTests.bound, "from exec to the first ticket")
        }
    }

    /// Two daemons that take from one sequence of one file, each killed again and again.
    @Test func twoDaemonsOnOneStore() throws {
        try withScratch { scratch in
            let names = ["a", "b"]
            let takers = names.map {
                TicketTakers(of: scratch.file($0 + ".sock"), tickets: Name("orders")!, service: Name("ServiceA")!)
            }
            defer { takers.forEach { _ = try? $0.stop() } }
            var daemons = try names.map { try Self.start(in: scratch, name: $0) }
            var taken: [String: [UInt64]] = [:]
            let kills = max(2, KillTests.kills / 5)
            for kill in 0..<kills {
                let index = kill % 2
                _ = try Self.timeToServe(daemons[index])
                sleep(.microseconds(Int.random(in: 0...60_000)))
                daemons[index].signal(SIGKILL)
                _ = try daemons[index].waitForExit()
                daemons[index] = try Self.start(in: scratch, name: names[index])
            }
            for daemon in daemons {
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            for taker in takers {
                try taker.stop()
                taken.merge(try taker.takeAll()) { $0 + $1 }
            }
            for (name, values) in taken {
                var tally = SequenceTally()
                tally.add(values)
                print("two daemons, \(kills) kills: \(values.count) of \(name), \(tally.duplicates) duplicates")
                #expect(tally.duplicates == 0, "\(name)")
                let lost = (values.max() ?? 0) - UInt64(values.count)
                #expect(lost <= UInt64(kills + 2) * Self.mostLost, "\(name): \(lost) lost")
            }
            #expect(taken.count == 2)
        }
    }

    private static func start(in scratch: Scratch, name: String) throws -> Daemon {
        try Daemon(
            in: scratch,
            name: name,
            arguments: KillTests.manyWorkers + [
                "--listen", "unix:\(scratch.file(name + ".sock"))", "--store", "sqlite:\(scratch.store)",
                "--sequence-block", "\(block)",
            ]
        )
    }

    /// From before the process was made until a client has its first ticket.
    private static func timeToServe(_ daemon: Daemon) throws -> Duration {
        let watch = Stopwatch(sinceTheStartOf: daemon)
        try eventually("it gives tickets; it says: \(daemon.log)", every: .microseconds(500)) {
            if let ending = daemon.reap() { throw TestFailure("firnd ended with \(ending): \(daemon.log)") }
            guard let peer = try? Peer.unix(daemon.socketPath) else { return false }
            // Of a sequence of its own, whose values nobody counts.
            return (try? peer.nextTickets("probe", 1)) != nil
        }
        return watch.elapsed
    }

    private static func report(_ kill: Int, of kills: Int, _ tallies: [SequenceTally]) {
        let count = tallies.reduce(0) { $0 + $1.count }
        let duplicates = tallies.reduce(0) { $0 + $1.duplicates + $1.fallen }
        let gap = tallies.map(\.largestGap).max() ?? 0
        print("kill \(kill)/\(kills): \(count) values, \(duplicates) duplicates, at most \(gap) lost by one kill")
    }
}

/// Values of one sequence as clients got them, round by round.
struct SequenceTally {
    private(set) var count = 0
    private(set) var duplicates = 0
    /// Values that were not above all of earlier rounds.
    private(set) var fallen = 0
    /// Values between those that a round gave, or between it and the round before, that nobody got; per kill.
    private(set) var largestGap: UInt64 = 0
    private var highest: UInt64 = 0
    /// Since a value came: a daemon may be killed before it gave one, and its blocks are lost like the others.
    private var rounds: UInt64 = 0

    /// Counts all that any client got between a daemon's start and its end.
    mutating func add(_ round: [UInt64]) {
        rounds += 1
        guard !round.isEmpty else { return }
        defer { rounds = 0 }
        let values = Set(round)
        count += round.count
        duplicates += round.count - values.count
        fallen += values.count { $0 <= highest }
        let top = values.max()!
        let gap = top > highest ? top - highest - UInt64(values.count { $0 > highest }) : 0
        largestGap = max(largestGap, gap / rounds)
        highest = max(highest, top)
    }
}
