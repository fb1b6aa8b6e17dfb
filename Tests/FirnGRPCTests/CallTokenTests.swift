import FirnServer
import FirnWire
import NIOHTTP2
import Testing

@testable import FirnGRPC

/// Tokens of calls, over real sockets.
@Suite struct CallTokenTests {
    private static let all = "0123456789abcdef-all"
    private static let ids = "0123456789abcdef-ids"
    private static let tickets = "0123456789abcdef-tickets"
    private static let file = "app \(all)\nreader \(ids) ids\nshop \(tickets) tickets"
    private static let path = UnaryCallTests.path
    private static let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

    private static func bearer(_ token: String) -> [(String, String)] { [("authorization", "Bearer \(token)")] }

    private static func tickets(_ sequence: String) -> [UInt8] {
        var message = ProtobufWriter()
        message.put(1, text: sequence)
        message.put(2, number: 1)
        return message.bytes
    }

    private static func listServices() -> [UInt8] {
        var message = ProtobufWriter()
        message.put(7, text: "*")
        return message.bytes
    }

    @Test func eachCallShowsOne() throws {
        try withGRPCServer(threads: 1, tokenFile: Self.file) { server in
            let peer = try server.connect()
            let wrong: [[(String, String)]] = [
                [], Self.bearer("wrong-token-0123456789"), Self.bearer(""), Self.bearer(String(Self.all.dropLast())),
                [("authorization", "Basic \(Self.all)")], [("authorization", Self.all)],
            ]
            for fields in wrong {
                let answer = try peer.call(Self.path + "NextID", [], fields)
                #expect(answer.status == 16 && answer.messages.isEmpty && answer.text.contains("token"), "\(fields)")
                #expect(!answer.text.contains("0123456789"))
            }
            #expect(try peer.call(Self.path + "StreamIDs", UnaryCallTests.request(1, 4)).status == 16)
            #expect(try peer.call(Self.path + "Describe").status == 16)
            #expect(try peer.call(Self.reflection, Self.listServices()).status == 16)
            #expect(server.idsGiven == 0)
            #expect(server.tokens!.refused(at: .grpc) == UInt64(wrong.count + 3))
            #expect(server.callsCounted(.unauthenticated) == 0, "they are counted as refused tokens")
            #expect(try peer.call(Self.path + "NextID", [], Self.bearer(Self.all)).status == 0)
            #expect(try peer.call(Self.path + "NextID", [], [("authorization", "bearer  \(Self.ids)")]).status == 0)
            // It is shown again with the next call of the connection.
            #expect(try peer.call(Self.path + "NextID").status == 16)
        }
    }

    /// Two fields are one list, which is no token.
    @Test func twoTokensAreNone() throws {
        try withGRPCServer(tokenFile: Self.file) { server in
            let peer = try server.connect()
            let stream = peer.begin(
                Self.path + "NextID",
                repeating: ("authorization", "Bearer \(Self.all)"),
                times: 2
            )
            #expect(try peer.end(of: stream).status == 16)
        }
    }

    @Test func aTokenAllowsNoMoreThanItsScope() throws {
        try withGRPCServer(tokenFile: Self.file) { server in
            let peer = try server.connect()
            let (ids, tickets, all) = (Self.bearer(Self.ids), Self.bearer(Self.tickets), Self.bearer(Self.all))
            let batch = UnaryCallTests.request(1, 2)
            var name = ProtobufWriter()
            name.put(1, text: "a")
            var sequence = ProtobufWriter()
            sequence.put(1) {
                $0.put(1, text: "made")
                $0.put(4, number: 1)
            }
            let calls: [(method: String, message: [UInt8], ids: Int, tickets: Int)] = [
                ("NextID", [], 0, 7), ("NextBatch", batch, 0, 7), ("NewPrefix", name.bytes, 0, 7),
                ("NextTickets", Self.tickets("orders"), 7, 0), ("ListSequences", [], 7, 0),
                ("CreateSequence", sequence.bytes, 7, 7), ("Describe", [], 0, 0),
                ("StreamIDs", UnaryCallTests.request(1, 2) + UnaryCallTests.request(2, 2), 0, 7),
            ]
            for (method, message, forIDs, forTickets) in calls {
                #expect(try peer.call(Self.path + method, message, ids).status == forIDs, "\(method)")
                #expect(try peer.call(Self.path + method, message, tickets).status == forTickets, "\(method)")
                #expect(try peer.call(Self.path + method, message, all).status == 0, "\(method)")
            }
            #expect(try peer.call(Self.reflection, Self.listServices(), tickets).status == 0)
        }
    }

    @Test func probesShowNone() throws {
        try withGRPCServer(tokenFile: Self.file) { server in
            let peer = try server.connect()
            for method in ["Check", "List"] {
                #expect(try peer.call("/grpc.health.v1.Health/\(method)").status == 0, "\(method)")
            }
            let watch = peer.begin("/grpc.health.v1.Health/Watch")
            peer.send(GRPCPeer.prefixed([]), on: watch, isLast: true)
            #expect(try peer.messages(1, on: watch) == [UnaryCallTests.request(1, 1)])
            #expect(server.tokens!.refused(at: .grpc) == 0)
        }
    }

    @Test func aTokenThatIsNoLongerInTheFileIsRefusedFromTheNextCallOn() throws {
        try withGRPCServer(tokenFile: Self.file) { server in
            let peer = try server.connect()
            let fields = Self.bearer(Self.all)
            #expect(try peer.call(Self.path + "NextID", [], fields).status == 0)
            _ = server.tokens!.replace(with: try TokenBook(lines: ["app a-new-token-0123456789"]))
            #expect(try peer.call(Self.path + "NextID", [], fields).status == 16)
            #expect(try peer.call(Self.path + "NextID", [], Self.bearer("a-new-token-0123456789")).status == 0)
        }
    }

    /// The limit of header fields is 16 KiB: the call or the connection ends, and others are served.
    @Test func aTokenOfAMegabyteIsRefusedAndNotBuffered() throws {
        try withGRPCServer(tokenFile: Self.file) { server in
            let peer = try server.connect()
            let long = String(repeating: "x", count: 1_048_576)
            let answer = try? peer.call(Self.path + "NextID", [], Self.bearer(long))
            #expect(answer?.status != 0)
            let other = try server.connect()
            #expect(try other.call(Self.path + "NextID", [], Self.bearer(Self.all)).status == 0)
        }
    }
}
