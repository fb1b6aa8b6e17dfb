import FirnTestSupport
import NIOHTTP1
import Testing

@testable import FirnHTTP

/// What a browser may do for which page, by the request alone.
@Suite struct OriginPolicyTests {
    private static let app = WebOrigin("https://app.example.com")!

    private func fields(_ method: HTTPMethod, _ pairs: [(String, String)], uri: String = "/") -> RequestFields {
        RequestFields(HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: HTTPHeaders(pairs)))
    }

    private func status(_ policy: OriginPolicy, _ pairs: [(String, String)], method: HTTPMethod = .POST) -> Int? {
        policy.objection(to: method, fields(method, pairs)).map { Int($0.status.code) }
    }

    @Test func programsAreNotConcerned() {
        #expect(status(OriginPolicy(), [("Host", "localhost:3000")]) == nil)
        #expect(status(OriginPolicy(), []) == nil)
    }

    @Test(arguments: [
        "https://evil.example", "null", "", "http://localhost", "http://localhost:8000", "https://localhost:3000",
        "http://localhost:3000.evil.example", "http://localhost:3000/", "http://localhost:3000, https://evil.example",
        "file://", "chrome-extension://abcdefgh",
    ])
    func aPageOfAnotherOriginMayNotPost(_ origin: String) {
        for method in [HTTPMethod.POST, .PUT, .DELETE, .PATCH, .RAW(value: "PURGE")] {
            #expect(status(OriginPolicy(), [("Host", "localhost:3000"), ("Origin", origin)], method: method) == 403)
        }
        let allowing = OriginPolicy(origins: .these([Self.app]))
        #expect(status(allowing, [("Host", "localhost:3000"), ("Origin", origin)]) == 403)
        let open = OriginPolicy(origins: .any)
        #expect(status(open, [("Host", "localhost:3000"), ("Origin", origin)]) == nil)
    }

    @Test func whoAddsASecondOriginIsTakenForNeither() {
        let both = [("Host", "localhost"), ("Origin", "http://localhost"), ("Origin", "https://evil.example")]
        #expect(status(OriginPolicy(), both) == 403)
        #expect(status(OriginPolicy(), both.map { ($0.0, "http://localhost") }) == 403)
    }

    @Test(arguments: [
        ("localhost:3000", "http://localhost:3000"), ("LOCALHOST:3000", "http://localhost:3000"),
        ("localhost", "http://localhost"), ("localhost:80", "http://localhost"), ("[::1]:3000", "http://[::1]:3000"),
        ("ids.example.com", "http://ids.example.com"),
    ])
    func aPageOfTheSameOriginMay(_ host: String, _ origin: String) {
        #expect(status(OriginPolicy(), [("Host", host), ("Origin", origin)]) == nil)
    }

    @Test func overTLSTheSameOriginIsThatOfHTTPS() {
        func isRefused(_ origin: String, isSecure: Bool) -> Bool {
            let fields = fields(.POST, [("Host", "localhost:3000"), ("Origin", origin)])
            return OriginPolicy().objection(to: .POST, fields, isSecure: isSecure) != nil
        }
        #expect(!isRefused("https://localhost:3000", isSecure: true))
        #expect(isRefused("http://localhost:3000", isSecure: true))
        #expect(isRefused("https://localhost:3000", isSecure: false))
    }

    @Test func aTargetWithAHostCountsMoreThanTheField() {
        let pairs = [("Host", "localhost"), ("Origin", "http://localhost")]
        let fields = fields(.POST, pairs, uri: "http://evil.example/sequences/a")
        #expect(fields.host == "evil.example")
        #expect(OriginPolicy().objection(to: .POST, fields)?.status == .forbidden)
    }

    @Test func allowedOriginsMayAndReadTheAnswer() {
        let policy = OriginPolicy(origins: .these([Self.app, WebOrigin("http://localhost:8080")!]))
        #expect(status(policy, [("Host", "a"), ("Origin", "https://app.example.com")]) == nil)
        #expect(status(policy, [("Host", "a"), ("Origin", "https://app.example.com:8443")]) == 403)
        #expect(status(policy, [("Host", "a"), ("Origin", "http://app.example.com")]) == 403)
        for (origin, readers) in [
            ("http://localhost:8080", "http://localhost:8080"), ("https://evil.example", nil), (nil, nil),
        ] as [(String?, String?)] {
            var answer = HTTPAnswer(status: .ok, body: .none)
            policy.mark(&answer, fields(.GET, (origin.map { [("Origin", $0)] } ?? [])))
            #expect(answer.readers == readers && answer.variesByOrigin)
        }
        var answer = HTTPAnswer(status: .ok, body: .none)
        OriginPolicy().mark(&answer, fields(.GET, [("Origin", "https://app.example.com")]))
        #expect(answer.readers == nil && !answer.variesByOrigin)
    }

    /// A browser that names no origin, which none does with POST, may still say that the page is another's.
    @Test(arguments: [("cross-site", 403), ("same-site", 403), ("same-origin", nil), ("none", nil), ("?", 403)])
    func withoutAnOriginTheBrowsersNextWordCounts(_ site: String, _ expected: Int?) {
        #expect(status(OriginPolicy(), [("Host", "localhost"), ("Sec-Fetch-Site", site)]) == expected)
    }

    @Test(arguments: [HTTPMethod.GET, .HEAD, .OPTIONS])
    func whatChangesNothingIsNotRefused(_ method: HTTPMethod) {
        let pairs = [("Host", "localhost"), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]
        #expect(status(OriginPolicy(), pairs, method: method) == nil)
        // No GET takes what is counted.
        for endpoint in Endpoint.all where endpoint.method == "GET" {
            #expect(!["nextTickets", "newPrefix"].contains(endpoint.operation))
        }
    }

    // MARK: - Hosts

    @Test(arguments: [
        "localhost", "LocalHost:3000", "localhost.", "app.localhost:3000", "127.0.0.1", "127.0.0.1:3000", "127.9.8.7",
        "127.1:3000", "[::1]", "[::1]:3000", "[::ffff:127.0.0.1]:3000", "[::ffff:7f00:1]", "own-name", "Own-Name.:1",
        "firn.internal",
    ])
    func namesAndAddressesOfThisHostAreKnown(_ host: String) {
        let policy = OriginPolicy(hosts: ["own-name", "Firn.Internal"])
        #expect(policy.misdirection(of: host) == nil)
    }

    @Test(arguments: [
        "", "evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", "127.evil.example",
        "10.0.0.1", "0.0.0.0:3000", "[::]", "[fe80::1]", "notlocalhost", "localhost:3000:1", "localhost:x",
        "localhost@evil.example", "a b", "[::1", "xn--localhost",
    ])
    func othersAreNot(_ host: String) {
        let answer = OriginPolicy(hosts: ["own-name"]).misdirection(of: host)
        #expect(answer?.status == .misdirectedRequest)
    }

    // MARK: - Origins as they are written

    @Test(arguments: [
        ("https://ids.example.com", "https://ids.example.com"),
        ("HTTPS://IDs.Example.com:443", "https://ids.example.com"),
        ("http://localhost:80", "http://localhost"), ("http://localhost:443", "http://localhost:443"),
        ("http://[::1]:8080", "http://[::1]:8080"), ("chrome-extension://abc", "chrome-extension://abc"),
    ])
    func originsAreRead(_ text: String, _ canonical: String) {
        #expect(WebOrigin(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "*", "null", "example.com", "https://", "https://a/", "https://a/b", "https://u@a", "https://a:",
        "https://a:b",
        "https://a:70000", "https://a:-1", "://a", "https:a", "https://[::1", "https://a b", "https://a\r\nx: y",
        "https://*.a",
    ])
    func whatIsNoOriginIsRefused(_ text: String) {
        #expect(WebOrigin(text) == nil)
    }

    // MARK: - Other fields

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("deflate, gzip;q=0.5, br", true), ("*", true), ("x-gzip", true),
        ("gzip;q=0", false), ("gzip; q=0.000", false), ("br, *;q=0", false), ("gzip;q=0, *", false), ("", false),
        ("identity", false), ("gzipped", false), ("*;q=0, gzip", true), ("gzip;q=0.001", true),
    ])
    func gzipIsUsedWhereItIsAccepted(_ value: String, _ expected: Bool) {
        #expect(fields(.GET, [("Accept-Encoding", value)]).acceptsGzip == expected)
        #expect(!fields(.GET, []).acceptsGzip)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false),
        ("", false),
    ])
    func aKnownTagIsFound(_ value: String, _ expected: Bool) {
        #expect(fields(.GET, [("If-None-Match", value)]).knows("\"a\"") == expected)
    }
}
