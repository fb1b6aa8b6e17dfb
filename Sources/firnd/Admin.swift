internal import CoreMetrics
internal import FirnAdmin
internal import FirnConfiguration
internal import FirnEngine
internal import FirnHTTP
internal import FirnServer
internal import FirnTLS
internal import FirnWire
internal import Synchronization

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
    private let threads = Mutex<(server: Server?, httpServer: HTTPServer?, tlsServer: FramedServer?)>((nil, nil, nil))

    init(
        _ configuration: Configuration,
        listeners: HTTPListeners,
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
            workers: configuration.workers
        )
        MetricsSystem.bootstrap(libraries)
    }

    /// Sets the threads that are asked for a heartbeat, besides the window thread. They start after the documents are
    /// set up.
    func started(_ server: Server, _ httpServer: HTTPServer?, _ tlsServer: FramedServer?) {
        threads.withLock { $0 = (server, httpServer, tlsServer) }
    }

    func content(availability: Availability, windows: WindowThread) -> AdminContent {
        let pages = AdminPages(
            shards: meters.server.shards.count + meters.http.count + meters.tls.count,
            startedBootNanoseconds: started.bootNanoseconds,
            libraries: libraries,
            askThreads: { [self] in askThreads(windows) },
            read: { [self] in reading(availability) }
        )
        return AdminContent(paths: AdminPages.paths) { path in
            pages.answer(path).map {
                HTTPDocument(statusCode: $0.status, contentType: $0.contentType, body: $0.body)
            }
        }
    }

    private func askThreads(_ windows: WindowThread) -> [(thread: String, count: UInt64)] {
        let (server, httpServer, tlsServer) = threads.withLock { $0 }
        server?.requestHeartbeat()
        windows.requestHeartbeat()
        httpServer?.requestHeartbeat()
        tlsServer?.requestHeartbeat()
        return (server?.beats ?? []).enumerated().map { ("reactor \($0)", $1) }
            + (httpServer?.beats ?? []).enumerated().map { ("HTTP thread \($0)", $1) }
            + (tlsServer?.beats ?? []).enumerated().map { ("TLS thread \($0)", $1) }
            + [("the window thread", windows.beats)]
    }

    private func reading(_ availability: Availability) -> DaemonReading {
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
                + meters.tls.enumerated().map { DaemonReading.Shard(tls: $0, $1.reading) },
            acceptor: meters.server.acceptor.reading,
            tls: certificates?.reading,
            store: meters.store.reading,
            windows: meters.windows.reading,
            process: ProcessReading.current(),
            droppedLogLines: log.droppedLines,
            tokensRefused: TokenDoor.allCases.map { ($0.name, tokens?.refused(at: $0) ?? 0) }
        )
    }
}
