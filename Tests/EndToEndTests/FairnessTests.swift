import FirnLayout
import FirnWire
import Foundation
import Synchronization
import Testing

/// Those who ask for little are not kept waiting by those who ask for much. What a call waits for is counted in batches of
/// others, and not in time: this runs on busy machines.
@Suite(.serialized) struct FairnessTests {
    @Test(arguments: [1, 2])
    func singleCallsAreServedBesideGiantBatches(_ shards: Int) throws {
        try withDaemon(["--shards", "\(shards)"]) { daemon in
            let batches = try GiantBatches(from: daemon.socketPath)
            let peer = try Peer.unix(daemon.socketPath)
            // For each call, how many batches were served while it waited. One that had to wait its turn would see as many
            // as are in flight, which are four.
            var overtaken: [Int] = []
            let before = batches.served
            while overtaken.count < 500 || (batches.served < before + 20 && overtaken.count < 50_000) {
                let start = batches.served
                _ = try peer.nextID()
                overtaken.append(batches.served - start)
            }
            overtaken.sort()
            let (middle, late) = (overtaken[overtaken.count / 2], overtaken[overtaken.count * 99 / 100])
            let served = try batches.finish() - before
            print(
                "beside giant batches on \(shards) shards: \(overtaken.count) single IDs in the time of \(served) batches; "
                    + "p50 \(middle) batches, p99 \(late)"
            )
            #expect(middle <= 1 && late <= 6)
            #expect(served > 10, "and the batches were starved")
        }
    }

    @Test func aCallIsGivenUpAtItsTimeout() throws {
        try withDaemon(["--layout", "sonyflake"]) { daemon in
            let (peer, other) = (try Peer.unix(daemon.socketPath), try Peer.unix(daemon.socketPath))
            // 256 IDs in each 10 ms: these take 2.6 s each.
            let start = ContinuousClock.now
            let call = try peer.ask(.nextBatch(count: 65_536), timeoutMilliseconds: 200)
            try other.ask(.nextBatch(count: 65_536))
            let (answered, status) = try peer.error()
            #expect(!other.hasBytes, "it was given up when the other's batch was there")
            #expect(start.duration(to: .now) > .milliseconds(190), "not before")
            #expect(answered == call && status.code == .deadlineExceeded)
            _ = try peer.nextID()
            #expect(!other.hasBytes, "those who come later are not kept waiting by the other's batch")
        }
    }

    /// Behind another connection's batch, a call's time runs too; and one that has enough is served.
    @Test func aCallInLineIsGivenUpAtItsTimeout() throws {
        try withDaemon(["--layout", "sonyflake", "--shards", "1"]) { daemon in
            let (first, second) = (try Peer.unix(daemon.socketPath), try Peer.unix(daemon.socketPath))
            // 1.6 s of IDs.
            try first.ask(.nextBatch(count: 40_960))
            let start = ContinuousClock.now
            try second.ask(.nextBatch(count: 20_480), timeoutMilliseconds: 200)
            let patient = try second.ask(.nextBatch(count: 100), timeoutMilliseconds: 30_000)
            #expect(try second.error().status.code == .deadlineExceeded)
            #expect(!first.hasBytes, "it was given up when the first had its batch")
            #expect(start.duration(to: .now) > .milliseconds(190), "not before")
            let served = try second.answer()
            guard served.callID == patient, case .nextBatch = served.outcome else { throw TestFailure("\(served)") }
            guard case .nextBatch = try first.answer().outcome else { throw TestFailure("the first got no batch") }
        }
    }
}

/// One connection that always has several of the largest batches in flight.
private final class GiantBatches: Sendable {
    private struct Record {
        var served = 0
        var problem: String?
    }

    private let record = Mutex(Record())
    private let crew = Crew()

    init(from path: String) throws {
        crew.start { [self] crew in
            do {
                let peer = try Peer.unix(path)
                for _ in 0..<4 { try peer.ask(.nextBatch(count: 65_536)) }
                while crew.isOn {
                    guard case .nextBatch = try peer.answer().outcome else { throw TestFailure("no batch") }
                    record.withLock { $0.served += 1 }
                    try peer.ask(.nextBatch(count: 65_536))
                }
            } catch {
                record.withLock { $0.problem = "\(error)" }
            }
        }
        try eventually("a batch is served") { served > 0 }
    }

    /// How many batches were served so far.
    var served: Int { record.withLock { $0.served } }

    /// Ends it.
    ///
    /// - Returns: how many batches were served.
    func finish() throws -> Int {
        try crew.stop()
        let (served, problem) = record.withLock { ($0.served, $0.problem) }
        if let problem { throw TestFailure("the batches: \(problem)") }
        return served
    }
}
