import FirnEngine
import FirnLayout
import FirnServer
import FirnStore
import FirnTestSupport
import FirnWire
import Logging

@testable import FirnGRPC

/// A gRPC server with real sockets, threads and time, over a worker and a store in memory.
final class GRPCServerUnderTest {
    let port: UInt16
    let server: GRPCServer
    let availability: Availability
    /// Where calls show their tokens; `nil`: none is asked for.
    let tokens: TokenGate?
    private let sequences: Sequences
    private let meters: [ShardMeter]

    /// IDs that were minted so far.
    var idsGiven: UInt64 { meters.reduce(0) { $0 + $1.reading.ids } }

    /// Calls that were counted with this code so far.
    func callsCounted(_ code: CallCode) -> UInt64 {
        meters.reduce(0) { sum, meter in
            sum + CallMethod.allCases.reduce(0) { $0 + meter.reading.calls($1, code) }
        }
    }

    static let worker: UInt64 = 5
    /// 16 IDs a millisecond, so that a test can have them used up.
    static let narrow = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4")
    /// A tick of 10 s with two IDs, so that a call waits longer than a test.
    static let slow = try! Layout(parsing: "time:40x10s@2025-01-01T00:00:00Z,worker:10,sequence:1")

    /// - Parameters:
    ///   - hasWorker: whether a worker is held, with a window of a minute.
    ///   - tokenFile: the text of a token file; `nil`: no token is asked for.
    init(
        layout: Layout = .snowflake,
        hasWorker: Bool = true,
        threads: Int = 2,
        tokenFile: String? = nil,
        _ configure: (inout GRPCLimits) -> Void = { _ in }
    ) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        tokens = try tokenFile.map { TokenGate(try TokenBook(lines: $0.split(separator: "\n")), logger: logger) }
        let clock = TickClock(layout: layout)
        meters = (0..<threads).map { _ in ShardMeter() }
        let slot = WorkerSlot()
        let availability = Availability()
        self.availability = availability
        if hasWorker {
            let now = clock.now().tick
            slot.open { first in
                Space(
                    layout: layout,
                    worker: Self.worker,
                    firstTick: max(first, now),
                    limit: now + clock.ticks(in: .seconds(600)),
                    shards: threads
                )
            }
            availability.becameReady()
        }
        let claims = SequenceClaims(
            store: MemoryStore(),
            holder: Holder(host: "test", pod: nil, pid: 1, instance: .random(in: 0...(.max)))
        )
        sequences = try Sequences(claims: claims, configuration: Sequences.Configuration(), logger: logger)
        let serverLimits = Limits(fileDescriptors: 1024)
        var limits = GRPCLimits(maximumConnections: 256, serverLimits)
        // A busy machine may need many seconds between a call's head and its message.
        limits.requestTimeout = .seconds(60)
        limits.sendTimeout = .seconds(60)
        configure(&limits)
        let socket = try Listener(
            .tcp(host: "127.0.0.1", port: 0),
            ownership: SocketOwnership(),
            allowsAnyHost: false
        )
        server = try GRPCServer(
            listeners: [GRPCListener(socket)],
            source: MintSource(
                slots: [slot],
                layout: layout,
                clock: clock,
                limits: serverLimits,
                availability: availability,
                sequences: sequences,
                meters: meters,
                description: {
                    DaemonDescription(version: "test", layout: layout, workers: [5], maximumBatch: 65_536)
                }
            ),
            policy: AccessPolicy(),
            tokens: tokens,
            threads: threads,
            limits: limits,
            logger: logger
        )
        guard case .tcp(_, let port) = socket.address else { preconditionFailure("a TCP socket has a port") }
        self.port = port
    }

    func connect() throws -> GRPCPeer { try GRPCPeer(port: port) }

    func stop() {
        server.drain()
        server.join()
        _ = sequences.stop(within: .seconds(60))
    }
}

/// Runs `body` with a gRPC server, which is stopped at the end.
func withGRPCServer<Result>(
    layout: Layout = .snowflake,
    hasWorker: Bool = true,
    threads: Int = 2,
    tokenFile: String? = nil,
    _ configure: (inout GRPCLimits) -> Void = { _ in },
    _ body: (GRPCServerUnderTest) throws -> Result
) throws -> Result {
    let server = try GRPCServerUnderTest(
        layout: layout,
        hasWorker: hasWorker,
        threads: threads,
        tokenFile: tokenFile,
        configure
    )
    defer { server.stop() }
    return try body(server)
}
