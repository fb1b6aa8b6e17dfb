import EtcdTestSupport
import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// The real daemon with TLS, and clients of others: curl and OpenSSL.
@Suite struct TLSTests {
    private static let doors = ["--listen", "tls:127.0.0.1:0", "--http", "tls:127.0.0.1:0", "--store", "memory"]

    @Test func curlAndOpenSSLGetIDs() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options() + ["--worker", "17"]) { daemon in
                let url = "https://localhost:\(try daemon.securePort())"
                let curl = try Tool.run(
                    "/usr/bin/curl",
                    "--silent",
                    "--show-error",
                    "--fail-with-body",
                    "--cacert",
                    fixture.authority.certificate,
                    url + "/",
                    url + "/ids?count=3"
                )
                #expect(curl.status == 0, "\(curl.output)")
                #expect(curl.output.wholeMatch(of: /\{"id":"[0-9]+"\}\{"ids":\["[0-9]+","[0-9]+","[0-9]+"\]\}/) != nil)
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch)
                #expect(Layout.snowflake.decode(try client.peer.nextID()).worker == 17)
                #expect(try client.peer.nextBatch(1000).reduce(0) { $0 + Int($1.count) } == 1000)
                #expect(try client.peer.describe().workers == [17])
                #expect(try client.peer.nextTickets("orders", 3) == [1, 2, 3])
            }
        }
    }

    /// A page that came from the daemon's own address may create sequences there; that address has `https`.
    @Test func aPageOfTheSameOriginMayTakeTickets() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options()) { daemon in
                let authority = "localhost:\(try daemon.securePort())"
                for (scheme, status) in [("https", "200"), ("http", "403")] {
                    let curl = try Tool.run(
                        "/usr/bin/curl",
                        "--silent",
                        "--cacert",
                        fixture.authority.certificate,
                        "--header",
                        "Origin: \(scheme)://\(authority)",
                        "--write-out",
                        " %{http_code}",
                        "--data",
                        "",
                        "https://\(authority)/sequences/orders"
                    )
                    #expect(curl.output.hasSuffix(status), "\(curl.output)")
                }
            }
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3", "-tls1_1"])
    func takesTLS12AndLater(_ version: String) throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options()) { daemon in
                // An OpenSSL that is told to allow it: else it would be the client that refuses 1.1.
                let arguments = [version, "-cipher", "DEFAULT:@SECLEVEL=0"]
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, arguments, in: scratch)
                #expect(client.isServed == (version != "-tls1_1"), "\(client.said)")
            }
        }
    }

    /// Waiting calls, and their order, are those of the plain door: the same sessions serve them.
    @Test func callsWaitForTicksAndForTheStoreAsOnThePlainDoor() throws {
        let fixture = try TLSFixture()
        let narrow = "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4"
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options() + ["--layout", narrow]) { daemon in
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                var frames: [UInt8] = []
                for call in 1...200 { frames += Peer.frame(.nextBatch(count: 20), callID: UInt64(call)) }
                frames += Peer.frame(.nextTickets(sequence: Name("t")!, count: 2), callID: 1000)
                try client.send(frames)
                var last: UInt64 = 0
                var calls: [UInt64] = []
                for _ in 0..<201 {
                    let response = try client.answer()
                    switch response.outcome {
                    case .nextBatch(let runs):
                        calls.append(response.callID)
                        for id in runs.flatMap({ $0.map(\.rawValue) }) {
                            #expect(id > last)
                            last = id
                        }
                    case .nextTickets(let runs): #expect(runs.flatMap { $0.map(\.rawValue) } == [1, 2])
                    default: Issue.record("\(response)")
                    }
                }
                #expect(calls == Array(1...200))
                #expect(try client.call(.nextBatch(count: 60_000), timeoutMilliseconds: 20).isDeadlineExceeded)
            }
        }
    }

    @Test func isToldToGoAwayAndAnsweredWhenTheDaemonStops() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.doors + fixture.options()) { daemon in
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch).peer
                _ = try client.nextID()
                daemon.signal(SIGTERM)
                guard case .goAway = try client.answer().outcome else { throw TestFailure("no GoAway") }
                // What is asked before the end is answered.
                #expect(try client.nextID().rawValue > 0)
                #expect(try client.receive() == nil)
                #expect(try daemon.waitForExit() == .exited(0))
            }
        }
    }

    /// With tokens a client needs no certificate, and shows its token as on the plain door.
    @Test func aTokenIsAskedForAsOnThePlainDoor() throws {
        let fixture = try TLSFixture()
        let token = "0123456789abcdef-ids"
        try withScratch { scratch in
            let file = try scratch.write("tokens", "reader \(token) ids\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            try withDaemon(in: scratch, Self.doors + fixture.options() + ["--token-file", file]) { daemon in
                let port = try daemon.tlsPort()
                let client = try TLSPeer(port: port, trusting: fixture.authority, in: scratch).peer
                #expect(try client.call(.nextID).code == .unauthenticated)
                #expect(try client.call(.authenticate(BearerToken(token))) == .authenticated)
                _ = try client.nextID()
                #expect(try client.call(.nextTickets(sequence: Name("t")!, count: 1)).code == .permissionDenied)
                let wrong = try TLSPeer(port: port, trusting: fixture.authority, in: scratch).peer
                #expect(try wrong.call(.authenticate(BearerToken(token + "s"))).code == .unauthenticated)
                #expect(try wrong.receive() == nil)
                for (header, status) in [("X-None: 0", "401"), ("Authorization: Bearer \(token)", "200")] {
                    let curl = try Tool.run(
                        "/usr/bin/curl",
                        "--silent",
                        "--cacert",
                        fixture.authority.certificate,
                        "--header",
                        header,
                        "--write-out",
                        " %{http_code}",
                        "https://localhost:\(try daemon.securePort())/"
                    )
                    #expect(curl.output.hasSuffix(status), "\(curl.output)")
                }
            }
        }
    }

    @Test func anAddressOfOtherHostsNeedsClientCertificatesOrTheFlag() throws {
        let fixture = try TLSFixture()
        try withScratch { scratch in
            for option in ["--listen", "--http", "--admin", "--grpc"] {
                let arguments = ["--store", "memory", option, "tls:0.0.0.0:0", "--check"]
                let refused = try runToEnd(in: scratch, arguments + fixture.options())
                #expect(refused.ending == .exited(78) && refused.error.contains("--tls-client-ca"), "\(refused)")
                let allowed = try runToEnd(in: scratch, arguments + fixture.options(knowingClients: true))
                #expect(allowed.ending == .exited(0), "\(allowed)")
                let plain = ["--store", "memory", "--listen", "tcp:0.0.0.0:0", "--http", "tls:127.0.0.1:0", "--check"]
                #expect(try runToEnd(in: scratch, plain + fixture.options(knowingClients: true)).ending == .exited(78))
            }
        }
    }
}

extension Response.Outcome {
    var isDeadlineExceeded: Bool { code == .deadlineExceeded }

    /// The code of an error; `nil` for an answer.
    var code: Status.Code? {
        if case .error(let status) = self { status.code } else { nil }
    }
}
