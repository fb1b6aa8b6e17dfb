import EtcdTestSupport
import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// What peers of a door with TLS do wrong.
@Suite struct TLSBadPeerTests {
    private static let doors = [
        "--listen", "tls:127.0.0.1:0", "--http", "tls:127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "memory",
    ]

    private static func failures(_ door: String) -> String {
        #"firn_tls_handshake_failures_total{door="\#(door)"}"#
    }

    @Test func handshakesThatAreNeverFinishedAreClosedAndCounted() throws {
        let fixture = try TLSFixture()
        try withDaemon(Self.doors + fixture.options() + ["--frame-timeout", "300ms"]) { daemon in
            let ports = [try daemon.tlsPort(), try daemon.securePort()]
            let before = daemon.openDescriptors
            let silent = try ports.flatMap { port in try (0..<10).map { _ in try Peer.tcp(port) } }
            // The beginning of a ClientHello.
            for peer in silent.prefix(5) { try peer.send([0x16, 0x03, 0x01, 0x02]) }
            try eventually("all are counted") {
                try ["frames", "http"].allSatisfy { try daemon.metric(Self.failures($0)) == 10 }
            }
            try eventually("their descriptors are closed") { daemon.openDescriptors <= before }
            #expect(daemon.lines(with: "a TLS handshake was not finished in time").count < 15)
        }
    }

    @Test func plainBytesOnATLSPortAndTLSOnAPlainOneEndInAClose() throws {
        let fixture = try TLSFixture()
        let plain = ["--listen", "tcp:127.0.0.1:0"]
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + plain + fixture.options()) { daemon in
                for port in [try daemon.tlsPort(), try daemon.securePort()] {
                    let frames = try Peer.tcp(port)
                    try frames.send(Peer.frame(.nextID, callID: 1))
                    try frames.send(Array(HTTPPeer.request("GET", "/").utf8))
                    // An alert of TLS, or nothing; then the end.
                    #expect((try? frames.nextID()) == nil)
                }
                try eventually("both are counted") {
                    try daemon.metric(Self.failures("frames")) == 1 && daemon.metric(Self.failures("http")) == 1
                }
                let encrypted = try TLSPeer(port: daemon.tcpPort(), trusting: fixture.authority, in: scratch)
                #expect(!encrypted.isServed)
                #expect(try daemon.metric(#"firn_connections_closed_total{shard="0",reason="protocol"}"#) != nil)
                #expect(try Peer.unix(daemon.socketPath).nextID().rawValue > 0)
            }
        }
    }

    @Test func clientsWithoutAGoodCertificateAreRefused() throws {
        let fixture = try TLSFixture()
        let issue = fixture.certificates.issue
        let clients: [(TestCertificates.Pair?, Bool)] = [
            (try issue("good", "subjectAltName=DNS:app.example.com", 2, false), true),
            (try issue("uri", "subjectAltName=URI:spiffe://example.com/app", 2, false), true),
            (try issue("other", "subjectAltName=DNS:www.app.example.com", 2, false), false),
            (try issue("expired", "subjectAltName=DNS:app.example.com", -1, false), false),
            (try issue("foreign", "subjectAltName=DNS:app.example.com", 2, true), false),
            (nil, false),
        ]
        let names = ["--tls-allow-name", "app.example.com", "--tls-allow-name", "spiffe://example.com/app"]
        try withScratch { scratch in
            let arguments = Self.doors + fixture.options(knowingClients: true) + names
            try withDaemon(in: scratch, arguments) { daemon in
                for (client, isGood) in clients {
                    let frames = try TLSPeer(
                        port: daemon.tlsPort(),
                        trusting: fixture.authority,
                        as: client,
                        in: scratch
                    )
                    #expect(frames.isServed == isGood, "\(client?.certificate ?? "none"): \(frames.said)")
                    let identity = client.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
                    let http = try Program.run(
                        ["/usr/bin/curl", "--silent", "--fail", "--cacert", fixture.authority.certificate] + identity
                            + ["https://localhost:\(try daemon.securePort())/"],
                        in: scratch
                    )
                    #expect((http.code == 0) == isGood, "\(client?.certificate ?? "none"): \(http)")
                }
                for door in ["frames", "http"] { #expect(try daemon.metric(Self.failures(door)) == 4) }
                #expect(
                    daemon.lines(with: "has none of the names of --tls-allow-name").contains {
                        $0.contains("names=www.app.example.com")
                    }
                )
                #expect(!daemon.lines(with: "a TLS handshake failed").isEmpty)
            }
        }
    }

    /// A resumed session shows no certificate again; the name of the session's is looked at.
    @Test func aResumedSessionIsOfTheSameClient() throws {
        let fixture = try TLSFixture()
        let good = try fixture.certificates.issue("good", "subjectAltName=DNS:app.example.com")
        let arguments = Self.doors + fixture.options(knowingClients: true) + ["--tls-allow-name", "app.example.com"]
        try withScratch { scratch in
            try withDaemon(in: scratch, arguments) { daemon in
                let session = scratch.file("session.pem")
                for _ in 0..<2 {
                    let known = FileManager.default.fileExists(atPath: session) ? ["-sess_in", session] : []
                    let client = try TLSPeer(
                        port: daemon.tlsPort(),
                        trusting: fixture.authority,
                        as: good,
                        ["-sess_out", session] + known,
                        in: scratch
                    )
                    #expect(client.isServed, "\(client.said)")
                    try eventually("it keeps the session") { FileManager.default.fileExists(atPath: session) }
                }
            }
        }
    }

    /// Past the limit connections are closed; the limit is of both doors of the framed protocol together.
    @Test func theLimitOfConnectionsIsOfBothDoors() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options() + ["--max-connections", "3"]) { daemon in
                let plain = try (0..<2).map { _ in try Peer.unix(daemon.socketPath) }
                for peer in plain { _ = try peer.nextID() }
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch)
                #expect(client.isServed)
                let second = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch)
                #expect(!second.isServed)
                #expect(try Peer.unix(daemon.socketPath).error().status.code == .resourceExhausted)
                #expect(try daemon.metric(#"firn_connections_refused_total{reason="limit"}"#) == 2)
                #expect(try daemon.metric(#"firn_connections_accepted_total{socket="tls"}"#) == 1)
                withExtendedLifetime(plain) {}
            }
        }
    }

    /// A peer that asks and reads nothing costs no more than the limit, and is closed.
    @Test func aPeerThatReadsNothingIsClosed() throws {
        let fixture = try TLSFixture()
        let limits = ["--send-timeout", "1s", "--max-unsent-bytes", "65536"]
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options() + limits) { daemon in
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                _ = try client.nextID()
                let before = try daemon.residentKiB()
                let batch = Peer.frame(.nextTickets(sequence: Name("t")!, count: 1), callID: 1)
                let many = [[UInt8]](repeating: batch, count: 2000).flatMap { $0 }
                try withBystander(of: daemon) {
                    _ = try eventually("it is closed") {
                        if try daemon.metric(#"firn_connections_closed_total{shard="tls-0",reason="unread"}"#) == 1 {
                            return true
                        }
                        if try daemon.metric(#"firn_connections_closed_total{shard="tls-1",reason="unread"}"#) == 1 {
                            return true
                        }
                        _ = try? client.sendWithoutWaiting(many)
                        return false
                    }
                }
                #expect(try daemon.residentKiB() - before < 16 * 1024)
            }
        }
    }

    @Test func slowFramesAndSilentConnectionsAreEnded() throws {
        let fixture = try TLSFixture()
        let limits = ["--frame-timeout", "2s", "--tcp-idle-timeout", "3s"]
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options() + limits) { daemon in
                let slow = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                let idle = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                _ = try (slow.nextID(), idle.nextID())
                try slow.send(Array(Peer.frame(.nextID, callID: 9).prefix(3)))
                let error = try slow.error()
                #expect(error.callID == 0 && error.status.code == .deadlineExceeded)
                #expect(try slow.receive() == nil)
                guard case .goAway(let reason) = try idle.answer().outcome else { throw TestFailure("no GoAway") }
                #expect(reason.contains("idle"))
                #expect(try idle.receive() == nil)
                let wrong = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                try wrong.send([0xFF, 0xFF, 0xFF, 0xFF])
                #expect(try wrong.error().status.code == .invalidArgument)
                #expect(try wrong.receive() == nil)
            }
        }
    }
}
