import EtcdTestSupport
import FirnEtcd
import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// How a daemon ends, and how the next one begins.
@Suite struct StopTests {
    /// Far longer than any of these tests: who had to wait for a window would fail.
    private static let longWindow = ["--worker", "7", "--window", "60s"]

    /// Who copies the file of a daemon that was stopped has all of it: nothing is left in a log beside it.
    @Test(arguments: [nil, "--admin", "--http", "--grpc"]) func theStoresFileIsWhole(_ server: String?) throws {
        try withScratch { scratch in
            let address = server == "--admin" ? "unix:\(scratch.file("admin.sock"))" : "127.0.0.1:0"
            let servers = server.map { [$0, address] } ?? []
            try withDaemon(in: scratch, Self.longWindow + servers) { daemon in
                _ = try Peer.unix(daemon.socketPath).nextID()
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
            #expect(FileManager.default.fileExists(atPath: scratch.store))
            #expect(!FileManager.default.fileExists(atPath: scratch.store + "-wal"))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT])
    func tellsItsPeersAnswersThemAndGivesItsWindowBack(_ signal: Int32) throws {
        try withScratch { scratch in
            var last: UInt64 = 0
            try withDaemon(in: scratch, Self.longWindow + ["--layout", "sonyflake"]) { daemon in
                let asking = try Peer.unix(daemon.socketPath)
                let idle = try Peer.unix(daemon.socketPath)
                last = try idle.nextID().rawValue
                // 200 ms worth of IDs: in flight when the signal comes.
                let batch = try asking.ask(.nextBatch(count: 5120))
                let single = try asking.ask(.nextID)
                try asking.waitUntilRead()
                daemon.signal(signal)

                try expectGoAway(idle.answer())
                try expectGoAway(asking.answer())
                let answers = [try asking.answer(), try asking.answer()]
                #expect(answers.map(\.callID) == [batch, single])
                guard case .nextBatch(let runs) = answers[0].outcome, case .nextID(let id) = answers[1].outcome else {
                    throw TestFailure("\(answers)")
                }
                #expect(runs.reduce(0) { $0 + $1.count } == 5120 && id > runs.last!.last)
                last = max(last, id.rawValue)
                #expect(try asking.receive() == nil)
                #expect(try idle.receive() == nil)

                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
                #expect(!FileManager.default.fileExists(atPath: daemon.socketPath))
                #expect(FileManager.default.fileExists(atPath: daemon.socketPath + ".lock"))
                #expect(throws: Peer.Failure.broken(ENOENT)) { try Peer.unix(daemon.socketPath) }
            }
            let limit = try StoreFile(scratch.store).worker(7).limit
            let now = Layout.sonyflake.tick(atUnixNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))!
            #expect(limit <= now + 1, "the record's limit is still \(limit), and it is tick \(now)")
            #expect(limit > Layout.sonyflake.decode(FirnID(rawValue: last)).time!)

            // The same worker again, at once, and above all that was given out.
            try withDaemon(in: scratch, Self.longWindow + ["--layout", "sonyflake"]) { daemon in
                let id = try Peer.unix(daemon.socketPath).nextID()
                #expect(Layout.sonyflake.decode(id).worker == 7)
                #expect(Layout.sonyflake.decode(id).time! >= limit)
            }
        }
    }

    private func expectGoAway(_ response: Response) throws {
        guard case .goAway(let reason) = response.outcome else { throw TestFailure("no GOAWAY: \(response)") }
        #expect(response.callID == 0 && reason.contains("stopping"))
    }

    /// A peer that stays and asks on does not keep a daemon alive forever.
    @Test func aDrainEnds() throws {
        // Two IDs a second: the batch takes hours, and nothing but the drain's end is sooner.
        let layout = "time:32s@2025-01-01T00:00:00Z,worker:10,sequence:1"
        try withDaemon(["--layout", layout, "--drain-timeout", "300ms"]) { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            try peer.ask(.nextBatch(count: 65_536))
            try peer.waitUntilRead()
            let start = ContinuousClock.now
            daemon.signal(SIGTERM)
            try expectGoAway(peer.answer())
            #expect(try peer.error().status.code == .unavailable)
            #expect(start.duration(to: .now) >= .milliseconds(300), "it is given its time")
            let ending = try daemon.waitForExit()
            #expect(ending == .exited(0))
        }
    }

    /// A balancer that has not heard yet sends new clients here for a while: they are served, those before them too.
    @Test func servesOnForTheDrainsDelay() throws {
        try withDaemon(["--drain-delay", "1500ms"]) { daemon in
            let old = try Peer.unix(daemon.socketPath)
            _ = try old.nextID()
            let start = ContinuousClock.now
            daemon.signal(SIGTERM)
            try eventually("it says that it stops") { !daemon.lines(with: " info stopping ").isEmpty }
            let new = try Peer.unix(daemon.socketPath)
            _ = try new.nextID()
            _ = try old.nextID()
            try expectGoAway(old.answer())
            try expectGoAway(new.answer())
            #expect(start.duration(to: .now) >= .milliseconds(1500))
            let ending = try daemon.waitForExit()
            #expect(ending == .exited(0))
        }
    }

    /// Etcd is far away: one after the other, the sequences would take longer than the drain's timeout, even without the
    /// daemon's own work. Many at once take a tenth of it, so that a busy machine has time too.
    @Test func manySequencesGoBackInTime() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.close() }
        try withScratch { scratch in
            let arguments = [
                "--store", "etcd:127.0.0.1:\(proxy.port)", "--sequence-block", "20", "--drain-timeout", "50s",
            ]
            try withDaemon(in: scratch, arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                for number in 0..<500 { _ = try peer.nextTickets("s.\(number)", 3) }
                proxy.become(.slow(milliseconds: 100))
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit(within: .seconds(120)) == .exited(0))
                #expect(!daemon.log.contains("not given back"), "\(daemon.log)")
                #expect(daemon.log.contains("worker given back"))
            }
            let store = EtcdStore(EtcdConfiguration(endpoints: [server.endpoint]))
            defer { store.close() }
            let records = try store.list(prefix: SequenceRecord.keyPrefix)
            #expect(records.count == 500)
            let kept = try records.filter { try SequenceRecord(key: $0.key, text: $0.value).reserved != 3 }
            #expect(kept.isEmpty, "\(kept.count) of them keep a block")
        }
    }

    /// A store that keeps every call: the daemon says what stays, and is gone when the drain's time is over.
    @Test func aStoreThatHangsDoesNotKeepTheDaemon() throws {
        let server = try EtcdServer()
        try withScratch { scratch in
            let arguments = [
                "--store", server.location, "--window", "60s", "--etcd-timeout", "20s", "--drain-timeout", "500ms",
                "--sequence-block", "20",
            ]
            try withDaemon(in: scratch, arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextID()
                for number in 0..<50 { _ = try peer.nextTickets("s.\(number)", 3) }
                try server.pause()
                defer { server.resume() }
                daemon.signal(SIGTERM)
                // One call alone would take twenty seconds.
                #expect(try daemon.waitForExit(within: .seconds(15)) == .exited(0))
                #expect(daemon.lines(with: "workers not given back in time").count == 1, "\(daemon.log)")
                #expect(daemon.lines(with: "reserved values not given back").count == 1, "\(daemon.log)")
                #expect(daemon.log.contains("sequences=50"), "\(daemon.log)")
            }
        }
    }

    /// With a drain that might take a minute: it takes no longer than a start.
    @Test func anIdleDaemonStopsAtOnce() throws {
        var starts: [Duration] = []
        var stops: [Duration] = []
        for _ in 0..<3 {
            try withDaemon(["--drain-timeout", "60s"]) { daemon in
                starts.append(daemon.started.duration(to: .now))
                let start = ContinuousClock.now
                daemon.signal(SIGTERM)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
                stops.append(start.duration(to: .now))
            }
        }
        // The best of the one and the worst of the other: what else the machine does is no matter.
        let (stop, start) = (try #require(stops.min()), try #require(starts.max()))
        #expect(stop < start * 5, "a stop took \(stop), and a start \(start)")
    }
}
