import FirnLayout
import FirnWire
import Foundation
import Testing

/// What everyone wants of a daemon, on both kinds of sockets.
@Suite struct ServingTests {
    enum SocketKind: CaseIterable {
        case unix, tcp
    }

    private func withPeer(_ kind: SocketKind, _ body: (Peer) throws -> Void) throws {
        try withDaemon(["--listen", "tcp:127.0.0.1:0", "--worker", "17"]) { daemon in
            try body(kind == .unix ? Peer.unix(daemon.socketPath) : Peer.tcp(daemon.tcpPort()))
        }
    }

    @Test(arguments: SocketKind.allCases)
    func threeIDsAreOfNowAndOfItsWorkerAndRise(_ kind: SocketKind) throws {
        try withPeer(kind) { peer in
            var last = FirnID(rawValue: 0)
            for _ in 0..<3 {
                let before = UInt64(Date().timeIntervalSince1970 * 1000)
                let id = try peer.nextID()
                let after = UInt64(Date().timeIntervalSince1970 * 1000)
                #expect(id > last)
                last = id
                let decoded = Layout.snowflake.decode(id)
                #expect(decoded.worker == 17)
                #expect(decoded.fitsLayout)
                #expect((before - 5...after + 5).contains(decoded.unixMilliseconds!))
            }
        }
    }

    /// Constant bits and a worker of two parts, over a restart with the layout written in another way.
    @Test func partsAndConstantsAreMinted() throws {
        let fields = ",dc:4,node:5,spare:2=1,sequence:10"
        let layout = try Layout(parsing: "version:2=2,time:41ms@1735689600000\(fields)")
        try withScratch { scratch in
            var last = FirnID(rawValue: 0)
            for epoch in ["2025-01-01T00:00:00Z", "1735689600000"] {
                let text = "version:2=2,time:41ms@\(epoch)\(fields)"
                try withDaemon(in: scratch, ["--worker", "103", "--layout", text]) { daemon in
                    let peer = try Peer.unix(daemon.socketPath)
                    for run in try peer.nextBatch(5000) {
                        #expect(run.first > last)
                        last = run.last
                        for id in [run.first, run.last] {
                            let decoded = layout.decode(id)
                            #expect(decoded.fitsLayout && decoded.worker == 103, "\(id)")
                            #expect(decoded["dc"] == 3 && decoded["node"] == 7 && decoded["version"] == 2, "\(id)")
                        }
                    }
                    let now = UInt64(Date().timeIntervalSince1970 * 1000)
                    let made = try #require(layout.decode(last).unixMilliseconds)
                    #expect((now - 60_000...now + 5).contains(made))
                    // The worker is given back, so that the next one need not wait for it.
                    daemon.signal(SIGTERM)
                    #expect(try daemon.waitForExit() == .exited(0))
                }
            }
        }
    }

    @Test(arguments: SocketKind.allCases)
    func batchesHoldTheirCountAndRise(_ kind: SocketKind) throws {
        try withPeer(kind) { peer in
            var last = FirnID(rawValue: 0)
            for count in [1, 2, 4096, 4097, 65_536] as [UInt32] {
                let runs = try peer.nextBatch(count)
                #expect(runs.reduce(0) { $0 + $1.count } == count)
                for run in runs {
                    #expect(run.first > last)
                    last = run.last
                    #expect(Layout.snowflake.decode(run.first).time == Layout.snowflake.decode(run.last).time)
                }
            }
            #expect(try peer.nextID() > last)
        }
    }

    @Test(arguments: SocketKind.allCases)
    func describesItself(_ kind: SocketKind) throws {
        try withPeer(kind) { peer in
            let description = try peer.describe()
            #expect(description.layout == .snowflake)
            #expect(description.workers == [17])
            #expect(description.maximumBatch == 65_536)
            #expect(!description.version.isEmpty)
        }
    }

    @Test func answersEveryCallOfManyAtOnceInOrder() throws {
        try withPeer(.unix) { peer in
            try peer.send((1...200).flatMap { Peer.frame(.nextID, callID: $0 * 1_000_003) })
            var last: UInt64 = 0
            for number in 1...200 as ClosedRange<UInt64> {
                let response = try peer.answer()
                #expect(response.callID == number * 1_000_003)
                guard case .nextID(let id) = response.outcome else { throw TestFailure("\(response)") }
                #expect(id.rawValue > last)
                last = id.rawValue
            }
        }
    }

    /// Half-closing is how `nc` and scripts say that they have asked everything.
    @Test func answersWhatWasAskedBeforeThePeerShutItsSide() throws {
        try withPeer(.unix) { peer in
            try peer.ask(.nextBatch(count: 65_536))
            try peer.ask(.nextID)
            peer.finishSending()
            guard case .nextBatch = try peer.answer().outcome, case .nextID = try peer.answer().outcome else {
                throw TestFailure("other answers")
            }
            #expect(try peer.receive() == nil)
        }
    }

    @Test func severalWorkersGiveSeveralTimesTheIDs() throws {
        try withDaemon(["--workers", "3", "--shards", "2"]) { daemon in
            let peers = try (0..<6).map { _ in try Peer.unix(daemon.socketPath) }
            let workers = try peers[0].describe().workers
            #expect(Set(workers).count == 3)
            let used = try Set(peers.map { UInt32(Layout.snowflake.decode(try $0.nextID()).worker!) })
            #expect(used == Set(workers))
        }
    }
}
