/// Where a daemon listens: `unix:PATH`, `tcp:HOST:PORT` or `tls:HOST:PORT`.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    case unix(path: String)
    case tcp(host: String, port: UInt16)
    /// TCP with TLS.
    case tls(host: String, port: UInt16)

    /// The longest path that a Unix socket can have: `sun_path` is 108 bytes with its NUL (unix(7)).
    package static let maximumPathLength = 107

    /// Reads an address.
    ///
    /// - Throws: ``ListenError`` that says what is wrong with the text.
    package init(parsing text: String) throws(ListenError) {
        if text.hasPrefix("unix:") {
            self = .unix(path: try Self.path(String(text.dropFirst("unix:".count))))
        } else if text.hasPrefix("tcp:") {
            let (host, port) = try Self.hostAndPort(text.dropFirst("tcp:".count))
            self = .tcp(host: host, port: port)
        } else if text.hasPrefix("tls:") {
            self = try Self.tls(text)
        } else {
            throw .configuration("'\(text)' is not an address; write unix:PATH, tcp:HOST:PORT or tls:HOST:PORT")
        }
    }

    /// Reads `HOST:PORT` or `tls:HOST:PORT`, the forms of options that are for TCP only. As `--listen` has it, `HOST:PORT` may
    /// have `tcp:` before it.
    package init(parsingHostAndPort text: String) throws(ListenError) {
        if text.hasPrefix("tls:") {
            self = try Self.tls(text)
        } else if text.hasPrefix("tcp:") {
            self = try ListenAddress(parsing: text)
        } else if text.hasPrefix("unix:") {
            throw .configuration("'\(text)' is a Unix socket; write HOST:PORT or tls:HOST:PORT")
        } else if text.contains("://") {
            throw .configuration("'\(text)' is a URL; write HOST:PORT or tls:HOST:PORT")
        } else {
            let (host, port) = try Self.hostAndPort(text[...], scheme: "")
            self = .tcp(host: host, port: port)
        }
    }

    private static func tls(_ text: String) throws(ListenError) -> ListenAddress {
        let (host, port) = try hostAndPort(text.dropFirst("tls:".count), scheme: "tls:")
        return .tls(host: host, port: port)
    }

    package var description: String {
        switch self {
        case .unix: "unix:\(withoutScheme)"
        case .tcp: "tcp:\(withoutScheme)"
        case .tls: "tls:\(withoutScheme)"
        }
    }

    /// The path, or `HOST:PORT`, with an IPv6 address in brackets.
    package var withoutScheme: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port), .tls(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// As options take it whose addresses are TCP where they have no scheme.
    package var withoutTCP: String { if case .tcp = self { withoutScheme } else { description } }

    /// The same address with TLS.
    var withTLS: ListenAddress { hostAndPort.map { .tls(host: $0.host, port: $0.port) } ?? self }

    package var isTLS: Bool { if case .tls = self { true } else { false } }

    /// The host and port; `nil` for a Unix socket.
    package var hostAndPort: (host: String, port: UInt16)? {
        switch self {
        case .unix: nil
        case .tcp(let host, let port), .tls(let host, let port): (host, port)
        }
    }

    /// Whether a bound socket's address is reached from other hosts: it is TCP, and not on loopback.
    package var isBeyondLoopback: Bool {
        guard case .tcp(let host, _) = self else { return false }
        return !host.hasPrefix("127.") && host != "::1"
    }

    private static func path(_ path: String) throws(ListenError) -> String {
        guard !path.isEmpty else {
            throw .configuration("unix: lacks the socket's path; write unix:/run/firn/firn.sock")
        }
        guard !path.hasPrefix("@") else {
            throw .configuration(
                "'\(path)' is an abstract socket, which anyone on the host may connect to; give a path"
            )
        }
        guard path.utf8.count <= maximumPathLength else {
            throw .configuration(
                "the socket path '\(path)' has \(path.utf8.count) bytes, and Linux allows \(maximumPathLength); choose a shorter one"
            )
        }
        guard !path.utf8.contains(0) else { throw .configuration("the socket path has a NUL in it") }
        return path
    }

    /// Accepts only digits: `UInt16` would accept a sign too.
    private static func port(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt16(text) : nil
    }

    private static func hostAndPort(
        _ text: Substring,
        scheme: String = "tcp:"
    ) throws(ListenError) -> (host: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            throw .configuration("'\(scheme)\(text)' lacks a port from 0 to 65535; write \(scheme)HOST:PORT")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .configuration(
                "'\(scheme)\(text)': put an IPv6 address in brackets, as in \(scheme)[::1]:7300"
            )
        }
        guard !host.isEmpty else {
            throw .configuration(
                "'\(scheme)\(text)' lacks a host; write \(scheme)127.0.0.1:\(port), or the address to serve on"
            )
        }
        return (String(host), port)
    }
}

/// Why the daemon cannot listen at a configured address.
package struct ListenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was wrong, with what value, and what to do.
    package var description: String
    /// An exit code of sysexits.h: 78 for a configuration error, 71 when the system refused, 75 when another daemon
    /// uses the address.
    package var exitCode: Int32

    static func configuration(_ description: String) -> ListenError {
        ListenError(description: description, exitCode: 78)
    }
    static func system(_ description: String) -> ListenError { ListenError(description: description, exitCode: 71) }
    static func occupied(_ description: String) -> ListenError { ListenError(description: description, exitCode: 75) }
}
