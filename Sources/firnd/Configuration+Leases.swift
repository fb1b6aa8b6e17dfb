internal import FirnConfiguration
internal import FirnLayout
internal import FirnServer
internal import FirnWindows

/// Leases, and the store of other daemons.
extension Configuration {
    private static let maximumLeases = 4096

    static func leases(
        _ options: IDOptions,
        _ layout: Layout,
        _ rule: WorkerRule,
        _ store: StoreLocation,
        clockTolerance: Duration
    ) throws(ConfigurationError) -> LeaseDesk.Configuration? {
        let range = Duration.seconds(1)...(.seconds(86_400))
        let window = try within(required(options.leaseWindow, "lease-window"), "lease-window", range)
        let maximum = try within(required(options.maxLeaseWindow, "max-lease-window"), "max-lease-window", range)
        guard window <= maximum else {
            throw ConfigurationError(
                "--lease-window is \(window), and --max-lease-window \(maximum), which must not be less; raise that one or lower the "
                    + "other"
            )
        }
        // With fixed workers, each is the one of a certain daemon, which would have to wait for the end of a lease.
        let isAuto = if case .auto = rule { true } else { false }
        // A store in memory forgets leases at a restart, while their holders go on.
        let leasesByDefault = isAuto && store != .memory
        let count = try within(
            options.maxLeases
                ?? (leasesByDefault ? min(maximumLeases, Int(clamping: (layout.maximumWorker + 1) / 4)) : 0),
            "max-leases",
            0...1_000_000
        )
        return count == 0
            ? nil
            : LeaseDesk.Configuration(
                maximumCount: count,
                window: window,
                maximumWindow: maximum,
                clockTolerance: clockTolerance
            )
    }

    /// What is said of a daemon whose leases may take each worker of the layout.
    static func warning(ofAllLeased leases: LeaseDesk.Configuration?, _ layout: Layout, workers: Int) -> String? {
        guard let leases, UInt64(leases.maximumCount) > layout.maximumWorker else { return nil }
        return
            "--max-leases is \(leases.maximumCount), and the layout \(layout.name) has \(layout.maximumWorker + 1) workers: leases "
            + "may take all of them, and a daemon that starts then has none; choose fewer"
    }

    /// A daemon that has itself for its store would wait for itself forever.
    func refuseOwnStore() throws(ConfigurationError) {
        guard case .firn(let daemons) = store else { return }
        for daemon in daemons {
            guard let address = try? ListenAddress(parsing: "\(daemon)"),
                let own = addresses.first(where: {
                    AddressOverlap.leads(address, to: $0, hostName: WorkerChoice.hostName)
                })
            else { continue }
            throw ConfigurationError(
                "--store names \(daemon), where this daemon itself listens (--listen \(own)), and it cannot be its own store; "
                    + "name a daemon that has --serve-store"
            )
        }
    }
}
