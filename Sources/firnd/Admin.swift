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
    private struct Servers {
        var frames: Server?
        var http: HTTPServer?
        var tls: FramedServer?
        var grpc: GRPCServer?
    }

    private let servers = Mutex(Servers())

    init(
        _ configuration: Configuration,
        listeners: HTTPListeners,
        grpc: GRPCListeners,
        certificates: ServerCertificates?,
        clock: TickClock,
        log: LogWriter,
        tokens: TokenGate?
    ) {
        self.tokens = tokens
        self.configuration = configuration
        self.certificates = certificates
        self.log = log
        self.clock = clock
        started = clock.now()
        meters = DaemonMeters(
            reactors: configuration.shards,
            httpThreads: listeners.mintingThreads(configuration.http),
            tlsThreads: TLSListeners.threads(configuration),
            grpcThreads: grpc.mintingThreads(configuration.grpc),
            workers: configuration.workers
        )
        MetricsSystem.bootstrap(libraries)
    }

    /// Sets the threads that are asked for a heartbeat, besides the window thread. They start after the documents are
    /// set up.
    func started(_ server: Server, _ httpServer: HTTPServer?, _ tlsServer: FramedServer?, _ grpcServer: GRPCServer?) {
        servers.withLock { $0 = Servers(frames: server, http: httpServer, tls: tlsServer, grpc: grpcServer) }
    }

    func content(
        availability: Availability,
        windows: WindowThread,
        findings: WorkerFindings,
        sequences: Sequences
    ) -> AdminContent {
        let pages = AdminPages(
            shards: meters.server.shards.count + meters.http.count + meters.tls.count + meters.grpc.count,
            startedBootNanoseconds: started.bootNanoseconds,
            libraries: libraries,
            askThreads: { [self] in askThreads(windows) },
            read: { [self] in reading(availability, findings, sequences) }
        )
        return AdminContent(paths: AdminPages.paths) { path in
            pages.answer(path).map {
                HTTPDocument(statusCode: $0.status, contentType: $0.contentType, body: $0.body)
            }
        }
    }

    private func askThreads(_ windows: WindowThread) -> [(thread: String, count: UInt64)] {
        let servers = servers.withLock { $0 }
        servers.frames?.requestHeartbeat()
        windows.requestHeartbeat()
        servers.http?.requestHeartbeat()
        servers.tls?.requestHeartbeat()
        servers.grpc?.requestHeartbeat()
        var beats = Self.named("reactor", servers.frames?.beats)
        beats += Self.named("HTTP thread", servers.http?.beats)
        beats += Self.named("TLS thread", servers.tls?.beats)
        beats += Self.named("gRPC thread", servers.grpc?.beats)
        return beats + [("the window thread", windows.beats)]
    }

    private static func named(_ kind: String, _ beats: [UInt64]?) -> [(thread: String, count: UInt64)] {
        (beats ?? []).enumerated().map { (thread: "\(kind) \($0)", count: $1) }
    }

    /// As many sequences as are shown: each is a time series.
    private static let maximumSequences = 20

    private func reading(
        _ availability: Availability,
        _ findings: WorkerFindings,
        _ sequences: Sequences
    ) -> DaemonReading {
        DaemonReading(
            version: FirnVersion.text,
            layout: configuration.layout,
            storeName: "\(configuration.store)",
            window: configuration.window,
            now: clock.now(),
            startedBootNanoseconds: started.bootNanoseconds,
            obstacle: availability.obstacle?.message,
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
            freeWorkers: findings.freeWorkers,
            sequences: sequences.nearestToTheirEnd(Self.maximumSequences)
        )
    }
}
