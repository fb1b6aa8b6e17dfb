import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// What HTTP's peers do wrong is no matter to those of the framed protocol, to the log or to the memory.
@Suite struct HTTPBadPeerTests {
    @Test func protocolsThatMeetTheWrongPortAreToldSo() throws {
        try withDaemon(["--http", "127.0.0.1:0", "--listen", "tcp:127.0.0.1:0", "--store", "memory"]) { daemon in
            let frames = try HTTPPeer(port: daemon.httpPort())
            try frames.send(Peer.frame(.nextID, callID: 1))
            try frames.send("\r\n\r\n")
            let answer = try frames.answer()
            #expect(answer.status == 400 && (answer.json["error"] as? String)?.contains("another port") == true)
            #expect(try frames.isClosed())

            let http = try Peer.tcp(daemon.tcpPort())
            try http.send(Array(HTTPPeer.request("GET", "/").utf8))
            let error = try http.error()
            #expect(error.callID == 0 && error.status.code == .invalidArgument)
            #expect(try http.receive() == nil)
        }
    }

    /// A thousand that connect and do nothing, past a limit of a hundred: they make room for each other, those who have
    /// something to ask are served, and the framed protocol does not notice.
    @Test func aThousandConnectionsThatDoNothing() throws {
        _ = raiseOpenFileLimit()
        let arguments = ["--http", "127.0.0.1:0", "--max-http-connections", "100", "--store", "memory"]
        try withDaemon(arguments, openFiles: 400) { daemon in
            let port = try daemon.httpPort()
            let framed = try Peer.unix(daemon.socketPath)
            _ = try framed.nextID()
            let before = try daemon.residentKiB()
            var silent: [HTTPPeer] = []
            for number in 0..<1000 {
                silent.append(try HTTPPeer(port: port))
                if number % 50 == 0 {
                    #expect(try framed.nextID().rawValue > 0)
                    #expect(try HTTPPeer.ask("GET", "/", port: port).status == 200)
                }
            }
            let more = try (0..<50).map { _ in try Peer.unix(daemon.socketPath) }
            for peer in more { #expect(try peer.nextID().rawValue > 0) }
            #expect(daemon.openDescriptors < 300)
            #expect(try daemon.residentKiB() - before < 8 * 1024)
            #expect(daemon.log.split(separator: "\n").count < 40)
            silent.removeAll()
            try eventually("their descriptors are closed") { daemon.openDescriptors < 120 }
        }
    }

    @Test func aFloodOfNonsenseLeavesNeitherMemoryNorLines() throws {
        try withDaemon(["--http", "127.0.0.1:0", "--store", "memory"]) { daemon in
            let port = try daemon.httpPort()
            let nonsense = [
                "GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 1000),
                "GET /" + String(repeating: "%41", count: 5000) + " HTTP/1.1\r\n\r\n",
                HTTPPeer.request("GET", "/") + "\0\0\0\0\0\0\0\0\r\n\r\n",
                String(repeating: HTTPPeer.request("GET", "/ids?count=x"), count: 100),
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
            ]
            func flood(_ rounds: Int) throws {
                for round in 0..<rounds {
                    let peer = try HTTPPeer(port: port)
                    try? peer.send(nonsense[round % nonsense.count])
                    #expect(try peer.answer().status >= 200)
                }
            }
            try flood(200)
            let before = try daemon.residentKiB()
            try flood(1000)
            #expect(try daemon.residentKiB() - before < 2 * 1024)
            #expect(daemon.log.split(separator: "\n").count < 20)
            #expect(try HTTPPeer.ask("GET", "/", port: port).status == 200)
        }
    }

    /// Answers of one and a half megabytes each, more of them than the kernel takes, are held as the few numbers that they
    /// are.
    @Test func peersThatReadNothingHoldLittle() throws {
        try withDaemon(["--http", "127.0.0.1:0", "--store", "memory", "--send-timeout", "60s"]) { daemon in
            let port = try daemon.httpPort()
            _ = try HTTPPeer.ask("GET", "/ids?count=65536", port: port)
            let before = try daemon.residentKiB()
            let peers = try (0..<3).map { _ in try HTTPPeer(port: port) }
            for peer in peers {
                try peer.send(String(repeating: HTTPPeer.request("GET", "/ids?count=65536"), count: 12))
                try peer.waitForBytes()
            }
            try daemon.waitUntilIdle()
            #expect(try daemon.residentKiB() - before < 6 * 1024)
            for _ in 0..<12 {
                #expect((try peers[0].answer().json["ids"] as? [String])?.count == 65_536)
            }
        }
    }
}
