import EtcdTestSupport
import FirnLayout
import FirnTestSupport
import Foundation
import Testing

/// gRPC with TLS and with tokens, of the real daemon.
@Suite struct GRPCSecurityTests {
    private static let path = "/firn.v1.IDService/NextID"
    private static let door = ["--grpc", "tls:127.0.0.1:0", "--store", "memory", "--worker", "17"]
    private static let failures = #"firn_tls_handshake_failures_total{door="grpc"}"#

    private static func url(_ daemon: Daemon) throws -> String {
        "https://localhost:\(try daemon.securePort("grpc"))\(path)"
    }

    /// What curl needs to trust the daemon, and to show a certificate of its own.
    private static func trusting(_ fixture: TLSFixture, as client: TestCertificates.Pair? = nil) -> [String] {
        ["--cacert", fixture.authority.certificate]
            + (client.map { ["--cert", $0.certificate, "--key", $0.key] } ?? [])
    }

    private static func isServed(_ answer: (body: [UInt8], fields: String)) -> Bool {
        answer.body.count == 14 && answer.fields.hasPrefix("HTTP/2 200") && answer.fields.contains("grpc-status: 0")
    }

    @Test func curlGetsIDsOverTLS() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.door + fixture.options()) { daemon in
                let answer = try GRPCTests.nextID(scratch, Self.trusting(fixture) + [try Self.url(daemon)])
                #expect(Self.isServed(answer), "\(answer.fields)")
                let id = answer.body.dropFirst(6).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                #expect(Layout.snowflake.decode(FirnID(rawValue: id)).worker == 17)
            }
        }
    }

    @Test func clientsNeedTheCertificateThatIsAskedFor() throws {
        let fixture = try TLSFixture()
        let good = try fixture.certificates.issue("app", "subjectAltName=DNS:app.example.com")
        let other = try fixture.certificates.issue("other", "subjectAltName=DNS:other.example.com")
        let options = fixture.options(knowingClients: true) + ["--tls-allow-name", "app.example.com"]
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.door + ["--admin", "127.0.0.1:0"] + options) { daemon in
                let url = try Self.url(daemon)
                let answer = try GRPCTests.nextID(scratch, Self.trusting(fixture, as: good) + [url])
                #expect(Self.isServed(answer), "\(answer.fields)")
                for client in [nil, other] {
                    let curl = try Program.run(
                        ["/usr/bin/curl", "--silent", "--http2", "--max-time", "60"]
                            + Self.trusting(fixture, as: client) + [url],
                        in: scratch
                    )
                    #expect(curl.code != 0, "\(curl.output)")
                }
                try eventually("both are counted") { try daemon.metric(Self.failures) == 2 }
            }
        }
    }

    @Test func peersThatDoNotSpeakItAreClosedAndOthersServed() throws {
        let fixture = try TLSFixture()
        let doors = Self.door + ["--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--frame-timeout", "300ms"]
        try withScratch { scratch in
            try withDaemon(in: scratch, doors + fixture.options()) { daemon in
                let port = try daemon.securePort("grpc")
                let before = daemon.openDescriptors
                // HTTP/2 in the clear, a handshake that is never finished, and HTTP/1.1 within TLS.
                let clear = try Peer.tcp(port)
                try clear.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
                let silent = try Peer.tcp(port)
                try silent.send([0x16, 0x03, 0x01, 0x02])
                let old = try Program.run(
                    ["/usr/bin/curl", "--silent", "--http1.1", "--max-time", "60"] + Self.trusting(fixture)
                        + [try Self.url(daemon)],
                    in: scratch
                )
                #expect(old.code != 0)
                try eventually("two handshakes failed") { try daemon.metric(Self.failures) == 2 }
                try eventually("their descriptors are closed") { daemon.openDescriptors <= before }
                let answer = try GRPCTests.nextID(scratch, Self.trusting(fixture) + [try Self.url(daemon)])
                #expect(Self.isServed(answer), "\(answer.fields)")
            }
        }
    }

    @Test func aNewCertificateIsShownAndTheOldOneGoes() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.door + fixture.options()) { daemon in
                #expect(try fixture.subject(at: daemon.securePort("grpc")).contains("server-a"))
                try fixture.replaceServer(by: fixture.certificates.issue("server-b", TLSFixture.names))
                daemon.signal(SIGHUP)
                try eventually("the new one is shown") {
                    try fixture.subject(at: daemon.securePort("grpc")).contains("server-b")
                }
                let answer = try GRPCTests.nextID(scratch, Self.trusting(fixture) + [try Self.url(daemon)])
                #expect(Self.isServed(answer), "\(answer.fields)")
            }
        }
    }

    @Test func overTCPACallShowsItsTokenAndOverAUnixSocketItNeedsNone() throws {
        try withScratch { scratch in
            let token = "0123456789abcdef-ids"
            let tokens = try scratch.write("tokens", "app \(token) ids\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
            let socket = scratch.file("grpc.sock")
            let arguments = [
                "--grpc", "127.0.0.1:0", "--grpc", "unix:\(socket)", "--admin", "127.0.0.1:0", "--store", "memory",
                "--token-file", tokens,
            ]
            try withDaemon(in: scratch, arguments) { daemon in
                let url = "http://127.0.0.1:\(try daemon.httpPort("grpc"))\(Self.path)"
                for fields in [[], ["authorization: Bearer wrong-token-0123456789"]] {
                    let refused = try GRPCTests.nextID(scratch, [url], fields: fields)
                    #expect(refused.body.isEmpty && refused.fields.contains("grpc-status: 16"), "\(refused.fields)")
                }
                let served = try GRPCTests.nextID(scratch, [url], fields: ["authorization: Bearer \(token)"])
                #expect(Self.isServed(served), "\(served.fields)")
                let local = try GRPCTests.nextID(scratch, ["--unix-socket", socket, "http://localhost\(Self.path)"])
                #expect(Self.isServed(local), "\(local.fields)")
                try daemon.waitUntilItSays("a peer was refused for its token door=grpc reason=wrong")
                #expect(!daemon.log.contains("0123456789"))
            }
        }
    }
}
