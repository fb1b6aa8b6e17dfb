#if TLS
    internal import NIOSSL

    #if canImport(Darwin)
        internal import Darwin
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    /// The name or the address that a daemon's certificate must have.
    ///
    /// SwiftNIO's TLS (2.37) accepts a certificate that has either the name or the address that the connection is to. A
    /// certificate that has only the address must not do for a name, so both checks are made.
    struct ServerName {
        /// The address's bytes, as a certificate has them; nil for a name.
        private let address: [UInt8]?
        private let labels: [Substring]
        let text: String

        init(_ text: String) {
            self.text = text
            address = Self.address(AF_INET, length: 4, text) ?? Self.address(AF_INET6, length: 16, text)
            labels = Self.labels(of: text)
        }

        /// Only a name can be asked for in a handshake (RFC 6066, section 3).
        var inHandshake: String? { address == nil ? text : nil }

        /// Whether one of a certificate's alternative names is this one. A name may have an asterisk in place of its first
        /// label (RFC 9525, section 6.3).
        func isOne(of certificate: NIOSSLCertificate) -> Bool {
            certificate._subjectAlternativeNames().contains { name in
                switch name.nameType {
                case .ipAddress: address.map { $0.elementsEqual(name.contents) } ?? false
                case .dnsName: address == nil && matches(String(decoding: name.contents, as: UTF8.self))
                default: false
                }
            }
        }

        /// Whether a DNS name of a certificate is this one.
        func matches(_ pattern: String) -> Bool {
            let pattern = Self.labels(of: pattern)
            guard pattern.count == labels.count, let first = pattern.first else { return false }
            if first == "*" { return labels.count > 1 && pattern.dropFirst() == labels.dropFirst() }
            return pattern == labels
        }

        private static func labels(of name: String) -> [Substring] {
            let name = name.lowercased()
            return (name.hasSuffix(".") ? name.dropLast() : name[...])
                .split(separator: ".", omittingEmptySubsequences: false)
        }

        /// The bytes of an IP address in network order; nil if the text is none of the family.
        private static func address(_ family: CInt, length: Int, _ text: String) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: length)
            return inet_pton(family, text, &bytes) == 1 ? bytes : nil
        }
    }
#endif
