internal import FirnPlaces
internal import FirnServer

/// Where HTTP is served, and its own limits.
struct HTTPConfiguration {
    var addresses: [ListenAddress]
    var adminAddresses: [ListenAddress]
    var inherited: [InheritedSocket]
    var maximumConnections: Int
    var idleTimeout: Duration

    /// The default: as many as a load balancer in front keeps open. With few descriptors, the most of them stay with the
    /// framed protocol.
    private static let usualConnections = 1024
    /// Connections of probes, scrapers and people, and those of them that are told that there are too many.
    static let maximumAdminConnections = 64

    init(_ options: Options, inherited: [InheritedSocket], fileDescriptors: Int) throws(ConfigurationError) {
        addresses = try Self.addresses(options.sockets.http, "http")
        adminAddresses = try Self.addresses(options.sockets.admin, "admin")
        self.inherited = inherited.filter { $0.purpose != .frames }
        maximumConnections = max(1, min(Self.usualConnections, fileDescriptors / 4))
        if let maximum = options.limits.maxHttpConnections {
            maximumConnections = try Configuration.within(maximum, "max-http-connections", 1...1_048_576)
        }
        idleTimeout = try Configuration.required(options.limits.httpIdleTimeout, "http-idle-timeout")
    }

    /// Descriptors that HTTP may use up, which the framed protocol then leaves alone.
    var reservedDescriptors: Int {
        let ids = !addresses.isEmpty || inherited.contains { $0.purpose == .http }
        let admin = !adminAddresses.isEmpty || inherited.contains { $0.purpose == .admin }
        return (ids ? maximumConnections + 64 : 0) + (admin ? Self.maximumAdminConnections + 64 : 0)
    }

    private static func addresses(_ texts: [String], _ option: String) throws(ConfigurationError) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in texts {
            let address: ListenAddress
            do {
                address = try ListenAddress(parsing: "tcp:" + text)
            } catch {
                throw ConfigurationError("--\(option): \(error)")
            }
            guard !addresses.contains(address) else { throw ConfigurationError("--\(option) \(text) is given twice") }
            addresses.append(address)
        }
        return addresses
    }

    /// Addresses as they are written behind `http://`.
    static func text(_ addresses: [ListenAddress]) -> String {
        addresses.isEmpty
            ? "off"
            : addresses.map { address in
                if case .tcp = address {
                    String(address.description.dropFirst("tcp:".count))
                } else {
                    address.description
                }
            }.joined(separator: " ")
    }
}
