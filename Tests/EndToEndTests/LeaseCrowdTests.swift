import FirnLayout
import FirnWire
import Foundation
import Testing

/// Many callers that want new leases, beside a process that has one.
@Suite(.timeLimit(.minutes(5))) struct LeaseCrowdTests {
    /// They ask again as soon as they are answered, and the lease is extended all the same.
    @Test func aCrowdThatWantsLeasesCostsNobodyHis() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--max-leases", "1000000", "--layout", Self.layout]) { daemon in
                let holder = try LeaseHolder(in: scratch, of: [daemon.socketPath], window: .seconds(2))
                try holder.mints()
                let call = Request.Method.lease(
                    .begin(LeaseCall.Beginning(name: Name("crowd")!, windowMilliseconds: 100))
                )
                let peers = try (0..<100).map { _ in try Peer.unix(daemon.socketPath) }
                for peer in peers { for _ in 0..<16 { try peer.ask(call) } }
                var refused = 0
                let end = ContinuousClock.now + .seconds(6)
                while ContinuousClock.now < end {
                    for peer in peers {
                        while peer.hasBytes, let response = try peer.receive() {
                            if case .error(let status) = response.outcome, status.code == .resourceExhausted {
                                #expect(status.retryAfterMilliseconds > 0)
                                refused += 1
                                continue
                            }
                            try peer.ask(call)
                        }
                    }
                    sleep(.milliseconds(1))
                }
                try holder.mints()
                try holder.close()
                #expect(refused > 0)
                #expect(holder.noticed.isEmpty, "\(holder.output)")
                #expect(try holder.workers(.init(parsing: Self.layout)).count == 1, "\(holder.output)")
            }
        }
    }

    /// With workers for all.
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:16,sequence:6"
}
