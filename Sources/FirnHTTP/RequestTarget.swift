internal import FirnWire
internal import NIOHTTP1

/// A request's path and query, split and percent-decoded.
struct RequestTarget: Equatable {
    struct Item: Equatable {
        let name: String
        let value: String
    }

    /// The path's segments: none for `/`; the last one is empty if the path ends with a slash.
    let path: [String]
    let query: [Item]

    /// The maximum length of a target in bytes. The longest valid one spells out a layout field by field, in about 150.
    static let maximumLength = 2048

    /// Reads `/path?query`, or the same after a scheme and an authority (RFC 9112, section 3.2.2).
    ///
    /// - Throws: the answer to an invalid target.
    init(parsing text: String) throws(HTTPAnswer) {
        guard text.utf8.count <= Self.maximumLength else {
            throw .refused(
                .uriTooLong,
                "the request's target has \(text.utf8.count) bytes, and \(Self.maximumLength) are enough for all there is; see /openapi.json"
            )
        }
        var rest = text[...]
        if let scheme = rest.range(of: "://"), rest[..<scheme.lowerBound].allSatisfy({ $0.isLetter }) {
            rest = rest[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
            if rest.first != "/" { rest = "/" + rest }
        }
        guard rest.first == "/" else {
            throw .refused(.badRequest, "the request's target '\(Self.excerpt(text))' is not a path; begin it with '/'")
        }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        let path = rest[..<mark].dropFirst()
        var segments: [String] = []
        if !path.isEmpty {
            for segment in path.split(separator: "/", omittingEmptySubsequences: false) {
                segments.append(try Self.decoded(segment, in: text))
            }
        }
        self.path = segments
        var items: [Item] = []
        for item in rest[mark...].dropFirst().split(separator: "&") {
            let equals = item.firstIndex(of: "=") ?? item.endIndex
            items.append(
                Item(
                    name: try Self.decoded(item[..<equals], in: text),
                    value: try Self.decoded(item[equals...].dropFirst(), in: text)
                )
            )
        }
        query = items
    }

    /// The host and port of a target that has a scheme.
    static func authority(of text: String) -> String? {
        guard let scheme = text[...].range(of: "://"), text[..<scheme.lowerBound].allSatisfy({ $0.isLetter }) else {
            return nil
        }
        return String(text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
    }

    private static func decoded(_ text: Substring, in whole: String) throws(HTTPAnswer) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw .refused(
                    .badRequest,
                    "the request's target '\(excerpt(whole))' has a % without two hexadecimal digits; write % itself as %25"
                )
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw .refused(
                .badRequest,
                "the request's target '\(excerpt(whole))' is not UTF-8 once its percent signs are decoded; encode it as UTF-8"
            )
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The part of a peer's text that is quoted in a message.
    static func excerpt(_ text: String) -> String { text.excerpt }
}

extension Substring {
    /// The first occurrence of `text`, without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        guard let first = text.utf8.first else { return nil }
        var place = startIndex
        while let found = self.utf8[place...].firstIndex(of: first) {
            let tail = self[found...]
            if tail.hasPrefix(text) { return found..<self.utf8.index(found, offsetBy: text.utf8.count) }
            place = self.utf8.index(after: found)
        }
        return nil
    }
}
