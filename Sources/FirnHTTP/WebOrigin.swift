/// The origin of a web page: scheme, host and port, as browsers write it in `Origin` (RFC 6454, section 6.2).
package struct WebOrigin: Sendable, Hashable, CustomStringConvertible {
    /// In lower case, without the scheme's default port.
    package let description: String

    /// Reads `https://ids.example.com` or `http://localhost:8080`.
    ///
    /// - Returns: `nil` if it is not an origin: no scheme, or a path, a user, or a port that is not a number.
    package init?(_ text: String) {
        let text = text.lowercased()
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"), colon != text.startIndex else {
            return nil
        }
        let scheme = text[..<colon]
        guard scheme.utf8.allSatisfy({ Self.isLetterOrDigit($0) || "+-.".utf8.contains($0) }),
            let authority = Authority(text[text.index(colon, offsetBy: 3)...])
        else { return nil }
        let isDefault =
            switch (scheme, authority.port) {
            case (_, nil), ("http", 80), ("https", 443): true
            default: false
            }
        description = "\(scheme)://\(authority.host)" + (isDefault ? "" : ":\(authority.port!)")
    }

    fileprivate static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

/// A host with an optional port, as in `Host` and in URLs.
struct Authority: Equatable {
    /// In lower case; an IPv6 address with its brackets.
    let host: String
    let port: UInt16?

    init?(_ text: some StringProtocol) {
        let text = text.lowercased()
        let end: String.Index
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            end = text.index(after: bracket)
            let inside = text[..<bracket].dropFirst()
            guard !inside.isEmpty,
                inside.utf8.allSatisfy({ WebOrigin.isLetterOrDigit($0) || ":.".utf8.contains($0) })
            else { return nil }
        } else {
            end = text.firstIndex(of: ":") ?? text.endIndex
            // In practice host names also contain underscores.
            guard end > text.startIndex,
                text[..<end].utf8.allSatisfy({ WebOrigin.isLetterOrDigit($0) || "-._".utf8.contains($0) })
            else { return nil }
        }
        host = String(text[..<end])
        let rest = text[end...]
        guard !rest.isEmpty else {
            port = nil
            return
        }
        guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = UInt16(rest.dropFirst())
        else { return nil }
        port = number
    }
}
