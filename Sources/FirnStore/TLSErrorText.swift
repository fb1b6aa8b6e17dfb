/// The text of a TLS failure without the location in the library's sources: their paths are those of the machine that
/// built it.
package enum TLSErrorText {
    /// The text before a reason in BoringSSL's messages, such as `error:1000007d:SSL
    /// routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /build/ssl/handshake.cc:393`.
    private static let mark = "OPENSSL_internal:"

    /// Only the reasons, if the text has this form; otherwise the text.
    package static func words(_ text: String) -> String {
        var reasons: [String] = []
        var rest = text.utf8[...]
        while let found = index(of: mark.utf8, in: rest) {
            rest = rest[found...].dropFirst(mark.utf8.count)
            let reason = rest.prefix(while: isOfReason)
            let words = reason.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: " ") : $0 }
            reasons.append(String(decoding: words, as: UTF8.self).lowercased())
            rest = rest.dropFirst(reason.count)
        }
        return reasons.isEmpty ? text : reasons.joined(separator: ", ")
    }

    private static func isOfReason(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func index(of part: String.UTF8View, in text: Substring.UTF8View) -> String.Index? {
        text.indices.first { text[$0...].starts(with: part) }
    }
}
