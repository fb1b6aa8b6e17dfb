import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// Peers that behave badly, and too many of them.
@Suite struct BadPeerTests {
    /// A layout that gives out a batch of any size at once, so that only the peer can be slow.
    private static let wide = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:20"]

    @Test func aPeerThatNeverReadsIsClosed() throws {
        // One thread: the allocator keeps memory for each, and all floods must reach the one that the first has reached.
        try withDaemon(Self.wide + ["--send-timeout", "400ms", "--shards", "1"]) { daemon in
            try withBystander(of: daemon) {
                // One round first: what a first flood allocates is not growth.
                try flood(daemon)
                let memory = try daemon.residentKiB()
                for _ in 0..<8 { try flood(daemon) }
                let growth = try daemon.residentKiB() - memory
                // The allocator may keep one flood's buffer, doubled past its 256 KiB, or have kept none of the first's.
                // Eight floods that each left a buffer would leave 2 MiB and more.
                #expect(growth < 1024, "the floods left \(growth) KiB")
            }
        }
    }

    /// Asks without reading until the daemon closes the connection, and looks at its memory meanwhile.
    private func flood(_ daemon: Daemon) throws {
        let peer = try Peer.unix(daemon.socketPath)
        let request = (1...100).flatMap { _ in
            Peer.frame(.describe, callID: 1) + Peer.frame(.nextBatch(count: 65_536), callID: 2)
        }
        let memory = try daemon.residentKiB()
        var rest = request[...]
        try eventually("the flood's connection is closed", every: .microseconds(10)) {
            do {
                let count = try peer.sendWithoutWaiting(Array(rest))
                rest = rest.dropFirst(count)
                if rest.isEmpty { rest = request[...] }
                if count == 0 { sleep(.milliseconds(1)) }
                return false
            } catch Peer.Failure.broken {
                return true
            }
        }
        // The limit on unsent output is 256 KiB, and a buffer may have doubled past it.
        let growth = try daemon.residentKiB() - memory
        #expect(growth < 2048, "the flood took \(growth) KiB")
    }

    @Test func aPeerThatReadsAgainInTimeGetsEverything() throws {
        let arguments = ["--max-unsent-bytes", "4096", "--send-timeout", "60s", "--shards", "1"]
        try withDaemon(Self.wide + arguments) { daemon in
            let (peer, other) = (try Peer.unix(daemon.socketPath), try Peer.unix(daemon.socketPath))
            let crew = Crew()
            let calls: UInt64 = 20_000
            let sender = peer.descriptor
            crew.start { _ in
                var bytes = (1...calls).flatMap { Peer.frame(.describe, callID: $0) }[...]
                while !bytes.isEmpty {
                    let count = bytes.withUnsafeBytes { send(sender, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    guard count > 0 else { return }
                    bytes = bytes.dropFirst(count)
                }
            }
            // Once some is sent, for as many turns as would do to read it all.
            var (unread, turns) = (0, 0)
            while turns < 200 || (turns < 20_000 && (unread == 0 || peer.unreadByDaemon != unread)) {
                unread = peer.unreadByDaemon
                for _ in 0..<10 { _ = try other.describe() }
                turns += 10
            }
            #expect(unread > 0, "the daemon read on although its answers were not taken")
            for number in 1...calls { #expect(try peer.answer().callID == number) }
            try crew.stop()
        }
    }

    @Test func peersThatReset() throws {
        try withDaemon(["--listen", "tcp:127.0.0.1:0"]) { daemon in
            let port = try daemon.tcpPort()
            func reset() throws {
                let peer = try Peer.tcp(port)
                try peer.send((1...50).flatMap { Peer.frame(.nextBatch(count: 65_536), callID: $0) })
                peer.resetOnClose()
            }
            try withBystander(of: daemon) {
                // And the bystander's, which may be on its way.
                let idle = daemon.openDescriptors + 1
                for _ in 0..<30 { try reset() }
                try eventually("the first are gone") { daemon.openDescriptors <= idle }
                let memory = try daemon.residentKiB()
                let descriptors = daemon.openDescriptors
                for _ in 0..<200 { try reset() }
                try eventually("their descriptors are closed") { daemon.openDescriptors <= descriptors }
                let growth = try daemon.residentKiB() - memory
                #expect(growth < 512, "200 resets left \(growth) KiB")
            }
        }
    }

    @Test func aThousandIdleConnections() throws {
        let count = min(1000, raiseOpenFileLimit() / 2 - 100)
        try withDaemon { daemon in
            try withWatchedBystander(of: daemon) { bystander in
                let alone = try bystander.cost(ofCalls: 300, to: daemon)
                // And the bystander's, which may be on its way.
                let idle = daemon.openDescriptors + 1
                var peers = try (0..<50).map { _ in try Peer.unix(daemon.socketPath) }
                for peer in peers { _ = try peer.nextID() }
                let memory = try daemon.residentKiB()
                for _ in 0..<count {
                    let peer = try Peer.unix(daemon.socketPath)
                    _ = try peer.nextID()
                    peers.append(peer)
                }
                let each = Double(try daemon.residentKiB() - memory) / Double(count)
                print("\(count) idle connections take \(String(format: "%.2f", each)) KiB each")
                #expect(each < 2)
                // They cost nothing while they are idle: only the bystander works.
                let beside = try bystander.cost(ofCalls: 300, to: daemon)
                #expect(
                    beside < alone * 3 + .microseconds(50),
                    "a call took \(beside) of a processor, and \(alone) before"
                )
                for peer in peers { _ = try peer.nextID() }
                peers.removeAll()
                try eventually("the connections are closed") { daemon.openDescriptors <= idle }
            }
        }
    }

    /// Only what the kernel allows is left to stop the peers: it allows less than at the start.
    @Test func noFileDescriptorsLeft() throws {
        let limits = ["--max-connections", "1000", "--max-connections-per-uid", "1000", "--window", "1s"]
        try withScratch { scratch in
            try withDaemon(in: scratch, limits + ["--worker", "3"]) { daemon in
                try daemon.limitOpenFiles(to: 64)
                try withWatchedBystander(of: daemon) { bystander in
                    let alone = try bystander.cost(ofCalls: 300, to: daemon)
                    var served: [Peer] = []
                    var waiting: [Peer] = []
                    for _ in 0..<80 {
                        let peer = try Peer.unix(daemon.socketPath, timeout: .milliseconds(50))
                        if waiting.isEmpty, (try? peer.nextID()) != nil {
                            served.append(peer)
                        } else {
                            waiting.append(peer)
                        }
                    }
                    #expect(served.count > 20 && !waiting.isEmpty)
                    try daemon.waitUntilItSays("no descriptors or memory left")

                    let limit = try StoreFile(scratch.store).worker(3).limit
                    let beside = try bystander.cost(ofCalls: 500, to: daemon)
                    #expect(
                        beside < alone * 3 + .microseconds(50),
                        "out of descriptors, a call took \(beside) of a processor, and \(alone) before"
                    )
                    // The store is still served too: the window is extended, and used past what it was.
                    try eventually("the next window is used") {
                        Layout.snowflake.decode(try served[0].nextID()).time! >= limit
                    }
                    for peer in served { _ = try peer.nextID() }

                    // Room for all who wait.
                    served.removeAll()
                    let late = try Peer.unix(daemon.socketPath)
                    waiting.removeAll()
                    _ = try late.nextID()
                }
            }
        }
    }

    /// With the defaults, so few descriptors leave room for half as many connections, and the others are told.
    @Test func fewFileDescriptors() throws {
        try withDaemon(openFiles: 64) { daemon in
            try withBystander(of: daemon) {
                var served: [Peer] = []
                var refused = 0
                for _ in 0..<60 {
                    let peer = try Peer.unix(daemon.socketPath)
                    switch try peer.callOrRefusal() {
                    case .nextID: served.append(peer)
                    case .error(let status):
                        #expect(status.code == .resourceExhausted && status.retryAfterMilliseconds > 0)
                        refused += 1
                    case let other: throw TestFailure("\(other)")
                    }
                }
                #expect(served.count > 20 && refused > 20)
                for peer in served { _ = try peer.nextID() }
            }
        }
    }
}

extension Peer {
    /// What the daemon says first: it may turn the connection away before it has read anything.
    func callOrRefusal() throws -> Response.Outcome {
        _ = try? ask(.nextID)
        return try answer().outcome
    }
}
