import EtcdTestSupport
import FirnEtcd
import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// A thousand busy sequences, and two thousand at a stop, on a store that is 8 ms away. What is counted is the store's
/// transactions: a revision of etcd is one, whatever it writes.
@Suite(.serialized) struct SequenceBatchTests {
    private static func revision(_ server: EtcdServer) throws -> UInt64 {
        var configuration = EtcdConfiguration(endpoints: [server.endpoint])
        configuration.timeout = .seconds(60)
        return try EtcdStore(configuration).highestVersion()
    }

    /// Takes values of each sequence, all calls in flight together.
    private static func take(_ peer: Peer, _ names: Range<Int>, count: UInt32 = 1) throws -> [UInt64: [UInt64]] {
        try peer.send(
            names.flatMap { number in
                Peer.frame(.nextTickets(sequence: Name("s.\(number)")!, count: count), callID: UInt64(number) + 1)
            }
        )
        var values: [UInt64: [UInt64]] = [:]
        while values.count < names.count {
            let response = try peer.answer()
            guard case .nextTickets(let runs) = response.outcome else { throw TestFailure("\(response)") }
            values[response.callID] = runs.flatMap { $0.map(\.rawValue) }
        }
        return values
    }

    private func withDistantStore(
        _ arguments: [String],
        _ body: (EtcdServer, Daemon, Peer) throws -> Void
    ) throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        proxy.become(.slow(milliseconds: 8))
        try withScratch { scratch in
            let store = ["--store", "etcd:127.0.0.1:\(proxy.port)", "--window", "60s", "--worker", "7"]
            try withDaemon(in: scratch, store + arguments) { daemon in
                try body(server, daemon, Peer.unix(daemon.socketPath, timeout: .seconds(60)))
            }
        }
    }

    /// Each call is a reservation, which took two round trips and a transaction of its own.
    @Test func aThousandBusySequencesShareTheirTransactions() throws {
        let arguments = ["--sequence-block", "1", "--max-waiting-calls", "2000"]
        try withDistantStore(arguments) { server, _, peer in
            let names = 0..<1000
            #expect(try Self.take(peer, names).values.allSatisfy { $0 == [1] })
            let before = try Self.revision(server)
            let rounds: UInt64 = 10
            for round in 2..<rounds + 2 {
                #expect(try Self.take(peer, names).values.allSatisfy { $0 == [round] })
            }
            let transactions = try Self.revision(server) - before
            print("\(rounds * 1000) reservations were \(transactions) transactions of etcd")
            #expect(transactions * 20 < rounds * 1000)
        }
    }

    /// The rests of two thousand blocks go back in 32 transactions; each of the daemon's other writes is one.
    @Test func twoThousandGoBackTogether() throws {
        let arguments = ["--sequence-block", "20", "--max-waiting-calls", "3000"]
        try withDistantStore(arguments) { server, daemon, peer in
            let names = 0..<2000
            #expect(try Self.take(peer, names, count: 3).values.allSatisfy { $0 == [1, 2, 3] })
            let before = try Self.revision(server)
            daemon.signal(SIGTERM)
            #expect(try daemon.waitForExit() == .exited(0))
            #expect(try Self.revision(server) - before <= 40)
            #expect(!daemon.log.contains("not given back"), "\(daemon.log)")
            var configuration = EtcdConfiguration(endpoints: [server.endpoint])
            configuration.timeout = .seconds(60)
            let keys = names.map { SequenceRecord.key("s.\($0)") }
            let records = try EtcdStore(configuration).read(keys).map { try $0.get() }
            for (key, stored) in zip(keys, records) {
                let text = try #require(stored).value
                #expect(try SequenceRecord(key: key, text: text).reserved == 3, "\(text)")
            }
        }
    }
}
