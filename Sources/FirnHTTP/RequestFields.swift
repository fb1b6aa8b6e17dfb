internal import FirnWire
internal import NIOHTTP1

/// The header fields of a request that are used here, collected in one pass.
struct RequestFields {
    var hosts = 0
    /// The host that the request is for, with its port if it has one.
    var host: String?
    var bodyLength = 0
    var expects = false
    /// The decoder does not parse what follows such a request: it treats it as the other protocol's.
    var wantsAnotherProtocol = false
    /// The origin of the page that a browser sent the request for.
    var origin: String?
    /// The relation of that page to this host: the value of `Sec-Fetch-Site`.
    var fetchSite: String?
    /// Whether the request has `Access-Control-Request-Method`, as a preflight does.
    var asksForMethod = false
    private var authorization: String?
    private var acceptedEncodings: String?
    private var knownTags: String?

    init() {}

    init(_ head: HTTPRequestHead) {
        wantsAnotherProtocol = head.method == .CONNECT
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where Self.is(name, "host"):
                hosts += 1
                host = value
            case 6 where Self.is(name, "origin"): origin = Self.joined(origin, value)
            case 6 where Self.is(name, "expect"): expects = true
            case 7 where Self.is(name, "upgrade"): wantsAnotherProtocol = true
            case 13 where Self.is(name, "authorization"): authorization = Self.joined(authorization, value)
            case 13 where Self.is(name, "if-none-match"): knownTags = Self.joined(knownTags, value)
            // The decoder has refused a value that is not a number, and a second field.
            case 14 where Self.is(name, "content-length"): bodyLength = Int(value) ?? .max
            case 14 where Self.is(name, "sec-fetch-site"): fetchSite = Self.joined(fetchSite, value)
            case 15 where Self.is(name, "accept-encoding"): acceptedEncodings = Self.joined(acceptedEncodings, value)
            case 29 where Self.is(name, "access-control-request-method"): asksForMethod = true
            default: break
            }
        }
        // A host in the target takes precedence over the field (RFC 9112, section 3.2.2).
        if head.uri.utf8.first != UInt8(ascii: "/"), let authority = RequestTarget.authority(of: head.uri) {
            host = authority
        }
    }

    /// Why a request is refused before its body arrives; `nil` when it is not.
    func objection(_ head: HTTPRequestHead) -> HTTPAnswer? {
        // RFC 9112, section 3.2.
        if head.version.minor > 0 ? hosts != 1 : hosts > 1 {
            return .refused(.badRequest, "the request has \(hosts) Host fields; send one")
        }
        return bodyLength > HTTPLimits.maximumBodyLength ? Self.bodyTooLong : nil
    }

    static let bodyTooLong = HTTPAnswer.refused(
        .payloadTooLarge,
        "the request's body has more than \(HTTPLimits.maximumBodyLength) bytes; no request here needs one"
    )

    /// The token that the request shows; `nil` if it has no such field.
    var token: BearerToken? { authorization.map { BearerToken(authorization: $0) } }

    /// Whether the answer's body may be compressed with gzip (RFC 9110, section 12.5.3).
    var acceptsGzip: Bool {
        guard let acceptedEncodings else { return false }
        var isAccepted: Bool?
        for item in acceptedEncodings.split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let name = parts.first else { continue }
            let isWanted = !parts.dropFirst().contains {
                $0.hasPrefix("q=0") && $0.dropFirst(3).allSatisfy { $0 == "0" || $0 == "." }
            }
            switch name {
            case "gzip", "x-gzip": return isWanted
            case "*": isAccepted = isWanted
            default: break
            }
        }
        return isAccepted ?? false
    }

    /// Whether the peer already has the body with this tag (RFC 9110, section 13.1.2).
    func knows(_ tag: String) -> Bool {
        guard let knownTags else { return false }
        return knownTags.split(separator: ",").contains { item in
            let item = item.drop { $0 == " " || $0 == "\t" }
            let known = item.hasPrefix("W/") ? item.dropFirst(2) : item
            return known.prefix { $0 != " " && $0 != "\t" } == tag || known.first == "*"
        }
    }

    /// A field that occurs twice is one list (RFC 9110, section 5.3). Where no list is allowed, the joined value is
    /// then invalid.
    private static func joined(_ before: String?, _ value: String) -> String {
        before.map { "\($0), \(value)" } ?? value
    }

    private static func `is`(_ name: String, _ other: StaticString) -> Bool {
        other.withUTF8Buffer { zip(name.utf8, $0).allSatisfy { $0 | 0x20 == $1 | 0x20 } }
    }
}
