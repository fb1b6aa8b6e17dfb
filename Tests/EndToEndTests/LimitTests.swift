import FirnLayout
import FirnWire
import Foundation
import Testing

/// What lies past each limit: the one who is over it is told, and nobody else notices.
@Suite struct LimitTests {
    private func expectRefusal(_ peer: Peer, naming option: String) throws {
        guard case .error(let status) = try peer.callOrRefusal() else { throw TestFailure("it was served") }
        #expect(status.code == .resourceExhausted && status.retryAfterMilliseconds > 0)
        #expect(status.message.contains(option))
    }

    @Test func maximumConnections() throws {
        try withDaemon(["--max-connections", "3", "--listen", "tcp:127.0.0.1:0"]) { daemon in
            var peers = [
                try Peer.unix(daemon.socketPath), try Peer.tcp(daemon.tcpPort()), try Peer.unix(daemon.socketPath),
            ]
            for peer in peers { _ = try peer.nextID() }
            try expectRefusal(Peer.unix(daemon.socketPath), naming: "--max-connections")
            try expectRefusal(Peer.tcp(daemon.tcpPort()), naming: "--max-connections")
            for peer in peers { _ = try peer.nextID() }
            // One who leaves makes room for one.
            peers.removeLast()
            try eventually("there is room again") { (try? Peer.unix(daemon.socketPath).nextID()) != nil }
        }
    }

    @Test func maximumConnectionsOfAUser() throws {
        try withDaemon(["--max-connections-per-uid", "2", "--listen", "tcp:127.0.0.1:0"]) { daemon in
            let peers = try (0..<2).map { _ in try Peer.unix(daemon.socketPath) }
            for peer in peers { _ = try peer.nextID() }
            try expectRefusal(Peer.unix(daemon.socketPath), naming: "--max-connections-per-uid")
            // Whose user is not known is not counted.
            let others = try (0..<3).map { _ in try Peer.tcp(daemon.tcpPort()) }
            for peer in peers + others { _ = try peer.nextID() }
        }
    }

    @Test func idleTCPConnectionsAreToldAndClosed() throws {
        try withDaemon(["--tcp-idle-timeout", "1s", "--listen", "tcp:127.0.0.1:0"]) { daemon in
            let local = try Peer.unix(daemon.socketPath)
            _ = try local.nextID()
            let idle = try Peer.tcp(daemon.tcpPort())
            let busy = try Peer.tcp(daemon.tcpPort())
            _ = try idle.nextID()
            // Until the idle one is told, which is long before its peer gives up; then the busy one is still served.
            try eventually("the idle one is told", every: .milliseconds(20)) {
                _ = try busy.nextID()
                return idle.hasBytes
            }
            guard case .goAway(let reason) = try idle.answer().outcome else { throw TestFailure("no GOAWAY") }
            #expect(reason.contains("idle"))
            #expect(try idle.receive() == nil)
            _ = try busy.nextID()
            _ = try local.nextID()
        }
    }

    @Test func idleUnixConnectionsAreClosedWhereThatIsWanted() throws {
        try withDaemon(["--unix-idle-timeout", "200ms"]) { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            _ = try peer.nextID()
            guard case .goAway = try peer.answer().outcome else { throw TestFailure("no GOAWAY") }
            #expect(try peer.receive() == nil)
        }
    }

    /// A connection whose calls wait is not read on; once they are answered it is, and nothing is lost.
    @Test func waitingCallsAreBounded() throws {
        try withDaemon(["--layout", "sonyflake", "--max-waiting-calls", "4", "--shards", "1"]) { daemon in
            let (peer, other) = (try Peer.unix(daemon.socketPath), try Peer.unix(daemon.socketPath))
            // A second's worth of IDs, and behind it more frames than the daemon has a buffer for.
            try peer.ask(.nextBatch(count: 25_600))
            let calls: UInt64 = 6_000
            try peer.send((2...calls).flatMap { Peer.frame(.nextID, callID: $0) })
            // For as many turns as would do to read it all.
            for _ in 0..<100 { _ = try other.describe() }
            #expect(peer.unreadByDaemon > 10_000, "the daemon read on")
            var last: UInt64 = 0
            for number in 1...calls {
                let response = try peer.answer()
                #expect(response.callID == number)
                switch response.outcome {
                case .nextBatch(let runs): last = runs.last!.last.rawValue
                case .nextID(let id):
                    #expect(id.rawValue > last)
                    last = id.rawValue
                case let outcome: throw TestFailure("\(outcome)")
                }
            }
        }
    }
}
