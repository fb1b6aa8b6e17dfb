import FirnTestSupport
import Foundation
import Testing

@testable import FirnHTTP

/// What peers do wrong, by mistake or on purpose: each gets the right answer or a close, and others notice nothing.
@Suite struct BadRequestTests {
    /// What is no request that can be answered, and the status it gets before the connection is closed.
    static let hopeless: [(name: String, bytes: String, status: Int)] = [
        ("a frame of Firn's own", "\0\0\0\u{4}\u{8}\u{1}\u{1a}\0", 400),
        ("a TLS handshake", "\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n", 400),
        ("no version", "GET /\r\n\r\n", 400),
        ("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", 400),
        ("HTTP/2 without a word before", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("a method that does not exist", "FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("a field without a colon", "GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", 400),
        ("no host", "GET / HTTP/1.1\r\n\r\n", 400),
        ("two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n", 400),
        (
            "two lengths",
            "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400
        ),
        (
            "a length and chunks",
            "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400
        ),
        ("a negative length", "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        ("a huge length", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4097\r\n\r\n", 413),
        (
            "a huge chunk",
            "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1001\r\n" + String(repeating: "x", count: 0x1001), 413
        ),
        (
            "a long field",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 9000) + "\r\n\r\n", 431
        ),
        (
            "a field without an end", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 9000),
            431
        ),
        ("a line without an end", "GET /" + String(repeating: "x", count: 9000), 431),
        (
            "a hundred fields",
            "GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 100) + "\r\n", 431
        ),
        (
            "many long fields",
            "GET / HTTP/1.1\r\nHost: localhost\r\n"
                + String(repeating: "X: " + String(repeating: "y", count: 4000) + "\r\n", count: 5) + "\r\n", 431
        ),
    ]

    @Test(arguments: hopeless.indices)
    func whatIsHopelessIsAnsweredAndClosed(_ index: Int) throws {
        let (name, bytes, status) = Self.hopeless[index]
        try withHTTPServer { server in
            let peer = try server.connect()
            // In two parts, and behind a request that is good.
            for first in ["", HTTPPeer.request("GET", "/")] {
                let peer = first.isEmpty ? peer : try server.connect()
                let all = Array((first + bytes).utf8)
                try peer.send(Array(all[..<(all.count / 2)]))
                try? peer.send(Array(all[(all.count / 2)...]))
                if !first.isEmpty { #expect(try peer.answer().status == 200, "\(name)") }
                let answer = try peer.answer()
                #expect(answer.status == status, "\(name): \(answer)")
                #expect(answer.fields["connection"] == "close", "\(name)")
                #expect(answer.json["error"] is String, "\(name)")
                #expect(try peer.isClosed(), "\(name)")
            }
            #expect(try server.ask("GET", "/").status == 200)
        }
    }

    @Test func aLongTargetIsRefusedAndTheConnectionStays() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            #expect(try peer.ask("GET", "/?" + String(repeating: "x", count: 3000)).status == 414)
            #expect(try peer.ask("GET", "/").status == 200)
        }
    }

    @Test func bodiesThatNobodyNeedsAreThrownAway() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            try peer.send(
                "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + HTTPPeer.request("GET", "/ids")
            )
            #expect(try peer.answer().status == 200)
            #expect(try peer.answer().json["ids"] is [String])
            try peer.send(
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            )
            #expect(try peer.answer().status == 200)
            // curl's way with bodies: it waits for a word.
            try peer.send(
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            #expect(try peer.answer().status == 100)
            try peer.send("{}")
            #expect(try peer.answer().status == 200)
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        try withHTTPServer(layout: HTTPServerUnderTest.narrow) { server in
            let peer = try server.connect()
            let both = HTTPPeer.request("GET", "/") + HTTPPeer.request("POST", "/sequences/pipelined")
            try peer.send(String(repeating: both, count: 500))
            var last: UInt64 = 0
            for number in 1...500 {
                let id = try #require((try peer.answer().json["id"] as? String).flatMap { UInt64($0) })
                #expect(id > last)
                last = id
                #expect(try peer.answer().body == "{\"tickets\":[\"\(number)\"]}")
            }
        }
    }

    @Test func olderAndHalfClosedPeersAreAnswered() throws {
        try withHTTPServer { server in
            let old = try server.connect()
            try old.send("GET /ids?count=5000 HTTP/1.0\r\n\r\n")
            let answer = try old.answer()
            #expect(answer.status == 200 && answer.fields["transfer-encoding"] == nil)
            #expect((answer.json["ids"] as? [String])?.count == 5000)
            #expect(answer.fields["connection"] == "close")
            let half = try server.connect()
            try half.send(HTTPPeer.request("GET", "/ids?count=65536") + HTTPPeer.request("GET", "/"))
            half.finishSending()
            #expect((try half.answer().json["ids"] as? [String])?.count == 65_536)
            #expect(try half.answer().status == 200)
            #expect(try half.isClosed())
            let leaving = try server.connect()
            #expect(try leaving.ask("GET", "/", fields: ["Connection: close"]).fields["connection"] == "close")
            #expect(try leaving.isClosed())
        }
    }

    /// As `ab -k` does.
    @Test func anOlderPeerThatWantsToStayStays() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            for target in ["/", "/ids?count=3", "/nope", "/"] {
                try peer.send("GET \(target) HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                let answer = try peer.answer()
                #expect(answer.fields["connection"] == "keep-alive" && answer.fields["content-length"] != nil)
            }
            // Of a long list only the connection's end can say where it ends.
            try peer.send("GET /ids?count=5000 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            let list = try peer.answer()
            #expect(list.fields["connection"] == "close" && (list.json["ids"] as? [String])?.count == 5000)
            #expect(try peer.isClosed())
            let leaving = try server.connect()
            try leaving.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try leaving.answer().fields["connection"] == "close")
            #expect(try leaving.isClosed())
        }
    }

    @Test func anUpgradeIsAnsweredWithoutOne() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            let answer = try peer.ask(
                "GET",
                "/",
                fields: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
            )
            #expect(answer.status == 200 && answer.fields["connection"] == "close")
            #expect(try peer.isClosed())
        }
    }

    // MARK: - Time

    @Test(arguments: [
        "G", "GET / HTTP/1.1\r\nHost: localhost\r\n",
        "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
    ])
    func aRequestThatComesTooSlowlyIsAnsweredAndClosed(_ beginning: String) throws {
        try withHTTPServer({ $0.requestTimeout = .milliseconds(300) }) { server in
            let peer = try server.connect()
            try peer.send(beginning)
            let answer = try peer.answer()
            #expect(answer.status == 408 && answer.fields["connection"] == "close")
            #expect(try peer.isClosed())
        }
    }

    /// Behind whole ones in the same segment, which are answered first.
    @Test(arguments: [
        "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n", "GET / HTTP/1.1\r\nHost: loc",
        "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
        "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx\r\n",
        "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    ])
    func aRequestInPartBehindWholeOnesHasItsTime(_ beginning: String) throws {
        let whole = [
            HTTPPeer.request("GET", "/"), HTTPPeer.request("POST", "/sequences/part"),
            HTTPPeer.request("GET", "/") + HTTPPeer.request("GET", "/ids?count=65536"),
            "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
        ]
        try withHTTPServer({ $0.requestTimeout = .milliseconds(300) }) { server in
            for (index, first) in whole.enumerated() {
                let peer = try server.connect()
                try peer.send(first + beginning)
                for _ in 0..<(index == 2 ? 2 : 1) { #expect(try peer.answer().status == 200) }
                let answer = try peer.answer()
                #expect(answer.status == 408 && answer.fields["connection"] == "close", "\(first)")
                #expect(try peer.isClosed())
            }
        }
    }

    /// Line ends between requests belong to none (RFC 9112, section 2.2), and a whole request is none in part.
    @Test func aConnectionBetweenRequestsHasTheTimeOfSilence() throws {
        try withHTTPServer({
            $0.requestTimeout = .milliseconds(200)
            $0.idleTimeout = .seconds(30)
        }) { server in
            let peers = try [
                HTTPPeer.request("GET", "/"), HTTPPeer.request("GET", "/") + "\r\n",
                "\r\n" + HTTPPeer.request("GET", "/"),
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}\r\n",
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n\r\n",
                "POST /prefixes/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            ].map { request in
                let peer = try server.connect()
                try peer.send(request)
                #expect(try peer.answer().status == 200, "\(request)")
                return peer
            }
            let asked = try server.connect()
            try asked.send("\r\n")
            // Requests in part that came later have had their time, and each of the loops has looked for that.
            let late = try (0..<4).map { _ in try server.connect() }
            for peer in late { try peer.send("G") }
            for peer in late { #expect(try peer.answer().status == 408) }
            for peer in peers + [asked] { #expect(try peer.ask("GET", "/").status == 200) }
        }
    }

    @Test func aByteNowAndThenGainsNoTime() throws {
        try withHTTPServer({ $0.requestTimeout = .milliseconds(500) }) { server in
            let peer = try server.connect()
            let clock = ContinuousClock()
            let start = clock.now
            var isOpen = true
            for byte in Array(HTTPPeer.request("GET", "/").utf8) where isOpen {
                do { try peer.send([byte]) } catch { isOpen = false }
                usleep(50_000)
                if start.duration(to: clock.now) > .seconds(1) { break }
            }
            #expect(try peer.answer().status == 408)
        }
    }

    @Test func whoSaysNothingIsClosed() throws {
        try withHTTPServer({ $0.idleTimeout = .milliseconds(300) }) { server in
            let silent = try server.connect()
            let asked = try server.connect()
            #expect(try asked.ask("GET", "/").status == 200)
            #expect(try silent.isClosed())
            #expect(try asked.isClosed())
        }
    }

    @Test func whoReadsNothingIsClosed() throws {
        try withHTTPServer({ $0.sendTimeout = .milliseconds(500) }) { server in
            let peer = try HTTPPeer(port: server.port)
            let requests = Array(String(repeating: HTTPPeer.request("GET", "/ids?count=65536"), count: 100).utf8)
            // Blocks when the server reads no more, and fails when it has closed.
            #expect(throws: HTTPPeer.Failure.ended) { while true { try peer.send(requests) } }
            #expect(try server.ask("GET", "/").status == 200)
        }
    }

    // MARK: - Numbers

    @Test func theOneIdleLongestMakesRoomForANewcomer() throws {
        try withHTTPServer(threads: 1, { $0.maximumConnections = 4 }) { server in
            let peers = try (0..<4).map { _ in try server.connect() }
            for peer in peers { #expect(try peer.ask("GET", "/").status == 200) }
            #expect(try peers[0].ask("GET", "/").status == 200)
            let newcomer = try server.connect()
            #expect(try newcomer.ask("GET", "/").status == 200)
            #expect(try peers[1].isClosed())
            for peer in [peers[0], peers[2], peers[3]] { #expect(try peer.ask("GET", "/").status == 200) }
        }
    }

    @Test func whereAllAreBusyANewcomerIsToldSo() throws {
        try withHTTPServer(threads: 1, { $0.maximumConnections = 2 }) { server in
            let peers = try (0..<2).map { _ in try server.connect() }
            for peer in peers {
                #expect(try peer.ask("GET", "/").status == 200)
                try peer.send("GET / HT")
            }
            try server.hasReadWhatWasSent()
            let newcomer = try server.connect()
            let answer = try newcomer.answer()
            #expect(answer.status == 503 && answer.fields["retry-after"] == "1")
            #expect((answer.json["error"] as? String)?.contains("--max-http-connections") == true)
            #expect(try newcomer.isClosed())
            for peer in peers {
                try peer.send("TP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try peer.answer().status == 200)
            }
        }
    }
}
