import FirnLayout
import FirnWire
import Foundation
import NIOHPACK
import NIOHTTP2
import Testing

@testable import FirnGRPC

/// Calls over real sockets.
@Suite struct UnaryCallTests {
    static let path = "/firn.v1.IDService/"

    /// The number of a message's field, or its default.
    static func number(_ field: UInt64, of message: [UInt8]) throws -> UInt64 {
        var reader = ProtobufReader(message)
        while let next = try reader.next() {
            if next.number == field, case .number(let number) = next.value { return number }
        }
        return 0
    }

    /// The IDs of runs, which are a message's first field.
    static func ids(_ message: [UInt8]) throws -> [UInt64] {
        var ids: [UInt64] = []
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            guard field.number == 1, case .bytes(let run) = field.value else { continue }
            let (first, count) = (try number(1, of: Array(run)), try number(2, of: Array(run)))
            let stride = try number(3, of: Array(run))
            ids += (0..<count).map { first + $0 * stride }
        }
        return ids
    }

    static func request(_ field: UInt8, _ number: UInt64) -> [UInt8] {
        var message = ProtobufWriter()
        message.put(field, number: number)
        return message.bytes
    }

    @Test func givesIDsOfItsWorkerThatRise() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            var last: UInt64 = 0
            for _ in 0..<100 {
                let answer = try peer.call(Self.path + "NextID")
                #expect(answer.status == 0 && answer.fields["content-type"] == "application/grpc")
                let id = try Self.number(1, of: try #require(answer.messages.first))
                #expect(id > last && Layout.snowflake.decode(FirnID(rawValue: id)).worker == GRPCServerUnderTest.worker)
                last = id
            }
            let batch = try peer.call(Self.path + "NextBatch", Self.request(1, 10_000))
            let ids = try Self.ids(try #require(batch.messages.first))
            #expect(ids.count == 10_000 && Set(ids).count == 10_000 && ids.min()! > last)
        }
    }

    @Test func sequencesPrefixesAndTheDescription() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            var tickets = ProtobufWriter()
            tickets.put(1, text: "orders")
            tickets.put(2, number: 3)
            #expect(try Self.ids(peer.call(Self.path + "NextTickets", tickets.bytes).message) == [1, 2, 3])
            var service = ProtobufWriter()
            service.put(1, text: "billing")
            var prefix = ProtobufWriter()
            prefix.put(1, text: "billing-1")
            #expect(try peer.call(Self.path + "NewPrefix", service.bytes).messages == [prefix.bytes])
            var sequence = ProtobufWriter()
            sequence.put(1) {
                $0.put(1, text: "made")
                $0.put(4, number: 1)
            }
            #expect(try peer.call(Self.path + "CreateSequence", sequence.bytes).status == 0)
            let list = try peer.call(Self.path + "ListSequences").message
            #expect(String(decoding: list, as: UTF8.self).contains("made"))
            #expect(try Self.number(6, of: peer.call(Self.path + "Describe").message) == 65_536)
        }
    }

    @Test func takesAMessageInAnyPieces() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let bytes = GRPCPeer.prefixed(Self.request(1, 300))
            for split in 0...bytes.count {
                let stream = peer.begin(Self.path + "NextBatch")
                peer.send(Array(bytes[..<split]), on: stream)
                peer.send(Array(bytes[split...]), on: stream, isLast: true)
                #expect(try Self.ids(try #require(peer.end(of: stream).messages.first)).count == 300)
            }
            // The end in a frame of its own, and in trailers.
            let empty = peer.begin(Self.path + "NextID")
            peer.send(GRPCPeer.prefixed([]), on: empty)
            peer.send([], on: empty, isLast: true)
            #expect(try peer.end(of: empty).status == 0)
            let trailers = peer.begin(Self.path + "NextID")
            peer.send(GRPCPeer.prefixed([]), on: trailers)
            peer.write(trailers, .headers(.init(headers: ["x": "y"], endStream: true)))
            #expect(try peer.end(of: trailers).status == 0)
        }
    }

    @Test func refusesBadCallsInWords() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let zero = try peer.call(Self.path + "NextBatch")
            #expect(zero.status == 3 && zero.text == "a batch of 0 IDs was asked for; ask for 1 to 65536")
            let unknown = try peer.call(Self.path + "NextDay")
            #expect(
                unknown.status == 12 && unknown.text.hasPrefix("there is no method /firn.v1.IDService/NextDay here")
            )
            #expect(try peer.call(Self.path + "NextBatch", [0xFF, 0xFF]).status == 3)
            #expect(try peer.call(Self.path + "NextID", [], [("grpc-timeout", "soon")]).status == 3)
            #expect(
                try peer.call(Self.path + "NextID", [], [("content-type", "text/plain")]).fields[":status"] == "415"
            )
            #expect(try peer.call(Self.path + "NextID", [], [(":method", "GET")]).fields[":status"] == "405")
            for fields in [("content-type", "text/plain"), ("grpc-timeout", "soon")] {
                let stream = peer.begin(Self.path + "NextID", [fields])
                #expect(try peer.resetCode(of: stream) == .noError, "nothing more of the request is read")
            }
            var name = ProtobufWriter()
            name.put(1, text: "no/slash")
            name.put(2, number: 1)
            #expect(try peer.call(Self.path + "NextTickets", name.bytes).status == 3)
            #expect(try peer.call(Self.path + "NextID").status == 0, "the connection stays")
        }
    }

    /// A Character may have any number of combining marks.
    @Test func quotesLittleOfALongText() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            let long = "a" + String(repeating: "\u{301}", count: 2000)
            #expect(long.count == 1)
            let path = try peer.call("/" + long)
            #expect(path.status == 12 && path.text.utf8.count < 3000, "\(path.text.utf8.count)")
            let timeout = try peer.call(Self.path + "NextID", [], [("grpc-timeout", long)])
            #expect(timeout.status == 3 && timeout.text.utf8.count < 3000, "\(timeout.text.utf8.count)")
        }
    }

    /// A list may be long, and all may be answered at once.
    @Test func fewCallsOfAConnectionWaitForTheStore() throws {
        try withGRPCServer(threads: 1) { server in
            let peer = try server.connect()
            let streams = peer.burst(Self.path + "ListSequences", GRPCPeer.prefixed([]), times: 200)
            let statuses = try streams.map { try peer.end(of: $0).status }
            #expect(Set(statuses) == [0, 8])
            #expect(try peer.call(Self.path + "ListSequences").status == 0)
        }
    }

    @Test func aLongCallDoesNotMakeItsConnectionIdle() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.slow, { $0.tcpIdleTimeout = .seconds(5) }) { server in
            let peer = try server.connect()
            let answer = try peer.call(Self.path + "NextBatch", Self.request(1, 100), [("grpc-timeout", "6S")])
            #expect(answer.status == 4)
            usleep(600_000)
            #expect(try peer.call(Self.path + "Describe").status == 0)
        }
    }

    @Test func refusesBadMessages() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            func answer(_ bytes: [UInt8], isLast: Bool = true) throws -> GRPCPeer.Answer {
                let stream = peer.begin(Self.path + "NextID")
                peer.send(bytes, on: stream, isLast: isLast)
                return try peer.end(of: stream)
            }
            let compressed = try answer(GRPCPeer.prefixed([1], flag: 1))
            #expect(compressed.status == 12 && compressed.fields["grpc-accept-encoding"] == "identity")
            let long = try answer(GRPCPeer.prefixed(Array(repeating: 0, count: 4097)), isLast: false)
            #expect(long.status == 8)
            let rest = peer.begin(Self.path + "NextID")
            peer.send(GRPCPeer.prefixed(Array(repeating: 0, count: 4097)), on: rest)
            #expect(try peer.resetCode(of: rest) == .noError, "nothing more of the request is read")
            #expect(try answer(GRPCPeer.prefixed([]) + GRPCPeer.prefixed([])).status == 3, "two messages")
            #expect(try answer([0, 0, 0]).status == 3, "half of a message")
            #expect(try answer([]).status == 3, "no message")
            #expect(try peer.end(of: peer.begin(Self.path + "NextID", isLast: true)).status == 3, "no data")
            #expect(try peer.call(Self.path + "NextID").status == 0, "the connection stays")
        }
    }

    @Test func refusalsSayWhenToTryAgain() throws {
        try withGRPCServer(hasWorker: false) { server in
            let answer = try server.connect().call(Self.path + "NextID")
            #expect(answer.status == 14 && answer.text.hasPrefix("the daemon is starting"))
            var delay = ProtobufWriter()
            delay.put(2, number: 100_000_000)
            #expect(try retryDelay(inDetails: try #require(answer.fields["grpc-status-details-bin"])) == delay.bytes)
        }
    }

    @Test func deadlinesEndCallsThatWait() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.slow, threads: 1) { server in
            let peer = try server.connect()
            let begun = ContinuousClock.now
            let answer = try peer.call(Self.path + "NextBatch", Self.request(1, 100), [("grpc-timeout", "100m")])
            #expect(answer.status == 4 && begun.duration(to: .now) > .milliseconds(90))
            #expect(try peer.call(Self.path + "NextID", [], [("grpc-timeout", "0n")]).status == 4)
        }
    }

    /// HTTP/2's window of a connection is 64 KiB, which the daemon enlarges as it reads.
    @Test func moreIsReadThanAWindow() throws {
        try withGRPCServer { server in
            let peer = try server.connect()
            // An unknown field of 3,000 bytes.
            var request = ProtobufWriter()
            request.put(15, bytes: [UInt8](repeating: 1, count: 3000))
            for _ in 0..<60 { #expect(try peer.call(Self.path + "NextID", request.bytes).status == 0) }
        }
    }

    @Test func nothingIsMintedForACallThatWasGivenUp() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.narrow, threads: 1) { server in
            let peer = try server.connect()
            let stream = peer.begin(Self.path + "NextBatch")
            // 16 a millisecond: it would be answered after 0.6 s.
            peer.send(GRPCPeer.prefixed(Self.request(1, 10_000)), on: stream, isLast: true)
            #expect(try peer.call(Self.path + "Describe").status == 0)
            peer.reset(stream)
            #expect(try peer.call(Self.path + "Describe").status == 0)
            usleep(1_500_000)
            #expect(server.idsGiven == 0)
        }
    }

    @Test func callsThatAreGivenUpAreFreed() throws {
        try withGRPCServer(layout: GRPCServerUnderTest.slow, threads: 1, { $0.maximumStreams = 8 }) { server in
            let peer = try server.connect()
            #expect(try peer.setting(.maxConcurrentStreams) == 8)
            for _ in 0..<10 {
                let streams = (0..<8).map { _ in peer.begin(Self.path + "NextBatch") }
                for stream in streams { peer.send(GRPCPeer.prefixed(Self.request(1, 100)), on: stream, isLast: true) }
                for stream in streams { peer.reset(stream) }
            }
            #expect(try peer.call(Self.path + "Describe").status == 0)
        }
    }
}
