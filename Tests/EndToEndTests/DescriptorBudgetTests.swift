import FirnTestSupport
import FirnWire
import Foundation
import Testing

@testable import firnd

/// Limits keep to what the process may open, and say so.
@Suite struct DescriptorBudgetTests {
    private func budget(_ descriptors: Int, _ change: (inout DescriptorBudget.Wishes) -> Void = { _ in }) throws
        -> DescriptorBudget
    {
        var wishes = DescriptorBudget.Wishes(shards: 2, listeners: 1)
        change(&wishes)
        return try DescriptorBudget(descriptors: descriptors, wishes)
    }

    @Test func theUsualIsAsItWas() throws {
        let plain = try budget(1024)
        #expect(plain.connections == 960 && plain.warnings.isEmpty)
        let all = try budget(65_536) {
            $0.servesHTTP = true
            $0.servesAdmin = true
        }
        #expect(all.httpConnections == 1024 && all.adminConnections == 64 && all.refusedHTTPConnections == 64)
        #expect(all.connections == 65_536 - 64 - 1024 - 64 - 128 && all.warnings.isEmpty)
    }

    @Test func gRPCHasItsPart() throws {
        let all = try budget(65_536) { $0.servesGRPC = true }
        #expect(all.grpcConnections == 1024 && all.connections == 65_536 - 64 - 1024 && all.warnings.isEmpty)
        let wished = try budget(1024) {
            $0.servesGRPC = true
            $0.grpcConnections = 2000
        }
        #expect(wished.grpcConnections < 1000 && wished.connections >= 1)
        #expect(wished.warnings.contains { $0.hasPrefix("--max-grpc-connections is 2000 and was lowered to") })
    }

    /// `--admin` reserved 128 of them, and one was left for the framed protocol.
    @Test func fewAreSharedOut() throws {
        let few = try budget(64) { $0.servesAdmin = true }
        #expect(few.connections == 24 && few.adminConnections == 4)
        let warning = try #require(few.warnings.first)
        #expect(few.warnings.count == 1)
        #expect(
            warning.contains("may open 64 files, so it takes 24 connections at once, and 4 of the admin port")
        )
    }

    @Test func moreThanThereIsIsLoweredInWords() throws {
        let asked = try budget(256) { $0.connections = 2000 }
        #expect(asked.connections == 192 && asked.warnings.count == 1)
        #expect(
            asked.warnings.first?.hasPrefix(
                "--max-connections is 2000 and was lowered to 192: this process may open 256"
            ) == true
        )
        let http = try budget(256) {
            $0.servesHTTP = true
            $0.httpConnections = 2000
        }
        #expect(http.httpConnections < 192 && http.connections >= 1)
        #expect(http.warnings.contains { $0.hasPrefix("--max-http-connections is 2000 and was lowered to") })
        #expect(try budget(256) { $0.connections = 100 }.warnings.isEmpty)
    }

    /// Whatever is asked for, the sum is never above what there is.
    @Test func theSumFits() throws {
        for descriptors in [40, 48, 64, 100, 128, 256, 1000, 4096, 65_536] {
            for shards in [1, 2, 8, 64] {
                for (http, admin) in [(false, false), (true, false), (false, true), (true, true)] {
                    for wish in [nil, 1, 50, 1_000_000] {
                        let made = try? budget(descriptors) {
                            $0.shards = shards
                            ($0.servesHTTP, $0.servesAdmin) = (http, admin)
                            $0.httpThreads = shards
                            ($0.connections, $0.httpConnections) = (wish, wish)
                        }
                        guard let made else { continue }
                        #expect(made.connections >= 1 && (!http || made.httpConnections >= 1))
                        #expect(!admin || made.adminConnections >= 1)
                        let refused = made.refusedHTTPConnections * ((http ? 1 : 0) + (admin ? 1 : 0))
                        let sum = made.connections + made.httpConnections + made.adminConnections + refused
                        let own = 21 + 2 * shards + (http ? 3 * shards : admin ? 3 : 0)
                        #expect(
                            sum + own <= descriptors,
                            "\(descriptors) \(shards) \(http) \(admin) \(wish ?? -1): \(made)"
                        )
                    }
                }
            }
        }
    }

    @Test func tooFewForAnythingAreRefused() throws {
        let error = #expect(throws: (any Error).self) { try budget(16) }
        #expect("\(error!)".contains("may open 16 files, and needs 26"))
    }

    @Test func theStartAndTheCheckSayWhatWasLowered() throws {
        try withScratch { scratch in
            let arguments = [
                "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory", "--admin", "127.0.0.1:0",
                "--shards", "2",
                "--max-connections", "500", "--max-connections-per-uid", "500",
            ]
            let words = "--max-connections is 500 and was lowered to 24: this process may open 64 files"
            let check = try Daemon(in: scratch, name: "check", arguments: ["--check"] + arguments, openFiles: 64)
            _ = try check.waitForExit()
            #expect(check.output.contains("Warning: \(words)"), "\(check.output)")
            let daemon = try Daemon(in: scratch, arguments: arguments, openFiles: 64)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                let isSaid = !daemon.lines(with: words).isEmpty && daemon.lines(with: " connections=24 ").count == 1
                #expect(isSaid, "\(daemon.log)")
                try fill(daemon, with: 24)
            }
        }
    }

    /// Takes all the connections that there are: one more is told so, and those who watch the daemon are served.
    private func fill(_ daemon: Daemon, with count: Int) throws {
        var peers: [Peer] = []
        for _ in 0..<count { peers.append(try Peer.unix(daemon.socketPath)) }
        for peer in peers { _ = try peer.nextID() }
        guard case .error(let status) = try Peer.unix(daemon.socketPath).callOrRefusal() else {
            throw TestFailure("one more was served")
        }
        #expect(status.code == .resourceExhausted)
        #expect(status.message.contains("maximum of \(count)"))
        let port = try daemon.httpPort("admin")
        for _ in 0..<3 {
            let answer = try HTTPPeer.ask("GET", "/readyz", port: port)
            #expect(answer.status == 200)
        }
        withExtendedLifetime(peers) {}
    }
}
