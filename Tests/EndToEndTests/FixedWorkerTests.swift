import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// Two daemons that were told to be the same worker: one at a time is, whatever becomes of the other.
@Suite struct FixedWorkerTests {
    private static let worker = ["--worker", "5", "--window", "1s"]

    /// What a daemon answers that may not serve yet.
    private func refusal(of peer: Peer) throws -> Status {
        guard let status = try refusalIfHeld(of: peer) else { throw TestFailure("it serves") }
        return status
    }

    /// The same, of a worker whose holder has stopped; nil when its window has passed already, as on a busy machine.
    private func refusalIfHeld(of peer: Peer) throws -> Status? {
        guard case .error(let status) = try peer.call(.nextID) else { return nil }
        #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
        return status
    }

    private func untilServed(_ peer: Peer) throws -> Duration {
        try eventually("it serves") { (try? peer.nextID()) != nil }
    }

    @Test func afterAKillTheWindowIsWaitedForAndNoLonger() throws {
        try withScratch { scratch in
            let arguments = ["--worker", "5", "--window", "2s"]
            let killed = try withDaemon(in: scratch, arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                let id = try peer.nextID()
                daemon.signal(SIGKILL)
                _ = try daemon.waitForExit()
                return id
            }
            let limit = try StoreFile(scratch.store).worker(5).limit
            try withDaemon(in: scratch, arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                if let refusal = try refusalIfHeld(of: peer) { #expect(refusal.message.contains("is held by")) }
                let watch = Stopwatch(daemon)
                _ = try untilServed(peer)
                // A time, as nothing else tells that it does not wait for another window.
                let waited = watch.elapsed
                #expect(waited < .milliseconds(3500), "\(waited) for a window of 2 s")
                let id = try peer.nextID()
                #expect(Layout.snowflake.decode(id).time! >= limit)
                #expect(id > killed)
            }
        }
    }

    @Test func theSecondIsRefusedWhileTheFirstLives() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, name: "first", Self.worker) { first in
                try withDaemon(in: scratch, name: "second", Self.worker) { second in
                    let peer = try Peer.unix(second.socketPath)
                    // The holder's limit moves on once in a third of its window.
                    let file = try StoreFile(scratch.store)
                    var limits: Set<UInt64> = []
                    while limits.count < 6 {
                        limits.insert(try file.worker(5).limit)
                        let message = try refusal(of: peer).message
                        #expect(message.contains("pid \(first.pid)") && message.contains("--worker"))
                        _ = try Peer.unix(first.socketPath).nextID()
                        sleep(.milliseconds(50))
                    }
                    #expect(try peer.describe().workers == [])
                    // That it moves is no news.
                    let warnings = second.lines(with: "no IDs can be given out").count
                    #expect(warnings <= 2, "\(warnings) warnings: \(second.log)")

                    first.signal(SIGTERM)
                    _ = try first.waitForExit()
                    let watch = Stopwatch(second)
                    _ = try untilServed(peer)
                    #expect(watch.elapsed < .seconds(2), "at its next look at the store")
                }
            }
        }
    }

    /// The longest pause there is, seen from outside: it sleeps while another one takes its worker.
    @Test func aDaemonPausedPastItsWindowGivesOutNothingOfItsWorker() throws {
        try withScratch { scratch in
            var ids: [UInt64] = []
            try withDaemon(in: scratch, name: "paused", Self.worker) { paused in
                let asking = try (0..<3).map { _ in try Peer.unix(paused.socketPath) }
                for peer in asking { ids += try (0..<100).map { _ in try peer.nextID().rawValue } }
                try paused.pause(outsideOfWritesTo: scratch.store)
                // These are in its sockets when it wakes up, before it can learn anything from the store.
                for peer in asking {
                    for _ in 0..<20 { try peer.ask(.nextID) }
                    try peer.ask(.nextBatch(count: 5000))
                }
                try withDaemon(in: scratch, name: "other", Self.worker) { other in
                    let peer = try Peer.unix(other.socketPath)
                    _ = try refusalIfHeld(of: peer)
                    let watch = Stopwatch(other)
                    _ = try untilServed(peer)
                    #expect(watch.elapsed < .seconds(3), "no longer than the window, and a look at the store")
                    ids += try (0..<2000).map { _ in try peer.nextID().rawValue }
                    paused.signal(SIGCONT)
                    ids += try (0..<2000).map { _ in try peer.nextID().rawValue }
                    for peer in asking {
                        for _ in 0..<21 { #expect(try peer.error().status.code == .unavailable) }
                    }
                    let message = try eventuallyRefused(by: asking[0], naming: "pid \(other.pid)")
                    #expect(message.contains("worker"))
                    ids += try (0..<100).map { _ in try peer.nextID().rawValue }
                    other.signal(SIGTERM)
                    _ = try other.waitForExit()
                }
                // And takes it back when it is free.
                let watch = Stopwatch(paused)
                _ = try untilServed(asking[0])
                #expect(watch.elapsed < .seconds(3), "at its next look at the store")
                ids += try (0..<100).map { _ in try asking[0].nextID().rawValue }
            }
            #expect(Set(ids).count == ids.count)
        }
    }

    /// The same with workers of their own choice: the paused one comes back as somebody else.
    @Test func aPausedDaemonComesBackAsAnotherWorker() throws {
        try withScratch { scratch in
            let layout = ["--layout", "time:41ms@2025-01-01T00:00:00Z,worker:1,sequence:12", "--window", "1s"]
            var ids: [UInt64] = []
            try withDaemon(in: scratch, name: "paused", layout) { paused in
                let asking = try Peer.unix(paused.socketPath)
                ids.append(try asking.nextID().rawValue)
                try paused.pause(outsideOfWritesTo: scratch.store)
                // One of the two that there are is free, and then the other.
                try withDaemon(in: scratch, name: "b", layout) { b in
                    try withDaemon(in: scratch, name: "c", layout) { c in
                        let peers = [try Peer.unix(b.socketPath), try Peer.unix(c.socketPath)]
                        for peer in peers { _ = try untilServed(peer) }
                        for peer in peers { ids += try (0..<500).map { _ in try peer.nextID().rawValue } }
                        paused.signal(SIGCONT)
                        let message = try eventuallyRefused(by: asking, naming: "all 2 workers")
                        #expect(message.contains("layout with more workers"))
                        for peer in peers { ids += try (0..<500).map { _ in try peer.nextID().rawValue } }
                    }
                    _ = try untilServed(asking)
                    ids += try (0..<500).map { _ in try asking.nextID().rawValue }
                }
            }
            #expect(Set(ids).count == ids.count)
        }
    }

    private func eventuallyRefused(by peer: Peer, naming words: String) throws -> String {
        var message = ""
        try eventually("it says \(words); it said \(message)") {
            message = try refusal(of: peer).message
            return message.contains(words)
        }
        return message
    }
}
