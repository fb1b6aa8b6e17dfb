import FirnLayout
import FirnWire
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A daemon that does what a test says: every request that arrives waits for the test's word.
final class ScriptedServer: Sendable {
    /// A request, and the connection that it came on.
    struct Received: Sendable {
        let request: Request
        let channel: any Channel
        /// Which of the server's connections it is, from 1.
        let connection: Int

        func answer(_ id: UInt64) {
            send { $0.appendNextID(callID: request.callID, id: FirnID(rawValue: id)) }
        }

        func answer(_ runs: [Run]) {
            send { $0.appendNextBatch(callID: request.callID, runs: runs) }
        }

        /// How many IDs callers share this request for.
        var sharedCount: UInt32 {
            if case .nextBatch(let count) = request.method { count } else { 1 }
        }

        /// Gives as many IDs as the request is for, in a row.
        func answerShared(from first: UInt64) {
            if case .nextBatch(let count) = request.method {
                answer([Run(first: FirnID(rawValue: first), count: count, stride: 1)])
            } else {
                answer(first)
            }
        }

        func answer(_ status: Status) {
            send { $0.appendError(callID: request.callID, status) }
        }

        func describe(_ description: DaemonDescription) {
            send { $0.appendDescription(callID: request.callID, description) }
        }

        func answerTickets(_ first: Run, _ second: Run? = nil) {
            send { $0.appendNextTickets(callID: request.callID, runs: second.map { [first, $0] } ?? [first]) }
        }

        func answer(prefix: String) {
            send { $0.appendNewPrefix(callID: request.callID, prefix: prefix) }
        }

        func answer(created sequence: SequenceDescription) {
            send { $0.appendCreatedSequence(callID: request.callID, sequence) }
        }

        func answer(page: [SequenceDescription], more: Bool) {
            send { $0.appendSequences(callID: request.callID, page, more: more) }
        }

        func goAway() {
            send { $0.appendGoAway(reason: "test") }
        }

        func refuseConnection(_ status: Status) {
            send { $0.appendError(callID: 0, status) }
        }

        func send(bytes: [UInt8]) {
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        }

        func close() {
            channel.close(promise: nil)
        }

        private func send(_ append: (FrameBuffer) -> Void) {
            let buffer = FrameBuffer()
            append(buffer)
            send(bytes: buffer.withUnsafeBytes { Array($0) })
        }
    }

    let path: String
    let requests: AsyncStream<Received>
    private let continuation: AsyncStream<Received>.Continuation
    private let channel: any Channel
    private let closed: AsyncStream<Void>
    private let connections: NIOLockedValueBox<[any Channel]>

    /// Serves at a new socket while `body` runs.
    static func run(
        _ body: (ScriptedServer, _ requests: inout AsyncStream<Received>.Iterator) async throws -> Void
    ) async throws {
        let server = try await ScriptedServer(path: newPath())
        do {
            var requests = server.requests.makeAsyncIterator()
            try await body(server, &requests)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    static func newPath() -> String { "/tmp/firn-test-\(UUID().uuidString.prefix(13)).sock" }

    init(path: String) async throws {
        self.path = path
        let (requests, continuation) = AsyncStream.makeStream(of: Received.self)
        let (closed, onClosed) = AsyncStream.makeStream(of: Void.self)
        (self.requests, self.continuation, self.closed) = (requests, continuation, closed)
        let connections = NIOLockedValueBox<[any Channel]>([])
        self.connections = connections
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = connections.withLockedValue { connections in
                        connections.append(channel)
                        return connections.count
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        RequestHandler(connection: connection, continuation: continuation, onClosed: onClosed)
                    )
                }
            }
            .bind(unixDomainSocketPath: path)
            .get()
    }

    /// Returns when a client's connection has closed.
    func connectionClosed() async {
        for await _ in closed { return }
    }

    /// How many connections there were.
    var connectionCount: Int { connections.withLockedValue { $0.count } }

    /// Answers whatever comes with IDs from this one on.
    func answerEverything(from first: UInt64) -> Task<Void, Never> {
        Task {
            var next = first
            for await call in requests {
                if case .describe = call.request.method {
                    call.describe(.sample)
                } else {
                    call.answerShared(from: next)
                }
                next += UInt64(call.sharedCount)
            }
        }
    }

    func stop(closingConnections: Bool = false) async {
        try? await channel.close().get()
        if closingConnections {
            for connection in connections.withLockedValue(\.self) { connection.close(promise: nil) }
        }
        continuation.finish()
        unlink(path)
    }
}

private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: Int
    private let continuation: AsyncStream<ScriptedServer.Received>.Continuation
    private let onClosed: AsyncStream<Void>.Continuation
    private let decoder = RequestDecoder()
    private var unread = ByteBuffer()

    init(
        connection: Int,
        continuation: AsyncStream<ScriptedServer.Received>.Continuation,
        onClosed: AsyncStream<Void>.Continuation
    ) {
        self.connection = connection
        self.continuation = continuation
        self.onClosed = onClosed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unread.writeImmutableBuffer(unwrapInboundIn(data))
        while let (request, length) = try? firstRequest() {
            continuation.yield(.init(request: request, channel: context.channel, connection: connection))
            unread.moveReaderIndex(forwardBy: length)
        }
    }

    private func firstRequest() throws(Status) -> (Request, length: Int)? {
        let unread = unread
        let bytes = unread.readableBytesSpan
        guard case .whole(let length) = Frame.read(bytes, maximumLength: Frame.maximumRequestLength) else { return nil }
        let request = try decoder.decode(bytes.extracting(Frame.headerLength..<Frame.headerLength + length))
        return (request, Frame.headerLength + length)
    }

    func channelInactive(context: ChannelHandlerContext) {
        onClosed.yield()
    }
}
