import FirnLayout
import FirnWire
import Foundation
import Testing

/// SIGKILL of a daemon or its store at any moment: what was given out before is never given out again.
@Suite(.serialized) struct KillTests {
    /// How many times the daemon is killed. `FIRN_KILLS` in the environment changes it.
    static let kills = ProcessInfo.processInfo.environment["FIRN_KILLS"].flatMap { Int($0) } ?? 200

    /// So few workers that each is used many times over, and enough that one is free: a dead daemon's stays taken until
    /// its window has passed.
    static let manyWorkers = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:7,sequence:12"]

    /// So few that two daemons would often meet on one, if they could.
    static let fewWorkers = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:4,sequence:12", "--window", "300ms"]

    @Test func killedUnderLoadAndStartedAgain() throws {
        try withScratch { scratch in
            var harvest = Harvest(layout: try Layout(parsing: Self.manyWorkers[1]))
            let reapers = Reapers(of: scratch.file("firn.sock"))
            defer { _ = try? reapers.stop() }
            var timesToServe: [Double] = []
            let began = ContinuousClock.now
            for kill in 1...Self.kills {
                let places = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
                let daemon = try Daemon(in: scratch, arguments: places + Self.manyWorkers)
                try withExtendedLifetime(daemon) {
                    timesToServe.append(try Self.timeToServe(daemon).milliseconds)
                    sleep(.microseconds(Int.random(in: 0...100_000)))
                    daemon.signal(SIGKILL)
                    _ = try daemon.waitForExit()
                }
                try reapers.haveNoticed()
                harvest.add(try reapers.takeAll())
                if kill % 20 == 0 || kill == Self.kills { Self.report(kill, of: Self.kills, harvest) }
            }
            try reapers.stop()
            timesToServe.sort()
            let middle = timesToServe[timesToServe.count / 2]
            let late = timesToServe[timesToServe.count * 9 / 10]
            print(
                "serving again after a kill: p50 \(Self.text(middle)) ms, p90 \(Self.text(late)) ms, "
                    + "most \(Self.text(timesToServe.last!)) ms; \(Self.kills) kills in \(Self.text(began.duration(to: .now).milliseconds / 1000)) s"
            )
            #expect(harvest.duplicates == 0)
            #expect(harvest.fallen == 0)
            #expect(harvest.count > Self.kills * 100)
            #expect(middle < Self.bound, "from exec to the first ID")
        }
    }

    /// Two daemons that know of each other only through the store, each killed again and again.
    @Test(arguments: SharedStore.allCases) func twoDaemonsOnOneStore(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let layout = try Layout(parsing: Self.fewWorkers[1])
            var spans: [Harvest.Span] = []
            let reapers = (0..<2).map { Reapers(of: fleet.socketPath($0), singles: 1) }
            defer { reapers.forEach { _ = try? $0.stop() } }
            var daemons = try (0..<2).map { try fleet.start($0, Self.fewWorkers) }
            let kills = max(2, Self.kills / 5)
            for kill in 0..<kills {
                let index = kill % 2
                _ = try Self.timeToServe(daemons[index])
                sleep(.microseconds(Int.random(in: 0...60_000)))
                daemons[index].signal(SIGKILL)
                _ = try daemons[index].waitForExit()
                daemons[index] = try fleet.start(index, Self.fewWorkers)
                for reaper in reapers { spans += try reaper.takeAll() }
            }
            for daemon in daemons {
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            for reaper in reapers {
                try reaper.stop()
                spans += try reaper.takeAll()
            }
            var harvest = Harvest(layout: layout)
            harvest.add(spans)
            Self.report(kills, of: kills, harvest, "\(kind), two daemons, ")
            #expect(harvest.duplicates == 0)
            #expect(harvest.count > kills * 100)
        }
    }

    /// For shorter and longer than the window, at any moment; the daemons are killed now and then too.
    @Test(arguments: [SharedStore.etcd, .postgres]) func theStoreUnderTwoDaemons(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            var harvest = Harvest(layout: try Layout(parsing: Self.fewWorkers[1]))
            let arguments = Self.fewWorkers.prefix(2) + ["--window", "1s"]
            let reapers = (0..<2).map { Reapers(of: fleet.socketPath($0), singles: 1) }
            defer { reapers.forEach { _ = try? $0.stop() } }
            var daemons = try (0..<2).map { try fleet.start($0, Array(arguments)) }
            let kills = 10
            for kill in 0..<kills {
                for daemon in daemons { try eventually("it serves; it says: \(daemon.log)") { daemon.serves } }
                sleep(.milliseconds(Int.random(in: 0...500)))
                let outage = try fleet.takeAwayTheStore()
                sleep(.milliseconds(Int.random(in: 0...1500)))
                if kill % 3 == 2 {
                    daemons[0].signal(SIGKILL)
                    _ = try daemons[0].waitForExit()
                    daemons[0] = try fleet.start(0, Array(arguments))
                }
                try outage.end()
            }
            for reaper in reapers { try reaper.stop() }
            harvest.add(try reapers.flatMap { try $0.takeAll() })
            Self.report(kills, of: kills, harvest, "\(kind) under two daemons, ")
            #expect(harvest.duplicates == 0 && harvest.count > 10_000)
        }
    }

    /// From before the process was made until a client has its first ID, less what the machine kept it from running.
    private static func timeToServe(_ daemon: Daemon) throws -> Duration {
        let watch = Stopwatch(sinceTheStartOf: daemon)
        try eventually("it serves; it says: \(daemon.log)", every: .microseconds(500)) {
            if let ending = daemon.reap() { throw TestFailure("firnd ended with \(ending): \(daemon.log)") }
            return (try? Peer.unix(daemon.socketPath).nextID()) != nil
        }
        return watch.elapsed
    }

    /// In milliseconds. The promise is 100 in a release build, and a time: nothing else tells it from a start that waits.
    static var bound: Double {
        #if DEBUG
            1000
        #else
            100
        #endif
    }

    private static func report(_ kill: Int, of kills: Int, _ harvest: Harvest, _ what: String = "") {
        print("\(what)kill \(kill)/\(kills): \(grouped(harvest.count)) IDs, \(harvest.duplicates) duplicates")
    }

    private static func grouped(_ number: Int) -> String {
        let digits = String(number)
        return digits.enumerated().map { index, digit in
            index > 0 && (digits.count - index) % 3 == 0 ? ",\(digit)" : "\(digit)"
        }
        .joined()
    }

    private static func text(_ milliseconds: Double) -> String {
        String(format: "%.1f", milliseconds)
    }
}
