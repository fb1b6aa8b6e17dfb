internal import Glibc

/// Which addresses of one daemon are in each other's way: the system would refuse the second as in use, and nobody looks
/// for the first in the same program.
package enum AddressOverlap {
    /// An address with the option that gave it.
    package struct Named {
        package var option: String
        package var address: ListenAddress

        package init(option: String, address: ListenAddress) {
            self.option = option
            self.address = address
        }

        /// As it was written. Only `--listen` takes other sockets than TCP's.
        package var text: String {
            option == "--listen" ? "\(option) \(address)" : "\(option) \(address.withoutScheme)"
        }
    }

    /// An IP address that was given as such, with its port.
    private struct Place {
        let bytes: [UInt8]
        let port: UInt16

        init?(_ address: ListenAddress) {
            guard case .tcp(let host, let port) = address, port != 0 else { return nil }
            self.port = port
            var four = in_addr()
            if inet_pton(AF_INET, host, &four) == 1 {
                bytes = withUnsafeBytes(of: &four, Array.init)
                return
            }
            var six = in6_addr()
            guard inet_pton(AF_INET6, host, &six) == 1 else { return nil }
            let bytes = withUnsafeBytes(of: &six, Array.init)
            // RFC 4291, 2.5.5.2: an IPv4 address in IPv6's form is that address.
            self.bytes =
                bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]) ? Array(bytes[12...]) : bytes
        }

        var isIPv4: Bool { bytes.count == 4 }
        var isEveryAddress: Bool { bytes.allSatisfy { $0 == 0 } }

        /// Whether the system has it listen where the other one is too.
        func covers(_ other: Place) -> Bool {
            guard port == other.port else { return false }
            if isIPv4 == other.isIPv4 { return bytes == other.bytes || isEveryAddress }
            // To `[::]` come IPv4's connections too, unless that is told to leave them to 0.0.0.0.
            return !isIPv4 && isEveryAddress && !other.isEveryAddress
        }
    }

    /// - Throws: for two that cannot be had together, with both as they were written.
    package static func check(_ addresses: [Named]) throws(ListenError) {
        for (index, first) in addresses.enumerated() {
            for second in addresses[(index + 1)...] {
                if first.address == second.address, !Self.isAnyPort(first.address) { throw clash(first, second) }
                guard let a = Place(first.address), let b = Place(second.address) else { continue }
                if a.covers(b) { throw clash(first, second) }
                if b.covers(a) { throw clash(second, first) }
            }
        }
    }

    /// The system gives each its own.
    private static func isAnyPort(_ address: ListenAddress) -> Bool {
        if case .tcp(_, port: 0) = address { true } else { false }
    }

    private static func clash(_ wider: Named, _ other: Named) -> ListenError {
        .configuration(
            "\(wider.text) is where \(other.text) is to listen too; leave one of them out, or give it another port"
        )
    }

    /// Those that must leave IPv4 to another one of the same port.
    package static func ipv6Only(of addresses: [ListenAddress]) -> Set<ListenAddress> {
        let places = addresses.compactMap(Place.init)
        return Set(
            addresses.filter { address in
                guard let place = Place(address), !place.isIPv4, place.isEveryAddress else { return false }
                return places.contains { $0.isIPv4 && $0.isEveryAddress && $0.port == place.port }
            }
        )
    }
}
