import FirnLayout
import FirnWire
import NIOHTTP1
import Testing

@testable import FirnHTTP

@Suite struct RouterTests {
    private let router = Router(layout: .snowflake)

    private func refusal(_ method: String, _ target: String) -> HTTPAnswer? {
        do throws(HTTPAnswer) {
            _ = try router.route(method: method, target: target)
            return nil
        } catch {
            return error
        }
    }

    private func message(_ answer: HTTPAnswer?) -> String {
        guard case .text(let text)? = answer?.body else { return "" }
        return text
    }

    @Test(arguments: [
        ("GET", "/"), ("HEAD", "/"), ("GET", "/?"), ("GET", "/?x=1"), ("HEAD", "/?_=1732799123&nocache"),
        ("GET", "/ids"), ("GET", "/ids?count=65536&format=base58-fixed"),
        ("HEAD", "/ids"), ("GET", "/ids/17"), ("GET", "/ids/17?layout=discord"), ("GET", "/ids/ff?format=hex"),
        ("GET", "/ids/-8000000000000000000"), ("GET", "/ids/5Wj8yQ8QrH2?format=base58-flickr"),
        ("GET", "/ids?format=base32-z"), ("GET", "/ids?format=base62-lower-first"),
        ("POST", "/sequences/a.b_c-9"), ("POST", "/sequences/%61?count=2&format=hex"), ("POST", "/prefixes/A"),
        ("GET", "/openapi.json"),
    ])
    func knows(_ method: String, _ target: String) {
        #expect(refusal(method, target) == nil)
    }

    @Test(arguments: ["/nope", "/ids/", "/ids/1/2", "/sequences", "/sequences/", "/prefixes//", "/IDS", "//"])
    func saysThatThereIsNothing(_ target: String) {
        for method in ["GET", "HEAD", "POST", "DELETE"] { #expect(refusal(method, target)?.status == .notFound) }
    }

    @Test(arguments: [
        ("POST", "/", "GET, HEAD"), ("DELETE", "/ids", "GET, HEAD"), ("PUT", "/ids/17", "GET, HEAD"),
        ("OPTIONS", "/openapi.json", "GET, HEAD"), ("GET", "/sequences/a", "POST"), ("HEAD", "/prefixes/a", "POST"),
    ])
    func saysWhichMethodsThereAre(_ method: String, _ target: String, _ allow: String) {
        let refusal = refusal(method, target)
        #expect(refusal?.status == .methodNotAllowed)
        #expect(refusal?.allow == allow)
    }

    @Test(arguments: [
        ("GET", "/?count=1", "takes none, and /ids, /sequences/{name} do"), ("GET", "/?x=1&format=hex", "/ids"),
        ("GET", "/openapi.json?x=1", "takes none"),
        ("GET", "/ids?coutn=1", "it takes count, format"),
        ("GET", "/ids?count=1&count=1", "twice"), ("GET", "/ids?count=", "''"), ("GET", "/ids?count=-1", "'-1'"),
        ("GET", "/ids?count=+1", "'+1'"), ("GET", "/ids?count=4294967296", "'4294967296'"),
        ("GET", "/ids?format=octal", "decimal, hex, base32, base58"), ("GET", "/ids/abc", "character 1"),
        ("GET", "/ids/18446744073709551616", "64 bits"), ("GET", "/ids/1?layout=none", "none"),
        ("GET", "/ids/-9223372036854775809", "give -9223372036854775808 to 18446744073709551615"),
        ("GET", "/ids/-1?format=hex", "character 1"), ("GET", "/ids/3.43688E+17", "12 are lost"),
        ("GET", "/ids/5Wj8yQ8QrH2", "base58-flickr (2126632240690500159)"),
        ("GET", "/ids/017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "UUIDv7, of 128 bits: its time is 2022-02-22T19:22:22"),
        ("GET", "/ids/541%2C815", "and give 541815."),
        ("POST", "/sequences/a%20b", "A-Z, a-z, 0-9"), ("POST", "/prefixes/%00", "A-Z, a-z, 0-9"),
        ("POST", "/prefixes/a?count=2", "takes none"),
    ])
    func saysWhatIsWrong(_ method: String, _ target: String, _ part: String) {
        let refusal = refusal(method, target)
        #expect(refusal?.status == .badRequest)
        #expect(message(refusal).contains(part), "\(message(refusal))")
    }

    /// A hundred characters of a peer's text at most come back to it.
    @Test func repeatsLittleOfALongText() {
        let refusal = refusal("GET", "/" + String(repeating: "x", count: 2000))
        #expect(message(refusal).utf8.count < 200)
    }

    @Test func refusalsOfTheEngineHaveTheirHTTPStatus() {
        let expected: [(Status.Code, UInt32, HTTPResponseStatus, UInt32?)] = [
            (.invalidArgument, 0, .badRequest, nil), (.failedPrecondition, 0, .badRequest, nil),
            (.resourceExhausted, 100, .tooManyRequests, 1), (.unavailable, 1001, .serviceUnavailable, 2),
            (.unavailable, 0, .serviceUnavailable, 1), (.deadlineExceeded, 0, .serviceUnavailable, 1),
            (.unimplemented, 0, .notImplemented, nil), (.internal, 0, .internalServerError, nil),
        ]
        for (code, milliseconds, status, seconds) in expected {
            let answer = HTTPAnswer.refused(Status(code, "why", retryAfterMilliseconds: milliseconds))
            #expect(answer.status == status)
            #expect(answer.retryAfterSeconds == seconds)
        }
    }

    @Test func allEndpointsHaveDifferentNamesAndPlaces() {
        #expect(Set(Endpoint.all.map(\.operation)).count == Endpoint.all.count)
        #expect(Set(Endpoint.all.map { $0.method + $0.template }).count == Endpoint.all.count)
    }
}
