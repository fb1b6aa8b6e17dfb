internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Glibc
internal import Logging

/// The daemon's configuration, interpreted and validated. Creating it writes nothing and opens no store.
struct Configuration {
    var addresses: [ListenAddress]
    var inheritedSockets: [Int32]
    var http: HTTPConfiguration
    var grpc: GRPCConfiguration
    var ownership: SocketOwnership
    var policy: AccessPolicy
    var tls: TLSConfiguration
    var allowsAnyHost: Bool
    /// The file of the tokens that peers on TCP must show; `nil`: none is asked for.
    var tokenFile: String?
    var layout: Layout
    var store: StoreLocation
    var state: StateLocation
    /// How to reach a store on other hosts; nil for other stores.
    var remote: RemoteStore?
    var rule: WorkerRule
    /// Workers of others, which this daemon neither claims nor leases.
    var excludedWorkers: WorkerSet
    var workers: Int
    var shards: Int
    var window: Duration
    /// How long no IDs have been taken when the window is left to end; `nil`: it is always extended.
    var restAfter: Duration?
    var firstSequence: FirstSequence
    var clockTolerance: Duration
    var clockOffset: Duration
    var sequences = Sequences.Configuration()
    /// Whether other daemons may have this one for their store.
    var servesStore: Bool
    /// nil: no workers are leased.
    var leases: LeaseDesk.Configuration?
    var limits: Limits
    /// How long the daemon keeps serving after it was told to stop.
    var drainDelay: Duration
    var logLevel: Logger.Level
    var logFormat: LogFormat
    /// The default paths, and which of them are used: their directories may have to be created.
    var paths: DefaultPaths
    var pathsUsed: [DefaultPaths.Use] = []
    /// IPv6 TCP addresses that do not accept IPv4, because another address has the same port.
    var ipv6Only: Set<ListenAddress>
    /// Messages for the log about the choice of a default.
    var notices: [String] = []
    /// Settings that were not applied as written.
    var warnings: [String] = []

    /// More threads than this have no use, and each has its own buffers.
    static let maximumShards = 256
    static let maximumWorkers = 1024

    /// Extended every second, which costs almost nothing.
    private static let localWindow = Duration.seconds(3)
    /// Longer than a leader election in etcd, a member's restart, a failover of PostgreSQL and a short network failure;
    /// costs a write every 20 s.
    private static let remoteWindow = Duration.seconds(60)

    init(_ options: Options, environment: (String) -> String?) throws(ConfigurationError) {
        clockOffset = options.ids.clockOffset.value
        layout = try Self.layout(options.ids.layout)
        warnings += layout.warnings
        addresses = try Self.addresses(options.sockets.listen)
        let inherited = try Self.inheritedSockets()
        inheritedSockets = inherited.filter { $0.purpose == .frames }.map(\.descriptor)
        paths = DefaultPaths(environment: environment)
        if addresses.isEmpty && inheritedSockets.isEmpty {
            addresses = [.unix(path: paths.socketPath)]
        }
        store =
            try options.ids.store.map { text throws(ConfigurationError) in try StoreLocation(parsing: text) }
            ?? .sqlite(path: paths.storePath)
        if options.ids.store == nil, let notice = paths.notice { notices.append(notice) }
        state = StateLocation(option: options.ids.stateDir, store: store, paths: paths)
        if addresses.contains(.unix(path: paths.socketPath)) { pathsUsed.append(.socket) }
        if options.ids.store == nil { pathsUsed.append(.store) }
        ownership = try Self.ownership(options.sockets)
        policy = try Self.policy(options.sockets)
        tokenFile = options.sockets.tokenFile
        allowsAnyHost = options.sockets.insecureTcp || tokenFile != nil
        rule = try WorkerChoice(parsing: options.ids.worker).rule(
            layout: layout,
            podAddress: options.ids.podIp ?? environment("MY_IP"),
            podName: environment("POD_NAME") ?? environment("HOSTNAME"),
            podIndex: environment("POD_INDEX")
        )
        excludedWorkers = try Self.excludedWorkers(options.ids.excludeWorkers, layout)
        firstSequence = options.ids.firstSequence == .zero ? .zero : .random(seed: .random(in: 0...(.max)))
        workers = options.ids.workers
        shards = options.ids.shards ?? Processors.count
        let window = try options.ids.window.map { text throws(ConfigurationError) in
            try Self.required(text, "window")
        }
        self.window = window ?? (store.isRemote ? Self.remoteWindow : Self.localWindow)
        remote = try RemoteStore.make(
            store,
            etcd: options.etcd,
            postgres: options.postgres,
            upstream: options.upstream,
            window: self.window
        )
        notices += remote?.notices ?? []
        restAfter = options.ids.restAfter.value
        clockTolerance = try Self.required(options.ids.clockTolerance, "clock-tolerance")
        sequences.isExplicit = options.ids.sequencesExplicit
        sequences.keeper.fixedBlock = try options.ids.sequenceBlock.map { block throws(ConfigurationError) in
            try Self.within(block, "sequence-block", 1...1_000_000_000)
        }
        sequences.keeper.maximumBlock = try Self.within(
            options.ids.maxSequenceBlock,
            "max-sequence-block",
            1...1_000_000_000
        )
        sequences.maximumSequences = try Self.within(options.ids.maxSequences, "max-sequences", 8...10_000_000)
        servesStore = options.ids.serveStore
        let workersLeft = layout.maximumWorker + 1 - excludedWorkers.count
        leases = try Self.leases(options.ids, workers: workersLeft, rule, store, clockTolerance: clockTolerance)
        if let warning = Self.warning(ofAllLeased: leases, layout, workers: workersLeft) { warnings.append(warning) }
        if store == .memory, leases != nil || servesStore {
            notices.append(
                "the store is in memory: leases and daemons that depend on it (--max-leases, --serve-store) outlive it, and "
                    + "after a restart others get their workers; use a store on disk"
            )
        }
        http = try HTTPConfiguration(
            options,
            inherited: inherited,
            shards: shards,
            idsPerSecond: layout.idsPerSecond * Double(workers)
        )
        grpc = try GRPCConfiguration(
            options,
            inherited: inherited,
            threads: HTTPConfiguration.threads(shards: shards, idsPerSecond: layout.idsPerSecond * Double(workers))
        )
        tls = try TLSConfiguration(
            options.tls,
            [
                (.frames, addresses), (.http, http.addresses), (.admin, http.adminAddresses),
                (.grpc, grpc.addresses),
            ]
        )
        warnings += tls.warnings
        limits = try Self.limits(options.limits)
        ipv6Only = try Self.ipv6Only(addresses, http, grpc)
        http.ipv6Only = ipv6Only
        grpc.ipv6Only = ipv6Only
        drainDelay = options.limits.drainDelay.value ?? .zero
        guard let level = Logger.Level(rawValue: options.log.logLevel) else {
            throw ConfigurationError(
                "--log-level is '\(options.log.logLevel)'; write trace, debug, info, notice, warning, error or critical"
            )
        }
        logLevel = level
        logFormat = options.log.logFormat
        if clockOffset != .zero {
            notices.append(
                "--clock-offset is \(clockOffset): the IDs carry times that are wrong by so much, for a rehearsal"
            )
        }
        try refuseOwnStore()
        try checkWorkers(option: options.ids.worker)
        guard (1...Self.maximumShards).contains(shards) else {
            throw ConfigurationError("--shards is \(shards); choose 1 to \(Self.maximumShards)")
        }
        let budget = try DescriptorBudget(
            descriptors: FileDescriptorLimit.raised(),
            DescriptorBudget.Wishes(
                shards: shards,
                listeners: addresses.count + inheritedSockets.count,
                servesHTTP: http.servesIDs,
                httpThreads: http.threads,
                servesAdmin: http.servesAdmin,
                tlsThreads: tls.doors.contains(.frames) ? shards : 0,
                connections: options.limits.maxConnections,
                httpConnections: http.wishedConnections,
                servesGRPC: grpc.isServed,
                grpcThreads: grpc.threads,
                grpcConnections: grpc.wishedConnections
            )
        )
        http.keep(to: budget)
        grpc.keep(to: budget)
        limits.maximumConnections = budget.connections
        limits.maximumConnectionsPerUser =
            options.limits.maxConnectionsPerUid ?? max(1, budget.connections - budget.connections / 8)
        warnings += budget.warnings
    }

    /// Whether hosts beyond this one may reach an address.
    func allowsAnyHost(at address: ListenAddress) -> Bool {
        allowsAnyHost || tls.admitsOnlyKnownClients(at: address)
    }

    /// Refuses addresses that conflict.
    ///
    /// - Returns: the IPv6 addresses that leave IPv4 to another address.
    private static func ipv6Only(
        _ addresses: [ListenAddress],
        _ http: HTTPConfiguration,
        _ grpc: GRPCConfiguration
    ) throws(ConfigurationError) -> Set<ListenAddress> {
        let named =
            addresses.map { AddressOverlap.Named(option: "--listen", address: $0) }
            + http.addresses.map { AddressOverlap.Named(option: "--http", address: $0) }
            + grpc.addresses.map { AddressOverlap.Named(option: "--grpc", address: $0) }
            + http.adminAddresses.map { AddressOverlap.Named(option: "--admin", address: $0) }
        do {
            try AddressOverlap.check(named)
        } catch {
            throw ConfigurationError("\(error)")
        }
        return AddressOverlap.ipv6Only(of: named.map(\.address))
    }

    private static func layout(_ text: String) throws(ConfigurationError) -> Layout {
        let layout: Layout
        do {
            layout = try Layout(parsing: text)
        } catch {
            throw ConfigurationError("--layout: \(error)")
        }
        if let obstacle = layout.mintingObstacle {
            throw ConfigurationError(
                "the layout \(layout.name) \(obstacle); choose another --layout (firn decode reads such IDs)"
            )
        }
        return layout
    }

    private static func addresses(_ texts: [String]) throws(ConfigurationError) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in texts {
            do {
                let address = try ListenAddress(parsing: text)
                guard !addresses.contains(address) else { throw ConfigurationError("--listen \(text) is given twice") }
                addresses.append(address)
            } catch let error as ListenError {
                throw ConfigurationError("--listen: \(error)")
            } catch let error as ConfigurationError {
                throw error
            } catch {
                preconditionFailure("the two above are all that is thrown")
            }
        }
        return addresses
    }

    private static func inheritedSockets() throws(ConfigurationError) -> [InheritedSocket] {
        do {
            return try InheritedSocket.all()
        } catch {
            throw ConfigurationError("\(error)")
        }
    }

    /// All limits except the numbers of connections, which depend on the descriptors.
    private static func limits(_ options: LimitOptions) throws(ConfigurationError) -> Limits {
        var limits = Limits(fileDescriptors: 0)
        limits.maximumBatch = try within(options.maxBatch, "max-batch", 1...65_536)
        limits.maximumWaitingCalls = try within(options.maxWaitingCalls, "max-waiting-calls", 1...1_048_576)
        limits.maximumUnsentBytes = try within(options.maxUnsentBytes, "max-unsent-bytes", 1024...1_073_741_824)
        limits.maximumFramesPerWakeup = try within(options.maxFramesPerTurn, "max-frames-per-turn", 1...65_536)
        _ = try options.maxConnections.map { maximum throws(ConfigurationError) in
            try within(maximum, "max-connections", 1...1_048_576)
        }
        _ = try options.maxConnectionsPerUid.map { maximum throws(ConfigurationError) in
            try within(maximum, "max-connections-per-uid", 1...1_048_576)
        }
        limits.sendTimeout = try required(options.sendTimeout, "send-timeout")
        limits.frameTimeout = try required(options.frameTimeout, "frame-timeout")
        limits.unixIdleTimeout = options.unixIdleTimeout.value
        limits.tcpIdleTimeout = options.tcpIdleTimeout.value
        limits.drainTimeout = try required(options.drainTimeout, "drain-timeout")
        return limits
    }

    static func within<Value: Comparable>(
        _ number: Value,
        _ name: String,
        _ range: ClosedRange<Value>
    ) throws(ConfigurationError) -> Value {
        guard range.contains(number) else {
            throw ConfigurationError("--\(name) is \(number); choose \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    static func required(_ text: DurationText, _ name: String) throws(ConfigurationError) -> Duration {
        guard let value = text.value else {
            throw ConfigurationError("--\(name) cannot be off; give a duration such as 5s")
        }
        return value
    }
}
