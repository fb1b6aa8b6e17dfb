import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// Many daemons on one store, which know of each other by nothing else.
@Suite(.serialized) struct ManyDaemonsTests {
    private static func layout(workerBits: Int) -> String {
        "time:41ms@2025-01-01T00:00:00Z,worker:\(workerBits),sequence:12"
    }

    /// As many as there are workers: all serve, each as another one.
    @Test(arguments: SharedStore.allCases) func eightStartAtOnceOnEightWorkers(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let layout = Self.layout(workerBits: 3)
            let daemons = try (0..<8).map { try fleet.start($0, ["--layout", layout]) }
            try withExtendedLifetime(daemons) {
                for daemon in daemons {
                    try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
                }
                let workers = try daemons.flatMap { try Peer.unix($0.socketPath).describe().workers }
                #expect(workers.sorted() == Array(0..<8))
                let ids = try daemons.flatMap { daemon in
                    let peer = try Peer.unix(daemon.socketPath)
                    return try (0..<500).map { _ in try peer.nextID().rawValue }
                }
                #expect(Set(ids).count == 4000)
            }
        }
    }

    /// Twice as many: half of them wait, and whenever one stops in order, one that waits takes over, though the window
    /// has most of a minute left.
    @Test(arguments: SharedStore.allCases) func fourOfEightWaitAndTakeOverWhenOthersStop(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let arguments = ["--layout", Self.layout(workerBits: 2), "--window", "60s"]
            var daemons = try (0..<8).map { try fleet.start($0, arguments) }
            for daemon in daemons { try daemon.waitUntilServing() }
            var serving: [Daemon] = []
            try eventually("four of them serve") {
                serving = daemons.filter(\.serves)
                return serving.count == 4
            }
            let waiting = daemons.filter { daemon in !serving.contains { $0 === daemon } }
            for daemon in waiting {
                let answer = try Peer.unix(daemon.socketPath).call(.nextID)
                guard case .error(let status) = answer else { throw TestFailure("\(answer)") }
                #expect(status.code == .unavailable && status.message.contains("all 4 workers"))
            }
            var harvest = Harvest(layout: try Layout(parsing: arguments[1]))
            var slowest = Duration.zero
            for _ in 0..<4 {
                for daemon in serving { harvest.add(try spans(of: daemon, 200)) }
                let leaving = serving.removeFirst()
                leaving.signal(SIGTERM)
                #expect(try leaving.waitForExit() == .exited(0))
                daemons.removeAll { $0 === leaving }
                let idle = daemons.filter { daemon in !serving.contains { $0 === daemon } }
                var successor: Daemon?
                let took = try eventually("one that waited takes over; they say \((daemons + [leaving]).map(\.log))") {
                    successor = idle.first(where: \.serves)
                    return successor != nil
                }
                serving.append(successor!)
                slowest = max(slowest, took)
            }
            // They look every one to two seconds. Had the worker not been given back, they would have waited for what is
            // left of the window.
            #expect(slowest < .seconds(30), "the slowest took \(slowest)")
            print("\(kind), taking over after a clean stop: the slowest of 4 took \(slowest)")
            for daemon in serving { harvest.add(try spans(of: daemon, 200)) }
            #expect(harvest.duplicates == 0 && harvest.count == 4 * 4 * 200 + 4 * 200)
        }
    }

    private func spans(of daemon: Daemon, _ count: Int) throws -> [Harvest.Span] {
        let peer = try Peer.unix(daemon.socketPath)
        return try (0..<count).map { _ in
            let id = try peer.nextID().rawValue
            return Harvest.Span(first: id, last: id)
        }
    }

    /// Its worker is taken while it stands still past its window, which the other waits for: its connections stay and go on, higher, as another.
    @Test(arguments: SharedStore.allCases) func aDaemonWhoseWorkerWasTakenGoesOnAsAnother(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let arguments = ["--layout", Self.layout(workerBits: 4), "--window", "1s"]
            let daemon = try fleet.start(0, arguments)
            try daemon.waitUntilServing()
            let peers = try (0..<4).map { _ in try Peer.unix(daemon.socketPath) }
            var last = try peers.map { try $0.nextID().rawValue }
            var ids = last
            let before = try #require(try peers[0].describe().workers.first)
            if kind == .sqlite {
                try daemon.pause(outsideOfWritesTo: fleet.scratch.store)
            } else {
                try daemon.pause()
            }
            for peer in peers { for _ in 0..<50 { try peer.ask(.nextID) } }
            let other = try fleet.start(1, arguments + ["--worker", "\(before)"])
            try eventually("the other has its worker") { other.serves }
            let taker = try Peer.unix(other.socketPath)
            ids += try (0..<1000).map { _ in try taker.nextID().rawValue }
            daemon.signal(SIGCONT)
            for index in peers.indices {
                // What was asked while it slept: given out as somebody else, or refused, never by the old worker.
                for _ in 0..<50 {
                    switch try peers[index].answer().outcome {
                    case .nextID(let id):
                        #expect(id.rawValue > last[index])
                        last[index] = id.rawValue
                        ids.append(id.rawValue)
                    case .error(let status): #expect(status.code == .unavailable)
                    case let outcome: throw TestFailure("\(outcome)")
                    }
                }
                try eventually("the connection goes on") {
                    guard let id = try? peers[index].nextID().rawValue else { return false }
                    #expect(id > last[index])
                    last[index] = id
                    ids.append(id)
                    return true
                }
                ids += try (0..<500).map { _ in
                    let id = try peers[index].nextID().rawValue
                    #expect(id > last[index])
                    last[index] = id
                    return id
                }
            }
            ids += try (0..<1000).map { _ in try taker.nextID().rawValue }
            let after = try #require(try peers[0].describe().workers.first)
            #expect(after != before)
            #expect(try taker.describe().workers == [before])
            #expect(Set(ids).count == ids.count)
        }
    }

    /// One believes that it is an hour later, and so that every worker of the other is free. Both are killed and started
    /// again all the time, and at the end it takes the very worker that the other has.
    @Test(arguments: SharedStore.allCases) func clocksAnHourApart(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let layout = Self.layout(workerBits: 4)
            let decoder = try Layout(parsing: layout)
            // An hour is also how far a daemon believes that others may be ahead.
            let common = ["--layout", layout, "--window", "300ms", "--clock-tolerance", "2h"]
            let clocks = [common + ["--clock-offset=+1h"], common]
            let reapers = (0..<3).map { Reapers(of: fleet.socketPath($0), singles: 1) }
            defer { reapers.forEach { _ = try? $0.stop() } }
            var daemons = try (0..<2).map { try fleet.start($0, clocks[$0]) }
            for daemon in daemons {
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
            }
            var spans: [[Harvest.Span]] = [[], [], []]
            func harvest() throws {
                for (index, reaper) in reapers.enumerated() { spans[index] += try reaper.takeAll() }
            }
            for round in 0..<16 {
                let index = round % 2
                sleep(.milliseconds(Int.random(in: 100...400)))
                daemons[index].signal(SIGKILL)
                _ = try daemons[index].waitForExit()
                daemons[index] = try fleet.start(index, clocks[index])
                try harvest()
            }
            try eventually("the one with the right clock serves") { daemons[1].serves }
            let connection = try Peer.unix(daemons[1].socketPath)
            let worker = try #require(try connection.describe().workers.first)
            var last = try connection.nextID()
            let thief = try fleet.start(2, clocks[0] + ["--worker", "\(worker)"])
            try eventually("it has that worker; it says: \(thief.log)") { thief.serves }
            try eventually("the other goes on as another") {
                guard let id = try? connection.nextID() else { return false }
                #expect(id > last)
                last = id
                return decoder.decode(id).worker! != UInt64(worker)
            }
            for reaper in reapers { try reaper.stop() }
            try harvest()
            var all = Harvest(layout: decoder)
            all.add(spans.flatMap(\.self))
            print("\(kind), two clocks an hour apart: \(all.count) IDs, \(all.duplicates) duplicates")
            #expect(all.duplicates == 0)
            for (index, isAhead) in [(0, true), (1, false), (2, true)] {
                #expect(spans[index].count > 100)
                let now = UInt64(Date().timeIntervalSince1970 * 1000)
                let time = decoder.unixMilliseconds(
                    ofTick: decoder.decode(FirnID(rawValue: spans[index][0].first)).time!
                )
                #expect((time > now + 3_000_000) == isAhead, "both clocks are in the IDs")
            }
            #expect(daemons[0].log.contains("for a rehearsal"))
        }
    }
}
