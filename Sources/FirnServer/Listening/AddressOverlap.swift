internal import Glibc

/// Finds addresses of one daemon that conflict with each other. The system would report the second one as in
/// use, and an operator would look for another program that uses it.
package enum AddressOverlap {
    /// An address with the option that set it.
    package struct Named {
        package var option: String
        package var address: ListenAddress

        package init(option: String, address: ListenAddress) {
            self.option = option
            self.address = address
        }

        /// As it was written: `--listen` alone has a scheme before TCP's addresses.
        package var text: String {
            option == "--listen" ? "\(option) \(address)" : "\(option) \(address.withoutTCP)"
        }
    }

    /// An IP address literal with its port.
    private struct Place {
        let bytes: [UInt8]
        let port: UInt16

        init?(_ address: ListenAddress) {
            guard let (host, port) = address.hostAndPort, port != 0 else { return nil }
            self.port = port
            var four = in_addr()
            if inet_pton(AF_INET, host, &four) == 1 {
                bytes = withUnsafeBytes(of: &four, Array.init)
                return
            }
            var six = in6_addr()
            guard inet_pton(AF_INET6, host, &six) == 1 else { return nil }
            let bytes = withUnsafeBytes(of: &six, Array.init)
            // RFC 4291, 2.5.5.2: an IPv4-mapped IPv6 address is that IPv4 address.
            self.bytes =
                bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]) ? Array(bytes[12...]) : bytes
        }

        var isIPv4: Bool { bytes.count == 4 }
        var isEveryAddress: Bool { bytes.allSatisfy { $0 == 0 } }
        /// RFC 1122, 3.2.1.3 and RFC 4291, 2.5.3.
        var isLoopback: Bool { isIPv4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1] }

        /// Whether a socket at this address also listens at the other address.
        func covers(_ other: Place) -> Bool {
            guard port == other.port else { return false }
            if isIPv4 == other.isIPv4 { return bytes == other.bytes || isEveryAddress }
            // `[::]` also accepts IPv4 connections, unless it is set to leave them to 0.0.0.0.
            return !isIPv4 && isEveryAddress && !other.isEveryAddress
        }
    }

    /// - Throws: when two addresses conflict. The error contains both as they were written.
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

    /// Whether who connects to `address` from this host reaches the socket at `own`.
    ///
    /// Only what is certain counts: at 0.0.0.0 a loopback address, `localhost` and this host's name, because other hosts' sockets
    /// may have the same port.
    ///
    /// - Parameter hostName: this host's.
    package static func leads(_ address: ListenAddress, to own: ListenAddress, hostName: String?) -> Bool {
        guard let (host, port) = address.hostAndPort, let (ownHost, ownPort) = own.hostAndPort else {
            return address == own
        }
        guard port == ownPort, port != 0 else { return false }
        if host == ownHost { return true }
        let place = Place(address)
        let isLoopback = host == "localhost" || place?.isLoopback == true
        guard let ownPlace = Place(own) else { return ownHost == "localhost" && isLoopback }
        if ownPlace.isEveryAddress {
            return host == hostName || host == "localhost" || isLoopback && place.map(ownPlace.covers) == true
        }
        return place?.bytes == ownPlace.bytes || host == "localhost" && ownPlace.isLoopback
    }

    /// The system chooses a different port for each.
    private static func isAnyPort(_ address: ListenAddress) -> Bool {
        address.hostAndPort?.port == 0
    }

    private static func clash(_ wider: Named, _ other: Named) -> ListenError {
        .configuration(
            "\(wider.text) is where \(other.text) is to listen too; leave one of them out, or give it another port"
        )
    }

    /// The addresses that must leave IPv4 to another one with the same port.
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
