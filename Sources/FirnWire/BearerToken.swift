/// A secret that a peer shows to be served. Its text is in no message: ``description`` leaves it out.
package struct BearerToken: Sendable, Equatable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// The lengths that a daemon's token file allows.
    package static let lengths = 16...256

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: some StringProtocol) {
        bytes = [UInt8](text.utf8)
    }

    /// The token in the value of a header field `Authorization: Bearer TOKEN` (RFC 6750, section 2.1). What is there in
    /// another scheme is a token that nobody has.
    package init(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        let isBearer = parts.count == 2 && parts[0].lowercased() == "bearer"
        self.init(isBearer ? parts[1].drop { $0 == " " } : "")
    }

    /// Whether it can be a token: printable ASCII without blanks, of an allowed length.
    package var isWellFormed: Bool {
        Self.lengths.contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }

    package var description: String { "a token of \(bytes.count) bytes" }
}
