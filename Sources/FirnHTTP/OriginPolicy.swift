internal import NIOHTTP1

/// What a browser may do here for a web page. Pure.
///
/// A browser sends requests for every page that it shows, with the reach of its own machine, and says in `Origin` for
/// which. Programs that are no browsers send no `Origin` and are not concerned.
///
/// 1. What changes something (all methods but GET, HEAD and OPTIONS) is refused to pages of other origins, unless
///    those are allowed. No GET changes anything but the next ID, which a page can use up and not read.
/// 2. Answers can be read by pages of allowed origins alone (CORS).
/// 3. On loopback, a request for a host that is not this one is refused: a page can have its own host's name lead
///    here (DNS rebinding), and its origin is then no other.
package struct OriginPolicy: Sendable {
    package enum Origins: Sendable, Equatable, CustomStringConvertible {
        case none
        case these(Set<WebOrigin>)
        /// Each page there is, those without an origin of their own among them.
        case any

        package var description: String {
            switch self {
            case .none: "of the same origin alone"
            case .these(let origins): origins.map(\.description).sorted().joined(separator: " ")
            case .any: "all"
            }
        }
    }

    private let origins: Origins
    private let originTexts: Set<String>
    private let hosts: Set<String>

    /// How long a browser may remember what a page may do, in seconds.
    static let maximumAge = 600

    /// - Parameters:
    ///   - origins: whose pages may do all that programs may.
    ///   - hosts: by which names and addresses this host is asked on loopback, beside `localhost`, 127.0.0.0/8 and ::1.
    package init(origins: Origins = .none, hosts: [String] = []) {
        self.origins = origins
        if case .these(let origins) = origins {
            originTexts = Set(origins.map(\.description))
        } else {
            originTexts = []
        }
        self.hosts = Set(hosts.map(Self.normalized))
    }

    /// Reads a host's name or address; `nil` for what is none, or has a port.
    package static func host(_ text: String) -> String? {
        guard let authority = Authority(text), authority.port == nil else { return nil }
        return normalized(authority.host)
    }

    // MARK: - Hosts

    /// The answer to a request on loopback for `host` (the field's value); `nil` when the host is this one.
    func misdirection(of host: String) -> HTTPAnswer? {
        if let authority = Authority(host), isOurs(authority.host) { return nil }
        return .refused(
            .misdirectedRequest,
            "the request is for the host '\(RequestTarget.excerpt(host))', and it came to this machine's loopback address; ask for localhost, or allow the host's name with --http-allow-host"
        )
    }

    private func isOurs(_ host: String) -> Bool {
        let name = Self.normalized(host)
        if name == "localhost" || name.hasSuffix(".localhost") || hosts.contains(name) { return true }
        if name.hasPrefix("[") {
            return name == "[::1]" || name == "[0:0:0:0:0:0:0:1]" || name.hasPrefix("[::ffff:127.")
                || name.hasPrefix("[::ffff:7f")
        }
        // A name whose last part is a number is an address to everybody (WHATWG URL, section 3.5): no DNS leads here.
        return name.hasPrefix("127.")
            && name.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }
    }

    /// In lower case, and without the dot that ends a full name.
    private static func normalized(_ host: String) -> String {
        let host = host.lowercased()
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    // MARK: - Origins

    /// The answer to a request that a page may not have made; `nil` when it may have, or when no page made it.
    func objection(to method: HTTPMethod, _ fields: RequestFields) -> HTTPAnswer? {
        guard method != .GET, method != .HEAD, method != .OPTIONS, origins != .any else { return nil }
        if let origin = fields.origin {
            return isOwn(origin, fields.host) || originTexts.contains(origin) ? nil : Self.foreign(origin)
        }
        // Browsers name the origin of all that may change something. Of one that does not, this is the next best.
        guard let site = fields.fetchSite, site != "same-origin", site != "none" else { return nil }
        return .refused(
            .forbidden,
            "a page of another origin may not do this (Sec-Fetch-Site is '\(RequestTarget.excerpt(site))'); allow its origin with --http-allow-origin"
        )
    }

    private func isOwn(_ origin: String, _ host: String?) -> Bool {
        guard let host, let own = WebOrigin("http://" + host) else { return false }
        return own.description == origin
    }

    private static func foreign(_ origin: String) -> HTTPAnswer {
        guard WebOrigin(origin) != nil else {
            return .refused(
                .forbidden,
                "a page whose origin is '\(RequestTarget.excerpt(origin))' may not do this; serve it from an origin that --http-allow-origin allows"
            )
        }
        let origin = RequestTarget.excerpt(origin)
        return .refused(
            .forbidden,
            "a page of \(origin) may not do this; allow its origin with --http-allow-origin \(origin)"
        )
    }

    /// Says on an answer which pages may read it.
    func mark(_ answer: inout HTTPAnswer, _ fields: RequestFields) {
        switch origins {
        case .none: return
        case .any: answer.readers = "*"
        case .these:
            answer.variesByOrigin = true
            if let origin = fields.origin, originTexts.contains(origin) { answer.readers = origin }
        }
    }

    /// Whether a request asks, for a page, what it may do.
    static func isPreflight(_ method: HTTPMethod, _ fields: RequestFields) -> Bool {
        method == .OPTIONS && fields.origin != nil && fields.asksForMethod
    }

    /// The answer to a preflight on a path that has these methods.
    func preflight(_ fields: RequestFields, methods: [String]) -> HTTPAnswer {
        let origin = fields.origin ?? ""
        guard origins == .any || originTexts.contains(origin) else { return Self.foreign(origin) }
        var answer = HTTPAnswer(status: .noContent, body: .none)
        answer.preflightMethods = methods.joined(separator: ", ")
        return answer
    }
}
