internal import FirnConfiguration
internal import FirnServer

/// Where HTTP is served, and its own limits.
struct HTTPConfiguration {
    var addresses: [ListenAddress]
    var adminAddresses: [ListenAddress]
    var inherited: [InheritedSocket]
    /// The connection limits for IDs and for admin, and for connections past them that get an answer; set from the
    /// descriptors.
    private(set) var maximumConnections = 0
    private(set) var maximumAdminConnections = 0
    private(set) var maximumRefused = 0
    /// IPv6 addresses that do not accept IPv4, because another address has the same port.
    var ipv6Only: Set<ListenAddress> = []
    var idleTimeout: Duration
    /// Threads that serve IDs, with `--http`.
    let threads: Int
    /// `--max-http-connections`.
    let wishedConnections: Int?
    var web: WebAccess

    /// - Parameters:
    ///   - shards: the number of threads of the framed protocol.
    ///   - idsPerSecond: the rate of the layout's workers.
    init(
        _ options: Options,
        inherited: [InheritedSocket],
        shards: Int,
        idsPerSecond: Double
    ) throws(ConfigurationError) {
        addresses = try Self.addresses(options.sockets.http, "http")
        adminAddresses = try Self.addresses(options.sockets.admin, "admin", mayBeUnix: true)
        self.inherited = inherited.filter { $0.purpose == .http || $0.purpose == .admin }
        wishedConnections = try options.limits.maxHttpConnections.map { maximum throws(ConfigurationError) in
            try Configuration.within(maximum, "max-http-connections", 1...1_048_576)
        }
        idleTimeout = try Configuration.required(options.limits.httpIdleTimeout, "http-idle-timeout")
        web = try WebAccess(options.sockets, addresses: addresses + adminAddresses)
        threads =
            try options.ids.httpThreads.map { threads throws(ConfigurationError) in
                try Configuration.within(threads, "http-threads", 1...Configuration.maximumShards)
            } ?? Self.threads(shards: shards, idsPerSecond: idsPerSecond)
    }

    /// More threads than the layout's IDs keep busy would only wake up more often, each for fewer requests.
    static func threads(shards: Int, idsPerSecond: Double) -> Int {
        let busy = (idsPerSecond / idsPerSecondOfThread).rounded(.up)
        return busy < Double(shards) ? max(1, Int(busy)) : shards
    }

    /// IDs per second of a thread for single requests, with some processor time to spare; docs/BENCHMARKS.md has the
    /// maximum.
    private static let idsPerSecondOfThread = 50_000.0

    var servesIDs: Bool { !addresses.isEmpty || inherited.contains { $0.purpose == .http } }
    var servesAdmin: Bool { !adminAddresses.isEmpty || inherited.contains { $0.purpose == .admin } }

    mutating func keep(to budget: DescriptorBudget) {
        maximumConnections = budget.httpConnections
        maximumAdminConnections = budget.adminConnections
        maximumRefused = budget.refusedHTTPConnections
    }

    private static func addresses(
        _ texts: [String],
        _ option: String,
        mayBeUnix: Bool = false
    ) throws(ConfigurationError) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in texts {
            let address: ListenAddress
            do {
                address =
                    try mayBeUnix && text.hasPrefix("unix:")
                    ? ListenAddress(parsing: text) : ListenAddress(parsingHostAndPort: text)
            } catch {
                throw ConfigurationError("--\(option): \(error)")
            }
            guard !addresses.contains(address) else { throw ConfigurationError("--\(option) \(text) is given twice") }
            addresses.append(address)
        }
        return addresses
    }

    /// The addresses as the options have them.
    static func text(_ addresses: [ListenAddress]) -> String {
        addresses.isEmpty ? "off" : addresses.map(\.withoutTCP).joined(separator: " ")
    }
}
