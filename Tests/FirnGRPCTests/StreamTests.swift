import FirnServer
import FirnWire
import Foundation
import NIOHTTP2
import Testing

@testable import FirnGRPC

/// Calls with several messages: StreamIDs, Watch and reflection.
@Suite struct StreamTests {
    private static let path = "/firn.v1.IDService/StreamIDs"

    private static func request(chunk: UInt64, limit: UInt64 = 0) -> [UInt8] {
        var message = ProtobufWriter()
        message.put(1, number: chunk)
        message.put(2, number: limit)
        return message.bytes
    }

    @Test func streamsAsManyIDsAsWereAskedFor() throws {
        try withGRPCServer { server in
            let answer = try server.connect().call(Self.path, Self.request(chunk: 1000, limit: 10_500))
            let chunks = try answer.messages.map { try UnaryCallTests.ids($0) }
            #expect(answer.status == 0 && chunks.map(\.count) == Array(repeating: 1000, count: 10) + [500])
            let ids = chunks.flatMap { $0 }
            #expect(ids == ids.sorted() && Set(ids).count == 10_500)
            #expect(try server.connect().call(Self.path, Self.request(chunk: 0)).status == 3)
            #expect(try server.connect().call(Self.path, Self.request(chunk: 65_537)).status == 3)
        }
    }

    @Test func streamsAcrossTicks() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.narrow) { server in
            let answer = try server.connect().call(Self.path, Self.request(chunk: 100, limit: 1000))
            let ids = try answer.messages.flatMap { try UnaryCallTests.ids($0) }
            #expect(answer.status == 0 && Set(ids).count == 1000 && ids == ids.sorted())
        }
    }

    /// The peer's window is 64 KiB, and it never enlarges it.
    @Test func mintsNoMoreForAPeerThatDoesNotRead() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let stream = peer.begin(Self.path)
            peer.send(GRPCPeer.prefixed(Self.request(chunk: 1)), on: stream, isLast: true)
            // A busy machine may take long for what is expected at least.
            func settled(atLeast least: UInt64) -> UInt64 {
                let deadline = ContinuousClock.now + .seconds(60)
                var before = server.idsGiven
                while true {
                    usleep(300_000)
                    let now = server.idsGiven
                    if now == before, now >= least || ContinuousClock.now > deadline { return now }
                    before = now
                }
            }
            // A message of one ID has 5 + 2 + 13 bytes: 3,276 fill the window, and 4 KiB more wait.
            let first = settled(atLeast: 65_535 / 22)
            #expect(first >= 65_535 / 22 && first <= 65_535 / 15 + 4096 / 15 + 40, "\(first) were minted")
            #expect(try server.connect().call("/firn.v1.IDService/NextID").status == 0)
            peer.write(stream, .windowUpdate(windowSizeIncrement: 10_000))
            peer.write(.rootStream, .windowUpdate(windowSizeIncrement: 10_000))
            let second = settled(atLeast: first + 301)
            #expect(second > first + 300 && second < first + 1000)
            peer.reset(stream)
            peer.write(.rootStream, .windowUpdate(windowSizeIncrement: 10_000))
            #expect(try peer.call("/firn.v1.IDService/Describe").status == 0)
        }
    }

    /// Streams that paused because the connection's other streams have too much unsent go on once these have sent it, or are
    /// given up; and each has its turn.
    @Test(arguments: [nil, 0, 1, 2, 3, 4, 5]) func streamsThatOthersHeldBackGoOn(onlyOne kept: Int?) throws {
        try withGRPCServer(threads: 1, { $0.maximumUnsentBytes = 2_000 }) { server in
            let peer = try server.connect()
            var streams = (0..<6).map { _ in peer.begin(Self.path) }
            for stream in streams {
                peer.write(stream, .windowUpdate(windowSizeIncrement: 2_000_000))
                peer.send(GRPCPeer.prefixed(Self.request(chunk: 1)), on: stream, isLast: true)
            }
            // Until the connection's window is used up.
            var given = server.idsGiven
            repeat {
                given = server.idsGiven
                usleep(300_000)
            } while given == 0 || given != server.idsGiven
            if let kept {
                for (index, stream) in streams.enumerated() where index != kept { peer.reset(stream) }
                streams = [streams[kept]]
            }
            let counts = streams.map { peer.answer(on: $0).messages.count }
            peer.write(.rootStream, .windowUpdate(windowSizeIncrement: 1_000_000))
            for (stream, count) in zip(streams, counts) {
                #expect(try peer.messages(count + 1000, on: stream).count >= count + 1000)
            }
        }
    }

    /// A stream that is read as fast as it is written must not keep its thread from reading.
    @Test func aStreamThatIsReadCanBeGivenUp() throws {
        try withGRPCServer(threads: 1) { server in
            let peer = try server.connect()
            let stream = peer.begin(Self.path)
            peer.write(stream, .windowUpdate(windowSizeIncrement: 2_000_000_000))
            peer.write(.rootStream, .windowUpdate(windowSizeIncrement: 2_000_000_000))
            peer.send(GRPCPeer.prefixed(Self.request(chunk: 10)), on: stream, isLast: true)
            _ = try peer.messages(1, on: stream)
            #expect(try server.connect().call("/firn.v1.IDService/Describe").status == 0)
            peer.reset(stream)
            #expect(try peer.call("/firn.v1.IDService/Describe").status == 0)
            let given = server.idsGiven
            usleep(100_000)
            #expect(server.idsGiven == given)
        }
    }

    @Test func deadlinesEndStreams() throws {
        try withGRPCServer { server in
            let answer = try server.connect().call(Self.path, Self.request(chunk: 65_536), [("grpc-timeout", "200m")])
            #expect(answer.status == 4)
        }
    }

    @Test func healthFollowsReadiness() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let health = "/grpc.health.v1.Health/"
            func request(_ service: String) -> [UInt8] {
                var message = ProtobufWriter()
                message.put(1, text: service)
                return message.bytes
            }
            #expect(try peer.call(health + "Check").messages == [[8, 1]])
            #expect(try peer.call(health + "Check", request("firn.v1.IDService")).messages == [[8, 1]])
            #expect(try peer.call(health + "Check", request("other")).status == 5)
            #expect(server.callsCounted(.internal) == 0, "health is not counted")
            let watch = peer.begin(health + "Watch")
            peer.send(GRPCPeer.prefixed([]), on: watch, isLast: true)
            let unknown = peer.begin(health + "Watch")
            peer.send(GRPCPeer.prefixed(request("other")), on: unknown, isLast: true)
            #expect(try peer.messages(1, on: watch) == [[8, 1]])
            #expect(try peer.messages(1, on: unknown) == [[8, 3]])
            server.availability.becameUnready("the store is away", retryAfterMilliseconds: 100)
            #expect(try peer.messages(2, on: watch) == [[8, 1], [8, 2]])
            #expect(try peer.call(health + "Check").messages == [[8, 2]])
            server.availability.becameReady()
            #expect(try peer.messages(3, on: watch) == [[8, 1], [8, 2], [8, 1]])
            let list = try peer.call(health + "List").message
            #expect(String(decoding: list, as: UTF8.self).contains("firn.v1.IDService"))
        }
    }

    @Test(arguments: ["v1", "v1alpha"])
    func reflectionTellsOfTheServices(_ version: String) throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let stream = peer.begin("/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo")
            func ask(_ field: UInt8, _ text: String) {
                var message = ProtobufWriter()
                message.put(field, bytes: text.utf8)
                peer.send(GRPCPeer.prefixed(message.bytes), on: stream)
            }
            ask(7, "")
            ask(4, "firn.v1.IDService")
            ask(4, "firn.v1.Sequence.Kind")
            ask(3, "grpc/health/v1/health.proto")
            ask(4, "firn.v1.Nothing")
            ask(6, "firn.v1.Run")
            ask(5, "x")
            let answers = try peer.messages(7, on: stream).map { String(decoding: $0, as: UTF8.self) }
            #expect(answers[0].contains("firn.v1.IDService") && answers[0].contains("grpc.health.v1.Health"))
            #expect(answers[1].contains("firn/v1/id_service.proto") && answers[1].contains("StreamIDsRequest"))
            #expect(answers[2].contains("firn/v1/id_service.proto") && answers[2].contains("PINTEREST"))
            #expect(answers[3].contains("HealthCheckRequest"))
            #expect(answers[4].contains("there is no symbol 'firn.v1.Nothing' here"))
            #expect(answers[5].contains("firn.v1.Run") && answers[6].contains("no message has extensions here"))
            peer.send([], on: stream, isLast: true)
            #expect(try peer.end(of: stream).status == 0)
        }
    }
}
