import FirnLayout
import FirnWire
import Foundation
import Synchronization
import Testing

/// Whoever asks for little is not kept waiting by those who ask for much. The bounds are about starvation, not speed:
/// this runs on busy machines.
@Suite(.serialized) struct FairnessTests {
    @Test(arguments: [1, 2])
    func singleCallsAreServedBesideGiantBatches(_ shards: Int) throws {
        try withDaemon(["--shards", "\(shards)"]) { daemon in
            let batches = try GiantBatches(from: daemon.socketPath)
            let peer = try Peer.unix(daemon.socketPath)
            var waits: [Duration] = []
            let end = ContinuousClock.now + .seconds(2)
            while ContinuousClock.now < end {
                let start = ContinuousClock.now
                _ = try peer.nextID()
                waits.append(start.duration(to: .now))
            }
            waits.sort()
            let (middle, late) = (waits[waits.count / 2], waits[waits.count * 99 / 100])
            let served = try batches.finish()
            print(
                "beside giant batches on \(shards) shards: \(waits.count) single IDs, p50 \(middle.milliseconds) ms, "
                    + "p99 \(late.milliseconds) ms; \(served) batches"
            )
            #expect(late < .milliseconds(100))
            #expect(served > 10, "and the batches were starved")
        }
    }

    @Test func aCallIsGivenUpAtItsTimeout() throws {
        try withDaemon(["--layout", "sonyflake"]) { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            // 256 IDs in each 10 ms: this takes 2.6 s.
            let start = ContinuousClock.now
            let call = try peer.ask(.nextBatch(count: 65_536), timeoutMilliseconds: 200)
            let (answered, status) = try peer.error()
            let took = start.duration(to: .now)
            #expect(answered == call && status.code == .deadlineExceeded)
            #expect(took > .milliseconds(190) && took < .milliseconds(700), "\(took)")
            _ = try peer.nextID()
        }
    }

    /// Behind another connection's batch, a call's time runs too; and one that has enough is served.
    @Test func aCallInLineIsGivenUpAtItsTimeout() throws {
        try withDaemon(["--layout", "sonyflake", "--shards", "1"]) { daemon in
            let (first, second) = (try Peer.unix(daemon.socketPath), try Peer.unix(daemon.socketPath))
            try first.ask(.nextBatch(count: 20_480))
            let start = ContinuousClock.now
            try second.ask(.nextBatch(count: 20_480), timeoutMilliseconds: 200)
            let patient = try second.ask(.nextBatch(count: 100), timeoutMilliseconds: 5000)
            #expect(try second.error().status.code == .deadlineExceeded)
            let took = start.duration(to: .now)
            #expect(took > .milliseconds(190) && took < .milliseconds(700), "\(took)")
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
        try eventually("a batch is served") { record.withLock { $0.served > 0 } }
    }

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
