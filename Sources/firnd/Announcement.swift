internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Logging

/// The messages of the daemon when it starts to serve.
struct Announcement {
    let configuration: Configuration
    let addresses: [ListenAddress]
    let http: HTTPListeners
    let grpc: GRPCListeners
    let slots: [WorkerSlot]

    func log(to logger: Logger) {
        for warning in configuration.warnings { logger.warning("\(warning)") }
        for notice in configuration.notices { logger.notice("\(notice)") }
        let layout = configuration.layout
        let workers = slots.compactMap { $0.current().space?.worker }
        let overGRPC = [("grpc", grpc.listeners)].filter { !$0.1.isEmpty }
            .map { ($0.0, Logger.MetadataValue.string(HTTPConfiguration.text($0.1.map(\.address)))) }
        let overHTTP = [("http", http.ids), ("admin", http.admin)].filter { !$0.1.isEmpty }
            .map { ($0.0, Logger.MetadataValue.string(HTTPConfiguration.text($0.1.map(\.address)))) }
        logger.info(
            "serving",
            metadata: [
                "listen": "\(addresses.map(\.description).joined(separator: " "))",
                "layout": "\(layout.name)",
                "workers": "\(workers.isEmpty ? "none yet" : workers.map(String.init).joined(separator: " "))",
                "store": "\(configuration.store)",
                "state": "\(configuration.state)",
                "window": "\(configuration.window)",
                "shards": "\(configuration.shards)",
                "connections": "\(configuration.limits.maximumConnections)",
                "ids_per_second": "\(UInt64(layout.idsPerSecond * Double(configuration.workers)))",
                "last_day": "\(layout.lastDay ?? "never")",
            ].merging(overHTTP + overGRPC) { $1 }
        )
    }

    /// What `--check` prints for a valid configuration.
    ///
    /// - Parameter notes: further conditions that a start would find.
    static func checked(_ configuration: Configuration, notes: [String]) -> String {
        let layout = configuration.layout
        let rate = layout.idRate(ofWorkers: configuration.workers)
        let rule: String
        switch configuration.rule {
        case .auto:
            let excluded = configuration.excludedWorkers
            rule =
                "auto, \(configuration.workers) of \(configuration.workersLeft)"
                + (excluded.isEmpty ? "" : " that are left without \(excluded)")
        case .fixed(let worker): rule = "\(worker)"
        }
        let rows = [
            ("listen", configuration.addresses.map(\.description).joined(separator: " ")),
            ("http", HTTPConfiguration.text(configuration.http.addresses)),
            ("gRPC", HTTPConfiguration.text(configuration.grpc.addresses)),
            ("admin", HTTPConfiguration.text(configuration.http.adminAddresses)),
            ("web pages", configuration.http.web.description),
            ("store", configuration.store.description),
            ("state", configuration.state.description),
            ("serves its store", configuration.servesStore ? "yes" : "no"),
            ("layout", layout.specification),
            ("worker", rule),
            ("leases", leases(configuration)),
            ("window", "\(configuration.window)"),
            ("shards", "\(configuration.shards)"),
            ("HTTP threads", configuration.http.servesIDs ? "\(configuration.http.threads)" : "none"),
            ("IDs per \(rate.unit)", "\(rate.ids)"),
            ("last day", layout.lastDay ?? "never"),
            ("connections", "\(configuration.limits.maximumConnections)"),
        ]
        let width = rows.map(\.0.count).max()!
        let lines = rows.map { name, value in
            "  " + name + String(repeating: " ", count: width - name.count) + "  " + value
        }
        let remarks =
            configuration.warnings.map { "Warning: \($0)" } + (configuration.notices + notes).map { "Note: \($0)" }
        return (["The configuration is good."] + lines + remarks).joined(separator: "\n")
    }

    private static func leases(_ configuration: Configuration) -> String {
        guard let leases = configuration.leases else { return "none" }
        return "up to \(leases.maximumCount), for \(leases.window) unless asked, for \(leases.maximumWindow) at most"
    }
}
