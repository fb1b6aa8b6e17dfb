import EtcdTestSupport
import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// Stores that are restored under daemons with state directories of their own: no ID comes twice, and after the repair all
/// go on by themselves.
@Suite struct RestoreRecoveryTests {
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:1,sequence:12"

    /// The store is set back to a time at which the second daemon had not begun; the first, which was stopped in order after
    /// that, comes back and would find both workers free.
    @Test func aDaemonThatComesBackToARestoredStoreDoesNotTakeALiveOnesWorker() throws {
        let server = try EtcdServer()
        try withScratch { scratch in
            let arguments = ["--store", server.location, "--layout", Self.layout, "--window", "9s"]
            func start(_ name: String) throws -> Daemon {
                try Daemon(
                    in: scratch,
                    name: name,
                    arguments: arguments + ["--listen", "unix:\(scratch.file(name + ".sock"))"],
                    environment: ["FIRN_STATE_DIR": scratch.file("state-" + name)]
                )
            }
            let a = try start("a")
            try eventually("a serves; it says: \(a.log)") { a.serves }
            let first = Reapers(of: a.socketPath)
            defer { _ = try? first.stop() }
            try server.saveSnapshot()
            let b = try start("b")
            try eventually("b serves; it says: \(b.log)") { b.serves }
            let second = Reapers(of: b.socketPath)
            defer { _ = try? second.stop() }
            // Until both have extended their windows.
            let limits = try [a, b].map { try limit(of: $0, server) }
            try eventually("both extend") { try zip([a, b], limits).allSatisfy { try limit(of: $0, server) > $1 } }
            a.signal(SIGTERM)
            #expect(try a.waitForExit() == .exited(0))
            server.kill()
            try server.restoreSnapshot()
            try server.restart()

            let again = try start("a")
            // b serves what is left of its window, or less, as it learns of the restore; a must not.
            let ending = try again.waitForExit()
            #expect(ending == .exited(78) && again.log.contains("restored from an older copy"), "\(again.log)")
            try eventually("b refuses; it says: \(b.log)") {
                !b.serves && b.log.contains("restored from an older copy")
            }
            let unusable = try start("a")
            #expect(try unusable.waitForExit() == .exited(78))

            for reapers in [first, second] { try reapers.stop() }
            var harvest = Harvest(layout: try Layout(parsing: Self.layout))
            harvest.add(try first.takeAll() + second.takeAll())
            print("restored before a daemon came back: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
            #expect(harvest.duplicates == 0 && harvest.count > 1000)
        }
    }

    private func limit(of daemon: Daemon, _ server: EtcdServer) throws -> UInt64 {
        let list = try Command.run("workers", "--format", "json", "--store", server.location)
        struct Worker: Decodable {
            var pid: Int32
            var limitTick: String
        }
        let workers = try list.lines.map { try JSONDecoder().decode(Worker.self, from: Data($0.utf8)) }
        guard let worker = workers.first(where: { $0.pid == daemon.pid }) else { throw TestFailure("\(list)") }
        return UInt64(worker.limitTick) ?? 0
    }

    /// The copy has the last extension, so that the worker's record looks right: only the versions tell. The daemon's limit
    /// is exactly what 'known' raises the floor to.
    @Test func aDaemonWhoseStoresVersionFellGoesOnAfterTheRepair() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--window", "6s"]) { daemon in
                let reapers = Reapers(of: daemon.socketPath)
                defer { _ = try? reapers.stop() }
                let peer = try Peer.unix(daemon.socketPath)
                var tickets = try take(10, from: peer)
                let file = try StoreFile(scratch.store)
                let worker = try #require(try peer.describe().workers.first)
                let before = try file.worker(worker).limit
                try eventually("it extends") { try file.worker(worker).limit > before }
                try file.copy(to: scratch.file("copy.db"))
                for _ in 0..<20 { tickets += try take(2000, from: peer) }
                try file.restore()
                try refuses(daemon)
                try repair(scratch)
                try eventually("it goes on; it says: \(daemon.log)") { daemon.serves }
                try eventually("tickets go on") { (try? take(50, from: peer)).map { tickets += $0 } != nil }
                sleep(.milliseconds(300))
                try reapers.stop()
                var harvest = Harvest(layout: .snowflake)
                harvest.add(try reapers.takeAll())
                #expect(harvest.duplicates == 0 && harvest.count > 1000)
                #expect(Set(tickets).count == tickets.count && tickets.count > 40_000)
                #expect(daemon.reap() == nil)
            }
        }
    }

    /// A daemon that has no worker, as another one has its number, and gives out tickets.
    @Test func aDaemonWithSequencesAloneGoesOnAfterTheRepair() throws {
        try withScratch { scratch in
            let arguments = ["--worker", "5", "--window", "3s"]
            try withDaemon(in: scratch, name: "holder", arguments) { holder in
                try withDaemon(in: scratch, name: "standby", arguments) { standby in
                    let peer = try Peer.unix(standby.socketPath)
                    var tickets = try take(10, from: peer)
                    let file = try StoreFile(scratch.store)
                    try file.copy(to: scratch.file("copy.db"))
                    for _ in 0..<20 { tickets += try take(2000, from: peer) }
                    try file.restore()
                    var message = ""
                    try eventually("tickets are refused; it said: \(message)") {
                        let answer = try peer.call(.nextTickets(sequence: Name("more")!, count: 1))
                        if case .error(let status) = answer { message = status.message }
                        return message.contains("restored from an older copy")
                    }
                    // Not taken back when it next looks for a worker.
                    sleep(.milliseconds(2500))
                    guard case .error = try peer.call(.nextTickets(sequence: Name("more")!, count: 1)) else {
                        throw TestFailure("it forgot")
                    }
                    // It was told of nothing that the copy lacks, and holds its worker rightly: the command waits for it.
                    holder.signal(SIGTERM)
                    #expect(try holder.waitForExit() == .exited(0))
                    try repair(scratch)
                    try eventually("tickets go on; it says: \(standby.log)") {
                        (try? take(50, from: peer)).map { tickets += $0 } != nil
                    }
                    try eventually("it takes the worker; it says: \(standby.log)") { standby.serves }
                    #expect(Set(tickets).count == tickets.count)
                }
            }
        }
    }

    private func take(_ count: UInt32, from peer: Peer) throws -> [UInt64] {
        try peer.nextTickets("orders", count, timeoutMilliseconds: 2000)
    }

    private func refuses(_ daemon: Daemon) throws {
        var message = ""
        try eventually("it refuses; it said \(message)") {
            if case .error(let status) = try Peer.unix(daemon.socketPath).call(.nextID) { message = status.message }
            return message.contains("restored from an older copy")
        }
    }

    /// By the command, as the message says; which waits until no worker is held.
    private func repair(_ scratch: Scratch) throws {
        let store = "sqlite:\(scratch.store)"
        var last: Command?
        try eventually("it can be repaired: \(last.map { "\($0)" } ?? "")", every: .milliseconds(100)) {
            let command = try Command.run(
                "store",
                "repair",
                "--store",
                store,
                "--state-dir",
                scratch.state,
                "--raise-to",
                "known",
                "--skip-values",
                "100000",
                "--yes"
            )
            last = command
            return command.exitCode == 0
        }
    }
}

extension StoreFile {
    /// Keeps what the store is now.
    func copy(to path: String) throws {
        try run("ATTACH '\(path)' AS copy")
        try run(
            """
            BEGIN; CREATE TABLE copy.records AS SELECT * FROM main.records;
            CREATE TABLE copy.versions AS SELECT * FROM main.versions; COMMIT
            """
        )
    }

    /// Puts it back, under the daemons that have the store open.
    func restore() throws {
        try run(
            """
            BEGIN IMMEDIATE; DELETE FROM main.records; DELETE FROM main.versions;
            INSERT INTO main.records SELECT * FROM copy.records;
            INSERT INTO main.versions SELECT * FROM copy.versions; COMMIT
            """
        )
    }
}
