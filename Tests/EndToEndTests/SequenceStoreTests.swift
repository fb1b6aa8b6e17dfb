import FirnLayout
import FirnWire
import Foundation
import Testing

/// Sequences on a store that is away or full, and peers that ask for what no sequence can be called.
@Suite struct SequenceStoreTests {
    private static let block = ["--sequence-block", "20", "--window", "60s"]

    private static func tickets(_ name: String, _ count: UInt32 = 1) -> Request.Method {
        .nextTickets(sequence: Name(name)!, count: count)
    }

    private static func values(_ outcome: Response.Outcome) throws -> [UInt64] {
        switch outcome {
        case .nextTickets(let runs): return runs.flatMap { $0.map(\.rawValue) }
        case .error(let status): throw status
        default: throw TestFailure("\(outcome)")
        }
    }

    /// Takes tickets until they are refused.
    private static func useUp(_ name: String, _ peer: Peer) throws -> (values: [UInt64], status: Status) {
        var taken: [UInt64] = []
        while taken.count < 1000 {
            do {
                taken += try values(peer.call(tickets(name)))
            } catch let status as Status {
                return (taken, status)
            }
        }
        throw TestFailure("a sequence without a store gave \(taken.count) values")
    }

    @Test func aLockedStoreIsFeltByWhatIsUsedUpAlone() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.block) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                #expect(try Self.values(peer.call(Self.tickets("orders"))) == [1])
                #expect(try Self.values(peer.call(Self.tickets("idle"))) == [1])
                let store = try StoreFile(scratch.store)
                try store.run("BEGIN EXCLUSIVE")
                let (taken, status) = try withBystander(of: daemon) { try Self.useUp("orders", peer) }
                #expect(taken.count >= 19 && taken == Array(2...UInt64(taken.count + 1)))
                #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                #expect(status.message.contains("locked"))
                #expect(try Self.values(peer.call(Self.tickets("idle", 5))) == [2, 3, 4, 5, 6])
                _ = try peer.nextID()
                // A call that waits for the store does not keep others waiting, and has its deadline.
                let waiting = try Peer.unix(daemon.socketPath)
                let late = try waiting.call(Self.tickets("new"), timeoutMilliseconds: 200)
                guard case .error(let lateStatus) = late else { throw TestFailure("\(late)") }
                #expect(lateStatus.code == .deadlineExceeded)
                try store.run("ROLLBACK")
                var resumed: [UInt64] = []
                try eventually("tickets come again by themselves") {
                    resumed = (try? Self.values(peer.call(Self.tickets("orders")))) ?? []
                    return !resumed.isEmpty
                }
                #expect(resumed == [UInt64(taken.count) + 2])
            }
        }
    }

    /// A daemon that is told to stop does not wait two seconds for each of its sequences.
    @Test func aLockedStoreDoesNotKeepTheDaemonFromStopping() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.block) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                for number in 0..<20 { _ = try Self.values(peer.call(Self.tickets("s.\(number)"))) }
                let store = try StoreFile(scratch.store)
                try store.run("BEGIN EXCLUSIVE")
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit(within: .seconds(12)) == .exited(0))
                try store.run("ROLLBACK")
            }
        }
    }

    /// The limit on the size of the daemon's files stands for the end of a disk.
    @Test func aFullDiskIsFeltByWhatIsUsedUpAlone() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.block) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                #expect(try Self.values(peer.call(Self.tickets("orders"))) == [1])
                #expect(try Self.values(peer.call(Self.tickets("idle"))) == [1])
                try Self.limitFiles(of: daemon, to: 0)
                let (taken, status) = try withBystander(of: daemon) { try Self.useUp("orders", peer) }
                #expect(taken.count >= 19 && taken == Array(2...UInt64(taken.count + 1)))
                #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                #expect(try Self.values(peer.call(Self.tickets("idle", 5))) == [2, 3, 4, 5, 6])
                try Self.limitFiles(of: daemon, to: .max)
                var resumed: [UInt64] = []
                try eventually("tickets come again by themselves") {
                    resumed = (try? Self.values(peer.call(Self.tickets("orders")))) ?? []
                    return !resumed.isEmpty
                }
                #expect(resumed == [UInt64(taken.count) + 2])
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
        }
    }

    /// `prlimit --fsize` on the running daemon. What is written past it fails as on a full disk.
    private static func limitFiles(of daemon: Daemon, to bytes: rlim_t) throws {
        let text = bytes == .max ? "unlimited" : "\(bytes)"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        process.arguments = ["--pid", "\(daemon.pid)", "--fsize=\(text):unlimited"]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestFailure("prlimit: \(process.terminationStatus)") }
    }

    /// The store's answer comes while the peer does not read, and with its output full the connection is not asked.
    /// Once the peer reads it gets its tickets, though nothing else happens.
    @Test func aTicketIsNotForgottenWhileThePeerDoesNotRead() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.block + ["--max-unsent-bytes", "1024", "--shards", "1"]) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                var count: UInt64 = 0
                var isStalled = false
                while !isStalled, count < 100_000 {
                    // Served in one turn: a ticket that has to wait, and more answers than may lie unsent.
                    let calls = [Self.tickets("s.\(count)")] + Array(repeating: Request.Method.describe, count: 20)
                    for method in [calls, [.nextID]] {
                        try peer.send(method.enumerated().flatMap { Peer.frame($1, callID: count + UInt64($0) + 1) })
                        count += UInt64(method.count)
                        isStalled =
                            (try? eventually("read", within: .milliseconds(50)) { peer.unreadByDaemon == 0 }) == nil
                        if isStalled { break }
                    }
                }
                sleep(.milliseconds(100))
                var missing = Set(1...count)
                while !missing.isEmpty {
                    do {
                        missing.remove(try peer.answer().callID)
                    } catch Peer.Failure.timedOut {
                        throw TestFailure("no answer to the calls \(missing.sorted()) of \(count)")
                    }
                }
            }
        }
    }

    // MARK: - Names

    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length = count < 128 ? [UInt8(count)] : [UInt8(count & 0x7F | 0x80), UInt8(count >> 7)]
        return [number << 3 | 2] + length + content
    }

    @Test func namesOfEveryBadKindAreRefusedAndTheConnectionStays() throws {
        let bad: [[UInt8]] = [
            [], [0], Array("orders\0".utf8), Array("\0orders".utf8), Array("or\0ders".utf8), Array("a b".utf8),
            Array("a/b".utf8), Array("../x".utf8), Array("a\n".utf8), Array("ä".utf8), Array("名".utf8), [0xFF],
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0xC3], [UInt8](repeating: 97, count: 65),
            [UInt8](repeating: 97, count: 4000), Array("'; DROP TABLE records".utf8), Array("%".utf8),
        ]
        try withDaemon { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            for name in bad {
                let methods = [
                    Self.field(5, Self.field(1, name) + [2 << 3, 1]), Self.field(6, Self.field(1, name)),
                    Self.field(8, Self.field(1, Self.field(1, name) + [4 << 3, 1])),
                ]
                for method in methods + (name.isEmpty ? [] : [Self.field(9, Self.field(1, name))]) {
                    try peer.send(Peer.frame([1 << 3, 77] + method))
                    let (call, status) = try peer.error()
                    #expect(call == 77 && status.code == .invalidArgument, "\(name)")
                    #expect(status.message.contains("[A-Za-z0-9._-]"))
                }
            }
            guard case .listSequences(let all, false) = try peer.call(.listSequences(after: nil)) else {
                throw TestFailure("no list")
            }
            #expect(all.isEmpty, "a bad name made something")
            #expect(try Self.values(peer.call(Self.tickets(String(repeating: "x", count: 64)))) == [1])
        }
    }
}
