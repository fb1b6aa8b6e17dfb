import FirnEngine
import FirnLayout
import FirnServer
import FirnStore
import FirnTestSupport
import Logging

@testable import FirnHTTP

/// An HTTP server with real sockets, threads and time, over a worker and a store in memory.
final class HTTPServerUnderTest {
    let port: UInt16
    let adminPort: UInt16
    let server: HTTPServer
    private let sequences: Sequences

    static let worker: UInt64 = 5
    private static func leases(_ maximumCount: Int, layout: Layout, clock: TickClock) -> LeaseDesk {
        LeaseDesk(
            claims: WorkerClaims(
                store: MemoryStore(),
                holder: Holder(host: "test", pod: nil, pid: 1, instance: 1),
                maximumWorker: UInt32(layout.maximumWorker),
                maximumTick: Space.endTick(of: layout) - 1,
                windowTicks: clock.ticks(in: .seconds(3))
            ),
            layout: layout,
            clock: clock,
            configuration: LeaseDesk.Configuration(
                maximumCount: maximumCount,
                window: .seconds(60),
                maximumWindow: .seconds(300),
                clockTolerance: .seconds(3600)
            )
        )
    }

    /// 16 IDs a millisecond, so that a test can have them used up.
    static let narrow = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4")

    /// - Parameters:
    ///   - hasWorker: whether a worker is held, with a window of a minute.
    ///   - maximumSequences: with 0, each sequence is one too many.
    ///   - maximumLeases: how many workers are leased at a time; nil: none are, and no call for leases is answered.
    ///   - tokens: asked for; nil: none is.
    init(
        layout: Layout = .snowflake,
        hasWorker: Bool = true,
        threads: Int = 2,
        maximumSequences: Int = 1000,
        maximumLeases: Int? = nil,
        admin: AdminContent? = nil,
        policy: OriginPolicy = OriginPolicy(),
        tokens: TokenGate? = nil,
        _ configure: (inout HTTPLimits) -> Void = { _ in }
    ) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let clock = TickClock(layout: layout)
        let slot = WorkerSlot()
        let availability = Availability()
        if hasWorker {
            let now = clock.now().tick
            slot.open { first in
                Space(
                    layout: layout,
                    worker: Self.worker,
                    firstTick: max(first, now),
                    limit: now + clock.ticks(in: .seconds(60)),
                    shards: threads
                )
            }
            availability.becameReady()
        }
        var configuration = Sequences.Configuration()
        configuration.maximumSequences = maximumSequences
        let claims = SequenceClaims(
            store: MemoryStore(),
            holder: Holder(host: "test", pod: nil, pid: 1, instance: .random(in: 0...(.max)))
        )
        sequences = try Sequences(claims: claims, configuration: configuration, logger: logger)
        let serverLimits = Limits(fileDescriptors: 1024)
        var limits = HTTPLimits(maximumConnections: 256, serverLimits)
        configure(&limits)
        let sockets = try (0..<2).map { _ in
            try Listener(.tcp(host: "127.0.0.1", port: 0), ownership: SocketOwnership(), allowsAnyHost: false)
        }
        let source = MintSource(
            slots: [slot],
            layout: layout,
            clock: clock,
            limits: serverLimits,
            availability: availability,
            sequences: sequences,
            desks: Desks(leases: maximumLeases.map { Self.leases($0, layout: layout, clock: clock) })
        )
        server = try HTTPServer(
            listeners: [HTTPListener(sockets[0], .ids), HTTPListener(sockets[1], .admin)],
            source: source,
            admin: admin,
            policy: policy,
            tokens: tokens,
            threads: threads,
            limits: limits,
            logger: logger
        )
        port = Self.port(of: sockets[0])
        adminPort = Self.port(of: sockets[1])
    }

    private static func port(of socket: Listener) -> UInt16 {
        guard case .tcp(_, let port) = socket.address else { return 0 }
        return port
    }

    func connect() throws -> HTTPPeer { try HTTPPeer(port: port) }

    func ask(_ method: String, _ target: String) throws -> HTTPPeer.Answer {
        try HTTPPeer.ask(method, target, port: port)
    }

    /// Waits until an HTTP server of one thread has read what was sent before on connections that it knows: its event loop
    /// comes to them before it comes to what is sent later.
    func hasReadWhatWasSent() throws {
        for _ in 0..<2 { _ = try HTTPPeer.ask("GET", "/", port: adminPort) }
    }

    func stop() {
        server.drain()
        server.join()
        _ = sequences.stop(within: .seconds(60))
    }
}

/// Runs `body` with an HTTP server, which is stopped at the end.
func withHTTPServer<Result>(
    layout: Layout = .snowflake,
    hasWorker: Bool = true,
    threads: Int = 2,
    maximumSequences: Int = 1000,
    maximumLeases: Int? = nil,
    admin: AdminContent? = nil,
    policy: OriginPolicy = OriginPolicy(),
    tokens: TokenGate? = nil,
    _ configure: (inout HTTPLimits) -> Void = { _ in },
    _ body: (HTTPServerUnderTest) throws -> Result
) throws -> Result {
    let server = try HTTPServerUnderTest(
        layout: layout,
        hasWorker: hasWorker,
        threads: threads,
        maximumSequences: maximumSequences,
        maximumLeases: maximumLeases,
        admin: admin,
        policy: policy,
        tokens: tokens,
        configure
    )
    defer { server.stop() }
    return try body(server)
}
