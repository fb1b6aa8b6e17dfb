internal import FirnConfiguration
internal import FirnServer

/// Where gRPC is served, and its own limits.
struct GRPCConfiguration {
    let addresses: [ListenAddress]
    let inherited: [InheritedSocket]
    let threads: Int
    /// `--max-grpc-connections`.
    let wishedConnections: Int?
    /// The limit of connections; set from the descriptors.
    private(set) var maximumConnections = 0
    /// IPv6 addresses that do not accept IPv4, because another address has the same port.
    var ipv6Only: Set<ListenAddress> = []

    /// - Parameter threads: how many threads serve HTTP where nothing else is said.
    init(_ options: Options, inherited: [InheritedSocket], threads: Int) throws(ConfigurationError) {
        addresses = try Self.addresses(options.sockets.grpc)
        self.inherited = inherited.filter { $0.purpose == .grpc }
        wishedConnections = try options.limits.maxGrpcConnections.map { maximum throws(ConfigurationError) in
            try Configuration.within(maximum, "max-grpc-connections", 1...1_048_576)
        }
        self.threads =
            try options.ids.grpcThreads.map { threads throws(ConfigurationError) in
                try Configuration.within(threads, "grpc-threads", 1...Configuration.maximumShards)
            } ?? threads
        if isServed { try GRPCListeners.checkIsBuilt() }
    }

    var isServed: Bool { !addresses.isEmpty || !inherited.isEmpty }

    mutating func keep(to budget: DescriptorBudget) {
        maximumConnections = budget.grpcConnections
    }

    private static func addresses(_ texts: [String]) throws(ConfigurationError) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in texts {
            let address: ListenAddress
            do throws(ListenError) {
                address =
                    try text.hasPrefix("unix:")
                    ? ListenAddress(parsing: text) : ListenAddress(parsingHostAndPort: text)
            } catch {
                throw ConfigurationError("--grpc: \(error)")
            }
            guard !addresses.contains(address) else { throw ConfigurationError("--grpc \(text) is given twice") }
            addresses.append(address)
        }
        return addresses
    }
}
