import FirnLayout
import FirnStore
import FirnWire
import Foundation
import Testing

/// Stores that go away while the daemon runs: it serves to its window's end and no further.
@Suite struct StoreOutageTests {
    /// In ticks of a millisecond: how far the daemon's clock may be from ours.
    private static let precision: UInt64 = 20

    /// Asks until the daemon refuses.
    ///
    /// - Returns: the last ID's tick, the refusal, and the tick when that had come.
    private func lastTick(from peer: Peer) throws -> (tick: UInt64, last: FirnID, status: Status, refusedBefore: UInt64)
    {
        var last: FirnID?
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            switch try peer.call(.nextID) {
            case .nextID(let id): last = id
            case .error(let status):
                let now = Layout.snowflake.tick(atUnixNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))!
                guard let last else { throw TestFailure("nothing was served: \(status.message)") }
                return (Layout.snowflake.decode(last).time!, last, status, now)
            case let outcome: throw TestFailure("\(outcome)")
            }
            sleep(.microseconds(300))
        }
        throw TestFailure("it served on for 10 s")
    }

    @Test func aRemovedStoreIsServedToTheWindowsEnd() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--worker", "9", "--window", "1s"]) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextID()
                // Linked first, to read its last words afterwards.
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(
                        atPath: scratch.store + suffix,
                        toPath: scratch.store + "-gone" + suffix
                    )
                }
                let (tick, last, status, refusedBefore) = try lastTick(from: peer)
                #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                let limit = try StoreFile(scratch.store + "-gone").worker(9).limit
                #expect(tick < limit, "an ID of tick \(tick), and only those below \(limit) were written")
                #expect(refusedBefore + Self.precision >= limit, "it could have served until \(limit)")
                try eventually("it says what is wrong with the store") {
                    guard case .error(let status) = try peer.call(.nextID) else { throw TestFailure("it serves") }
                    return status.message.contains("removed or replaced")
                }
                #expect(!FileManager.default.fileExists(atPath: scratch.store), "it made a new one")
                try daemon.waitUntilItSays("removed or replaced")
                // The very same files are back: it goes on by itself.
                for suffix in ["", "-wal", "-shm"] {
                    try FileManager.default.moveItem(
                        atPath: scratch.store + "-gone" + suffix,
                        toPath: scratch.store + suffix
                    )
                }
                try eventually("service resumes") { (try? peer.nextID()).map { $0 > last } ?? false }
                try FileManager.default.moveItem(atPath: scratch.store, toPath: scratch.store + "-gone")
                // Even so it stops when it is told to.
                daemon.signal(SIGTERM)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
            }
        }
    }

    @Test func aLockedStoreIsServedToTheWindowsEndAndServiceResumes() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--worker", "9", "--window", "1s"]) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextID()
                let store = try StoreFile(scratch.store)
                try store.run("BEGIN EXCLUSIVE")
                let limit = try store.worker(9).limit
                let (tick, last, status, refusedBefore) = try lastTick(from: peer)
                #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                #expect(tick < limit, "an ID of tick \(tick), and only those below \(limit) were written")
                #expect(refusedBefore + Self.precision >= limit, "it could have served until \(limit)")
                try eventually("it says that the store is locked") {
                    guard case .error(let status) = try peer.call(.nextID) else { throw TestFailure("it serves") }
                    #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                    return status.message.contains("locked")
                }
                try store.run("ROLLBACK")
                // A time, as nothing else tells that it does not wait long after the store's return.
                let watch = Stopwatch(daemon)
                try eventually("service resumes by itself") { (try? peer.nextID()) != nil }
                #expect(watch.elapsed < .seconds(3))
                #expect(try peer.nextID() > last)
            }
        }
    }
}
