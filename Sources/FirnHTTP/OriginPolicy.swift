internal import NIOHTTP1

/// The rules for requests that a browser sends for a web page. Pure.
///
/// A browser sends requests for every page that it shows, from its own machine, and names the page's origin in
/// `Origin`. Programs other than browsers send no `Origin`; the rules do not affect them.
///
/// 1. Methods other than GET, HEAD and OPTIONS are refused to pages of other origins, unless those are allowed. A GET
///    changes nothing except that it can use up the next ID, which the page cannot read.
/// 2. Answers can be read only by pages of allowed origins (CORS).
/// 3. On loopback, a request for another host is refused: a page can make its own host's name resolve to this address
///    (DNS rebinding), and its origin is then the same as the request's host.
package struct OriginPolicy: Sendable {
    package enum Origins: Sendable, Equatable, CustomStringConvertible {
        case none
        case these(Set<WebOrigin>)
        /// Every page, including those with an opaque origin.
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

    /// How long a browser may cache a preflight's answer, in seconds.
    static let maximumAge = 600

    /// - Parameters:
    ///   - origins: the origins whose pages may do everything that programs may do.
    ///   - hosts: names and addresses of this host on loopback, in addition to `localhost`, 127.0.0.0/8 and ::1.
    package init(origins: Origins = .none, hosts: [String] = []) {
        self.origins = origins
        if case .these(let origins) = origins {
            originTexts = Set(origins.map(\.description))
        } else {
            originTexts = []
        }
        self.hosts = Set(hosts.map(Self.normalized))
    }

    /// Reads a host's name or address; `nil` if it is neither, or has a port.
    package static func host(_ text: String) -> String? {
        guard let authority = Authority(text), authority.port == nil else { return nil }
        return normalized(authority.host)
    }

    // MARK: - Hosts

    /// The answer to a request on loopback for another host than this one, as its field `Host` says; otherwise `nil`.
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
        // A name whose last part is a number is parsed as an IPv4 address (WHATWG URL, section 3.5), so DNS is not
        // asked.
        return name.hasPrefix("127.")
            && name.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }
    }

    /// In lower case, and without the final dot of a fully qualified name.
    private static func normalized(_ host: String) -> String {
        let host = host.lowercased()
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    // MARK: - Origins

    /// The refusal of a request that a page may not make; `nil` when it may, or when no page made the request.
    ///
    /// - Parameter isSecure: whether it came over TLS; then the pages of the same origin are those of `https`.
    func objection(to method: HTTPMethod, _ fields: RequestFields, isSecure: Bool = false) -> HTTPAnswer? {
        guard method != .GET, method != .HEAD, method != .OPTIONS, origins != .any else { return nil }
        if let origin = fields.origin {
            return isOwn(origin, fields.host, isSecure) || originTexts.contains(origin) ? nil : Self.foreign(origin)
        }
        // Browsers send `Origin` with all methods that may change something. If it is absent, `Sec-Fetch-Site` is
        // checked.
        guard let site = fields.fetchSite, site != "same-origin", site != "none" else { return nil }
        return .refused(
            .forbidden,
            "a page of another origin may not do this (Sec-Fetch-Site is '\(RequestTarget.excerpt(site))'); allow its origin with --http-allow-origin"
        )
    }

    private func isOwn(_ origin: String, _ host: String?, _ isSecure: Bool) -> Bool {
        guard let host, let own = WebOrigin((isSecure ? "https://" : "http://") + host) else { return false }
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

    /// Sets which pages may read the answer.
    func mark(_ answer: inout HTTPAnswer, _ fields: RequestFields) {
        switch origins {
        case .none: return
        case .any: answer.readers = "*"
        case .these:
            answer.variesByOrigin = true
            if let origin = fields.origin, originTexts.contains(origin) { answer.readers = origin }
        }
    }

    /// Whether a request is a preflight.
    static func isPreflight(_ method: HTTPMethod, _ fields: RequestFields) -> Bool {
        method == .OPTIONS && fields.origin != nil && fields.asksForMethod
    }

    /// The answer to a preflight on a path with these methods.
    func preflight(_ fields: RequestFields, methods: [String]) -> HTTPAnswer {
        let origin = fields.origin ?? ""
        guard origins == .any || originTexts.contains(origin) else { return Self.foreign(origin) }
        var answer = HTTPAnswer(status: .noContent, body: .none)
        answer.preflightMethods = methods.joined(separator: ", ")
        return answer
    }
}
