import FirnLayout
import FirnTestSupport
import Foundation
import Testing

@testable import FirnHTTP

/// What every user wants of the HTTP server, over real sockets.
@Suite struct HTTPServerTests {
    @Test func givesAnIDAsTheArticleDoes() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            var last: UInt64 = 0
            for _ in 0..<100 {
                let answer = try peer.ask("GET", "/")
                #expect(answer.status == 200)
                #expect(answer.fields["content-type"] == "application/json")
                #expect(answer.fields["cache-control"] == "no-store")
                let id = try #require((answer.json["id"] as? String).flatMap { UInt64($0) })
                #expect(answer.body == "{\"id\":\"\(id)\"}")
                #expect(id > last)
                #expect(Layout.snowflake.decode(FirnID(rawValue: id)).worker == HTTPServerUnderTest.worker)
                last = id
            }
        }
    }

    @Test(arguments: IDFormat.allCases)
    func batchesHoldTheirCountAndRise(_ format: IDFormat) throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            var last = FirnID(rawValue: 0)
            for count in [1, 2, 700, 4097, 65_536] {
                let answer = try peer.ask("GET", "/ids?count=\(count)&format=\(format.name)")
                #expect(answer.status == 200 && answer.fields["cache-control"] == "no-store")
                let ids = try #require(answer.json["ids"] as? [String])
                #expect(ids.count == count)
                for text in ids {
                    let id = try FirnID(parsing: text, format: format)
                    #expect(id > last)
                    last = id
                }
            }
        }
    }

    @Test func decodesAnIDInItsOwnAndInAnotherLayout() throws {
        try withHTTPServer { server in
            let own = try server.ask("GET", "/ids/1116766490855473152")
            #expect(own.status == 200)
            #expect(own.json["utc"] as? String == "2019-04-12T18:14:14.595Z")
            let other = try server.ask("GET", "/ids/256aed0d6000000?layout=sonyflake&format=hex")
            #expect(other.json["id"] as? String == "168514248039727104")
            #expect(other.json["layout"] as? String == "sonyflake")
            let signed = try server.ask("GET", "/ids/-8000000000000000000?layout=discord")
            #expect(signed.json["id"] as? String == "10446744073709551616")
        }
    }

    @Test func guessesWhoseAnIDIs() throws {
        try withHTTPServer { server in
            let guess = try server.ask("GET", "/ids/101767036616676231?layout=guess")
            #expect(guess.status == 200)
            #expect(guess.json["layout"] as? String == "mastodon")
            #expect(guess.json["utc"] as? String == "2019-03-17T16:55:45.249Z")
            #expect(guess.json["plausible"] as? Bool == true)
            let candidates = try #require(guess.json["candidates"] as? [[String: Any]])
            #expect(candidates.count == KnownLayout.all.count)
            #expect(candidates.first?["layout"] as? String == "mastodon")
            #expect(candidates.last?["plausible"] as? Bool == false)
            let hex = try server.ask("GET", "/ids/1698c94a3619387?layout=guess&format=hex")
            #expect(hex.json["id"] as? String == "101767036616676231")
            #expect(hex.json["layout"] as? String == "mastodon")
            #expect(try server.ask("GET", "/ids/x?layout=guess").status == 400)
        }
    }

    @Test func tellsWhatThereIsToSayOfAnID() throws {
        try withHTTPServer { server in
            let plain = try server.ask("GET", "/ids/1116766490855473152")
            #expect(plain.json["hints"] == nil && plain.json["warnings"] == nil)
            #expect(plain.fields["cache-control"] == nil)
            let misfit = try server.ask("GET", "/ids/18446744073709551615?layout=snowflake")
            let hints = try #require(misfit.json["hints"] as? [String])
            #expect(hints.count == 1 && hints[0].contains("cannot be of it: its unused bits are set. "))
            #expect(misfit.fields["cache-control"] == "no-store", "a time in the future comes to pass")
            let confusable = try server.ask("GET", "/ids/5Wj8yQ8QrH2?format=base58-flickr")
            #expect((confusable.json["hints"] as? [String])?.first?.contains("base58 (1944015183395512685)") == true)
            let warned = try server.ask(
                "GET",
                "/ids/1?layout=time:39h@2025-01-01T00:30:00Z,sequence:8,worker:16"
            )
            #expect((warned.json["warnings"] as? [String])?.first?.contains("write /floored after the epoch") == true)
        }
    }

    @Test func guessIsTakenInCapitalsAndNamedWhereALayoutIsUnknown() throws {
        try withHTTPServer { server in
            let guess = try server.ask("GET", "/ids/101767036616676231?layout=Guess")
            #expect(guess.status == 200 && guess.json["layout"] as? String == "mastodon" && guess.json["hints"] == nil)
            let unknown = try server.ask("GET", "/ids/1?layout=mastodn")
            let message = try #require(unknown.json["error"] as? String)
            #expect(
                unknown.status == 400 && message.contains("mastodon,")
                    && message.hasSuffix(" layout=guess tries all that are known.")
            )
            let none = try server.ask("GET", "/ids/18446744073709551615?layout=guess")
            #expect(none.status == 200 && none.json["plausible"] as? Bool == false)
            #expect(
                (none.json["hints"] as? [String])?.first?.hasPrefix("No known layout gives 18446744073709551615 ")
                    == true
            )
        }
    }

    @Test func givesTicketsAndPrefixes() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            #expect(try peer.ask("POST", "/sequences/orders?count=3").body == #"{"tickets":["1","2","3"]}"#)
            #expect(try peer.ask("POST", "/sequences/orders").body == #"{"tickets":["4"]}"#)
            #expect(try peer.ask("POST", "/prefixes/ServiceA").body == #"{"prefix":"ServiceA-1"}"#)
            #expect(try server.ask("POST", "/prefixes/ServiceA").body == #"{"prefix":"ServiceA-2"}"#)
            // A name has one use.
            let other = try peer.ask("POST", "/sequences/ServiceA")
            #expect(other.status == 400 && (other.json["error"] as? String)?.contains("prefix") == true)
        }
    }

    @Test func headIsGetWithoutABody() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            for target in ["/", "/ids?count=3", "/ids?count=65536", "/ids/17", "/openapi.json", "/nope"] {
                let head = try peer.ask("HEAD", target)
                let get = try peer.ask("GET", target)
                #expect(head.status == get.status)
                #expect(head.fields["content-type"] == get.fields["content-type"])
                #expect(head.fields["content-length"] == get.fields["content-length"])
                #expect(head.fields["transfer-encoding"] == get.fields["transfer-encoding"])
            }
        }
    }

    @Test func errorsAreJSONAndSayWhatIsWrong() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            for (method, target, status, part) in [
                ("GET", "/nope", 404, "/openapi.json"), ("GET", "/ids?count=0", 400, "ask for 1 to 65536"),
                ("GET", "/ids?count=65537", 400, "at most 65536"), ("GET", "/%", 400, "%25"),
                ("PATCH", "/ids", 405, "GET or HEAD"), ("POST", "/sequences/%2F", 400, "A-Z"),
            ] {
                let answer = try peer.ask(method, target)
                #expect(answer.status == status)
                #expect(answer.fields["content-type"] == "application/json")
                let message = try #require(answer.json["error"] as? String)
                #expect(message.contains(part) && answer.json.count == 1, "\(message)")
            }
            #expect(try peer.ask("PATCH", "/ids").fields["allow"] == "GET, HEAD")
        }
    }

    @Test func whereNothingCanBeGivenItSaysWhyAndWhenToComeBack() throws {
        try withHTTPServer(hasWorker: false) { server in
            let peer = try server.connect()
            for target in ["/", "/ids?count=5"] {
                let answer = try peer.ask("GET", target)
                #expect(answer.status == 503)
                #expect(answer.fields["retry-after"] == "1")
                #expect((answer.json["error"] as? String)?.contains("no worker is claimed yet") == true)
            }
            // What needs no worker goes on.
            #expect(try peer.ask("GET", "/ids/17").status == 200)
        }
    }

    /// 16 IDs a millisecond: a batch takes a second, and the single IDs come in between.
    @Test func aBatchWaitsForItsTicksAndSingleIDsDoNotWaitForIt() throws {
        try withHTTPServer(layout: HTTPServerUnderTest.narrow, threads: 1) { server in
            let (giant, single) = (try server.connect(), try server.connect())
            let batch = HTTPPeer.request("GET", "/ids?count=16000")
            // One batch is under way until 20 single IDs were given out. Singles that waited for batches would see as many.
            try giant.send(batch)
            try server.hasReadWhatWasSent()
            var (singles, batches) = (0, 0)
            while singles < 20, batches < 20 {
                #expect(try single.ask("GET", "/").status == 200)
                singles += 1
                if giant.hasBytes {
                    try expectWholeBatch(giant.answer())
                    batches += 1
                    try giant.send(batch)
                    try server.hasReadWhatWasSent()
                }
            }
            #expect(batches < 10, "\(singles) single IDs were given out in the time of \(batches) batches")
            try expectWholeBatch(giant.answer())
        }
    }

    private func expectWholeBatch(_ answer: HTTPPeer.Answer) throws {
        let texts = try #require(answer.json["ids"] as? [String])
        let ids = texts.compactMap { UInt64($0) }
        #expect(ids.count == 16_000 && zip(ids, ids.dropFirst()).allSatisfy(<))
        let decoded = [ids.first!, ids.last!].map { HTTPServerUnderTest.narrow.decode(FirnID(rawValue: $0)).time! }
        #expect(decoded[1] - decoded[0] >= 999)
    }

    @Test func manyConnectionsGetEachIDOnce() throws {
        try withHTTPServer { server in
            let peers = try (0..<50).map { _ in try server.connect() }
            var ids: Set<String> = []
            for _ in 0..<40 {
                for peer in peers { try peer.send(HTTPPeer.request("GET", "/ids?count=7")) }
                for peer in peers { ids.formUnion(try #require(try peer.answer().json["ids"] as? [String])) }
            }
            #expect(ids.count == 50 * 40 * 7)
        }
    }

    @Test func adminListenersServeDocumentsAlone() throws {
        let admin = AdminContent(paths: ["/", "/now"]) { path in
            path == "/now"
                ? nil : HTTPDocument(statusCode: 200, contentType: "text/plain", body: Array("as it is".utf8))
        }
        try withHTTPServer(admin: admin) { server in
            let answer = try HTTPPeer.ask("GET", "/", port: server.adminPort)
            #expect(answer.status == 200 && answer.body == "as it is" && answer.fields["content-type"] == "text/plain")
            #expect(try HTTPPeer.ask("HEAD", "/", port: server.adminPort).fields["content-length"] == "8")
            #expect(try HTTPPeer.ask("GET", "/now", port: server.adminPort).status == 404)
            #expect(try HTTPPeer.ask("GET", "/ids", port: server.adminPort).status == 404)
            let post = try HTTPPeer.ask("POST", "/", port: server.adminPort)
            #expect(post.status == 405 && post.fields["allow"] == "GET, HEAD")
        }
    }
}
