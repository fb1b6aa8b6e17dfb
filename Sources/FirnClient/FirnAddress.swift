/// The address of a daemon: a Unix socket's path, or a host and a port, with or without TLS.
///
/// As text it is `unix:/run/firn/firn.sock` or `tcp:firn.internal:7300`, with brackets around an IPv6 address:
/// `tcp:[::1]:7300`. With TLS it is `tls:firn.internal:7300`; ``FirnClientConfiguration/tls`` has its files.
public struct FirnAddress: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case unix(path: String)
        case tcp(host: String, port: UInt16)
        case tls(host: String, port: UInt16)
    }

    let kind: Kind

    init(kind: Kind) {
        self.kind = kind
    }

    var isTLS: Bool { if case .tls = kind { true } else { false } }

    /// The longest path of a Unix socket in bytes: `sun_path` without its NUL. Source: unix(7), and unix(4) of macOS.
    #if canImport(Darwin)
        static let maximumPathLength = 103
    #else
        static let maximumPathLength = 107
    #endif

    /// The address of a Unix socket.
    ///
    /// - Parameter path: The socket's path, absolute or relative to the working directory at the time of connecting.
    /// - Throws: ``FirnClientError`` with code `.invalidAddress` when the path is empty, has a NUL in it, or is longer
    ///   than the system allows: 107 bytes, on macOS 103.
    public static func unix(path: String) throws(FirnClientError) -> FirnAddress {
        guard !path.isEmpty else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The address has no path: give the socket's, as in unix:/run/firn/firn.sock."
            )
        }
        guard !path.utf8.contains(0) else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The socket's path \(path.quoted) has a NUL in it: give one without."
            )
        }
        guard path.utf8.count <= maximumPathLength else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The socket's path \(path.quoted) has \(path.utf8.count) bytes, and a socket's has at most "
                    + "\(maximumPathLength): choose a shorter one."
            )
        }
        return FirnAddress(kind: .unix(path: path))
    }

    /// The address of a TCP port of a host.
    ///
    /// - Parameters:
    ///   - host: A name, an IPv4 address, or an IPv6 address without brackets. A name is looked up at each attempt to connect.
    ///   - port: 1 to 65,535.
    /// - Throws: ``FirnClientError`` with code `.invalidAddress` when the host is empty or the port 0.
    public static func tcp(host: String, port: UInt16) throws(FirnClientError) -> FirnAddress {
        try check(host, port, scheme: "tcp")
        return FirnAddress(kind: .tcp(host: host, port: port))
    }

    /// The address of a TCP port of a host, with TLS: the daemon listens at `tls:HOST:PORT`.
    ///
    /// - Parameters:
    ///   - host: A name, an IPv4 address, or an IPv6 address without brackets. The daemon's certificate must have it, unless
    ///     ``FirnTLSConfiguration/serverName`` is set.
    ///   - port: 1 to 65,535.
    /// - Throws: ``FirnClientError`` with code `.invalidAddress` when the host is empty or the port 0, or when this library was
    ///   built without the trait `TLS`.
    public static func tls(host: String, port: UInt16) throws(FirnClientError) -> FirnAddress {
        #if !TLS
            throw FirnClientError(
                code: .invalidAddress,
                message:
                    "The address tls:\(host):\(port) needs TLS, and this program was built without it; build it with TLS "
                    + "(the package trait TLS)."
            )
        #else
            try check(host, port, scheme: "tls")
            return FirnAddress(kind: .tls(host: host, port: port))
        #endif
    }

    private static func check(_ host: String, _ port: UInt16, scheme: String) throws(FirnClientError) {
        guard !host.isEmpty, !host.utf8.contains(0) else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The address has no host: give one, as in \(scheme):127.0.0.1:\(port)."
            )
        }
        guard port > 0 else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The address has port 0: give the daemon's, 1 to 65535."
            )
        }
    }

    /// Parses an address.
    ///
    /// - Parameter text: `unix:PATH`, `tcp:HOST:PORT` or `tls:HOST:PORT`, with brackets around an IPv6 address.
    /// - Throws: ``FirnClientError`` with code `.invalidAddress` for any other text; the message says what to write.
    public init(parsing text: String) throws(FirnClientError) {
        if text.hasPrefix("unix:") {
            self = try .unix(path: String(text.dropFirst("unix:".count)))
        } else if text.hasPrefix("tcp:") {
            let (host, port) = try Self.hostAndPort(text.dropFirst("tcp:".count), scheme: "tcp")
            self = try .tcp(host: host, port: port)
        } else if text.hasPrefix("tls:") {
            let (host, port) = try Self.hostAndPort(text.dropFirst("tls:".count), scheme: "tls")
            self = try .tls(host: host, port: port)
        } else {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The address \(text.quoted) is neither unix:PATH nor tcp:HOST:PORT nor "
                    + "tls:HOST:PORT: write unix:/run/firn/firn.sock or tcp:127.0.0.1:7300."
            )
        }
    }

    private static func hostAndPort(
        _ text: Substring,
        scheme: String
    ) throws(FirnClientError) -> (host: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw FirnClientError(
                code: .invalidAddress,
                message:
                    "The address \("\(scheme):\(text)".quoted) has no port from 1 to 65535: write \(scheme):HOST:PORT."
            )
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
            host = host.dropFirst().dropLast()
        } else if host.contains(where: { ":[]".contains($0) }) {
            throw FirnClientError(
                code: .invalidAddress,
                message: "The address \("\(scheme):\(text)".quoted) has a host with colons or brackets: "
                    + "write an IPv6 address in brackets, as in \(scheme):[::1]:7300."
            )
        }
        return (String(host), port)
    }
}

extension FirnAddress: CustomStringConvertible {
    /// The address as ``init(parsing:)`` reads it.
    public var description: String {
        switch kind {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): Self.text("tcp", host, port)
        case .tls(let host, let port): Self.text("tls", host, port)
        }
    }

    private static func text(_ scheme: String, _ host: String, _ port: UInt16) -> String {
        host.contains(":") ? "\(scheme):[\(host)]:\(port)" : "\(scheme):\(host):\(port)"
    }
}

extension String {
    /// The text in quotes for a message: control characters escaped, a long one cut.
    var quoted: String {
        let maximumLength = 120  // Longer than any path that a socket can have.
        let start = unicodeScalars.prefix(maximumLength)
        return String(reflecting: String(String.UnicodeScalarView(start))) + (start.endIndex < endIndex ? "…" : "")
    }
}
