import FirnEngine
import FirnLayout
import FirnStore
import FirnWire
import Glibc
import Logging
import Testing

@testable import FirnServer

/// What a peer is told at the end reaches it, over real sockets.
@Suite struct LastAnswersTests {
    /// Its calls wait, and it sends on: what it has sent stays in the kernel. Were it still there when the connection is
    /// closed, the kernel would say that the connection was reset, and may drop what the peer has not read.
    @Test func aConnectionThatWasPausedIsReadToItsEnd() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        var limits = Limits(fileDescriptors: 256)
        limits.maximumWaitingCalls = 4
        limits.drainTimeout = .milliseconds(50)
        let server = try Self.server(path, limits)
        let peer = SocketProbe.make()
        #expect(SocketAddress.withUnix(path: path) { Glibc.connect(peer.number, $0, $1) } == 0)
        let first = ScriptedPeer.frames(singleCalls(1))
        #expect(write(peer.number, first, first.count) == first.count)
        var answer = [UInt8](repeating: 0, count: 64)
        #expect(read(peer.number, &answer, answer.count) > 0, "it was accepted")
        // Batches that take seconds, and more behind them than the daemon reads at once.
        let requests = (1...4000).map { Request(callID: $0, method: .nextBatch(count: 65_536)) }
        let bytes = ScriptedPeer.frames(requests)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(peer.number, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            sent += count
        }
        #expect(sent == bytes.count, "it fits into the socket's buffers")
        server.drain()
        server.join()
        let (answers, end) = Self.readToEnd(peer)
        #expect(end == 0, "errno \(end)")
        #expect(answers.filter { $0.callID > 0 }.map(\.callID) == [1, 2, 3, 4])
        #expect(answers.filter { $0.callID > 0 }.allSatisfy { $0.error?.code == .unavailable })
    }

    /// - Returns: the answers, and the errno with which the connection ended; 0: it was closed.
    private static func readToEnd(_ peer: FileDescriptor) -> (answers: [Response], end: Int32) {
        var bytes: [UInt8] = []
        var end: Int32 = 0
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(peer.number, &piece, piece.count)
            guard count > 0 else {
                end = count == 0 ? 0 : errno
                break
            }
            bytes += piece[..<count]
        }
        var answers: [Response] = []
        let decoder = ResponseDecoder()
        var rest = bytes.span.bytes
        while case .whole(let length) = Frame.read(rest, maximumLength: Frame.maximumResponseLength) {
            if let answer = try? decoder.decode(rest.extracting(Frame.headerLength..<Frame.headerLength + length)) {
                answers.append(answer)
            }
            rest = rest.extracting(droppingFirst: Frame.headerLength + length)
        }
        return (answers, end)
    }

    private static func server(_ path: String, _ limits: Limits) throws -> Server {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let layout = ScriptedHost.narrow
        let clock = TickClock(layout: layout)
        let slot = WorkerSlot()
        let now = clock.now().tick
        slot.open { Space(layout: layout, worker: 5, firstTick: max($0, now), limit: now + 1_000_000) }
        let availability = Availability()
        availability.becameReady()
        let claims = SequenceClaims(
            store: MemoryStore(),
            holder: Holder(host: "test", pod: nil, pid: 1, instance: 1)
        )
        return try Server(
            listeners: Listeners([.unix(path: path)]),
            slots: [slot],
            reactors: 1,
            layout: layout,
            clock: clock,
            limits: limits,
            policy: AccessPolicy(),
            availability: availability,
            sequences: Sequences(claims: claims, configuration: Sequences.Configuration(), logger: logger),
            logger: logger,
            description: { preconditionFailure("nobody asks") }
        )
    }
}
