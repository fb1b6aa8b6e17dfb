import EtcdTestSupport
import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// An etcd that is restored from an old snapshot under the daemons that use it.
@Suite struct EtcdRestoreTests {
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:4,sequence:12"

    /// Both notice, refuse, and go on by themselves once it is repaired; no ID and no ticket comes twice.
    @Test func twoDaemonsNoticeAndGoOnAfterARepair() throws {
        let server = try EtcdServer()
        try withScratch { scratch in
            let arguments = ["--store", server.location, "--layout", Self.layout, "--window", "3s"]
            try withDaemon(in: scratch, name: "a", arguments) { a in
                try withDaemon(in: scratch, name: "b", arguments) { b in
                    let daemons = [a, b]
                    let reapers = daemons.map { Reapers(of: $0.socketPath, singles: 1) }
                    defer { reapers.forEach { _ = try? $0.stop() } }
                    for daemon in daemons { try eventually("it serves; it says: \(daemon.log)") { daemon.serves } }
                    var tickets = try daemons.map { try take(30, from: $0) }
                    try server.saveSnapshot()
                    // Long enough that windows are extended, and blocks of tickets reserved, that the snapshot has not.
                    sleep(.milliseconds(2500))
                    for (index, daemon) in daemons.enumerated() { tickets[index] += try take(2000, from: daemon) }
                    server.kill()
                    try server.restoreSnapshot()
                    try server.restart()

                    for daemon in daemons {
                        var message = ""
                        try eventually("it refuses; it said: \(message)") {
                            if case .error(let status) = try Peer.unix(daemon.socketPath).call(.nextID) {
                                #expect(status.code == .unavailable)
                                message = status.message
                            }
                            return message.contains("restored from an older copy")
                        }
                        #expect(message.contains("firn store repair --store \(server.location)"))
                    }
                    let check = try Command.run("store", "check", "--store", server.location)
                    #expect(check.exitCode == 0, "what it holds is old, and sound: \(check)")
                    let repair = try Command.run(
                        "store",
                        "repair",
                        "--store",
                        server.location,
                        "--state-dir",
                        scratch.state,
                        "--raise-to",
                        "known",
                        "--skip-values",
                        "10000",
                        "--yes"
                    )
                    #expect(repair.exitCode == 0, "\(repair)")
                    for (index, daemon) in daemons.enumerated() {
                        try eventually("it goes on; it says: \(daemon.log)") { daemon.serves }
                        try eventually("tickets go on; it says: \(daemon.log)") {
                            guard let more = try? take(2000, from: daemon) else { return false }
                            tickets[index] += more
                            return true
                        }
                    }
                    sleep(.milliseconds(300))
                    var harvest = Harvest(layout: try Layout(parsing: Self.layout))
                    for reaper in reapers { try reaper.stop() }
                    harvest.add(try reapers.flatMap { try $0.takeAll() })
                    print("restored under two daemons: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
                    #expect(harvest.duplicates == 0 && harvest.count > 1000)
                    let all = tickets.flatMap(\.self)
                    #expect(Set(all).count == all.count && all.count == 2 * (30 + 2000 + 2000))
                }
            }
        }
    }

    /// Tickets of one sequence, as the numbers that they are.
    private func take(_ count: Int, from daemon: Daemon) throws -> [UInt64] {
        try Peer.unix(daemon.socketPath).nextTickets("orders", UInt32(count), timeoutMilliseconds: 2000)
    }
}
