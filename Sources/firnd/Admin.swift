internal import CoreMetrics
internal import FirnAdmin
internal import FirnConfiguration
internal import FirnEngine
internal import FirnHTTP
internal import FirnServer
internal import FirnStore
internal import FirnTLS
internal import FirnWindows
internal import FirnWire
internal import Synchronization

#if GRPC
    internal import FirnGRPC
#endif

/// The content of the admin port: the daemon's meters, read on request and rendered as `FirnAdmin`'s documents.
///
/// Only created if there is an admin port; without it nothing is counted.
final class Admin: Sendable {
    let meters: DaemonMeters

    private let configuration: Configuration
    private let clock: TickClock
    private let started: Moment
    private let certificates: ServerCertificates?
    private let log: LogWriter
    private let tokens: TokenGate?
    private let libraries = MetricsRegistry()
    private let servers = Mutex<DaemonServers?>(nil)

    init(
        _ configuration: Configuration,
        listeners: DaemonListeners,
        clock: TickClock,
        log: LogWriter,
        tokens: TokenGate?
    ) {
        self.tokens = tokens
        self.configuration = configuration
        certificates = listeners.tls.certificates
        self.log = log
        self.clock = clock
        started = clock.now()
        meters = DaemonMeters(
            reactors: configuration.shards,
            httpThreads: listeners.http.mintingThreads(configuration.http),
            tlsThreads: TLSListeners.threads(configuration),
            grpcThreads: listeners.grpc.mintingThreads(configuration.grpc),
            workers: configuration.workers
        )
        MetricsSystem.bootstrap(libraries)
    }

    /// Sets the threads that are asked for a heartbeat, besides the window thread. They start after the documents are
    /// set up.
    func started(_ all: DaemonServers) {
        servers.withLock { $0 = all }
    }

    /// The servers hold the pages, which hold what they show, the store among them: it is closed when nothing holds it.
    func stopped() {
        servers.withLock { $0 = nil }
    }

    func content(_ minting: Minting, _ windows: WindowThread) -> AdminContent {
        let pages = AdminPages(
            shards: meters.server.shards.count + meters.http.count + meters.tls.count + meters.grpc.count,
            startedBootNanoseconds: started.bootNanoseconds,
            libraries: libraries,
            askThreads: { [self] in askThreads(windows) },
            read: { [self] in reading(minting) }
        )
        return AdminContent(paths: AdminPages.paths) { path in
            pages.answer(path).map {
                HTTPDocument(statusCode: $0.status, contentType: $0.contentType, body: $0.body)
            }
        }
    }

    private func askThreads(_ windows: WindowThread) -> [(thread: String, count: UInt64)] {
        let servers = servers.withLock { $0 }
        servers?.requestHeartbeat()
        windows.requestHeartbeat()
        return (servers?.beats ?? []) + [("the window thread", windows.beats)]
    }

    /// As many sequences as are shown: each is a time series.
    private static let maximumSequences = 20

    private func reading(_ minting: Minting) -> DaemonReading {
        DaemonReading(
            version: FirnVersion.text,
            layout: configuration.layout,
            storeName: "\(configuration.store)",
            window: configuration.window,
            now: clock.now(),
            startedBootNanoseconds: started.bootNanoseconds,
            obstacle: minting.availability.obstacle?.message,
            shards: meters.server.shards.enumerated().map { DaemonReading.Shard(framed: $0, $1.reading) }
                + meters.http.enumerated().map { DaemonReading.Shard(http: $0, $1.reading) }
                + meters.tls.enumerated().map { DaemonReading.Shard(tls: $0, $1.reading) }
                + meters.grpc.enumerated().map { DaemonReading.Shard(grpc: $0, $1.reading) },
            acceptor: meters.server.acceptor.reading,
            tls: certificates?.reading,
            store: meters.store.reading,
            windows: meters.windows.reading,
            process: ProcessReading.current(),
            droppedLogLines: log.droppedLines,
            tokensRefused: TokenDoor.allCases.map { ($0.name, tokens?.refused(at: $0) ?? 0) },
            build: BuildInfo.labels,
            excludedWorkers: configuration.excludedWorkers.count,
            freeWorkers: minting.findings.freeWorkers,
            sequences: minting.sequences.nearestToTheirEnd(Self.maximumSequences)
        )
    }
}
