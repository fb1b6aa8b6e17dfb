internal import NIOHTTP1

/// What the header fields of a request say that matters here, found in one pass over them.
struct RequestFields {
    var hosts = 0
    var bodyLength = 0
    var expects = false
    /// The decoder reads nothing behind such a request, which it takes for the other protocol.
    var wantsAnotherProtocol = false

    init(_ head: HTTPRequestHead) {
        wantsAnotherProtocol = head.method == .CONNECT
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where Self.is(name, "host"): hosts += 1
            case 6 where Self.is(name, "expect"): expects = true
            case 7 where Self.is(name, "upgrade"): wantsAnotherProtocol = true
            // The decoder has refused what is no number, or is there twice.
            case 14 where Self.is(name, "content-length"): bodyLength = Int(value) ?? .max
            default: break
            }
        }
    }

    private static func `is`(_ name: String, _ other: StaticString) -> Bool {
        other.withUTF8Buffer { zip(name.utf8, $0).allSatisfy { $0 | 0x20 == $1 | 0x20 } }
    }
}
