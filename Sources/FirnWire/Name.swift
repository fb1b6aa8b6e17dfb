/// The name of a sequence or a service: 1 to 64 characters of `[A-Za-z0-9._-]`.
package struct Name: Sendable, Hashable, CustomStringConvertible {
    package static let maximumLength = 64

    package let description: String

    /// `nil` when `text` is not such a name.
    package init?(_ text: String) {
        self.init(utf8: text.utf8)
    }

    /// `nil` when the bytes are not such a name. Multi-byte characters, NUL and invalid UTF-8 are not allowed.
    init?(utf8 bytes: some Collection<UInt8>) {
        guard (1...Self.maximumLength).contains(bytes.count), bytes.allSatisfy(Self.allows) else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
