import FirnLayout
import FirnWire
import Foundation
import Synchronization
import Testing

/// 64 daemons on one store, which are killed, stopped, paused and started at random: every ID is counted.
@Suite(.serialized) struct FleetTests {
    static let size = 64

    /// How long each store's fleet is disturbed. `FIRN_FLEET_SECONDS` in the environment changes it.
    static let seconds = ProcessInfo.processInfo.environment["FIRN_FLEET_SECONDS"].flatMap { Int($0) } ?? 10

    /// Twice as many workers as daemons, so that a worker that a dead daemon held is soon another one's. A daemon from which
    /// nobody takes IDs for a second rests.
    static let arguments = [
        "--layout", "time:41ms@2025-01-01T00:00:00Z,worker:7,sequence:12", "--window", "5s", "--rest-after", "1s",
    ]

    /// Longer than a window: the worker of a daemon that stands still for so long may be taken.
    private static let longestPause = 8000

    @Test(arguments: [SharedStore.etcd, .postgres]) func everyIDIsGivenOutOnce(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            var daemons = try (0..<Self.size).map { try fleet.start($0, Self.arguments) }
            for daemon in daemons { try daemon.waitUntilServing() }
            let gatherers = Gatherers((0..<Self.size).map(fleet.socketPath))
            defer { _ = gatherers.stop() }
            var (kills, stops, pauses) = (0, 0, 0)
            var paused: [(index: Int, until: ContinuousClock.Instant)] = []
            let began = ContinuousClock.now
            var nextReport = began + .seconds(10)
            while began.duration(to: .now) < .seconds(Self.seconds) {
                for (index, _) in paused where paused.contains(where: { $0.index == index && $0.until <= .now }) {
                    daemons[index].signal(SIGCONT)
                }
                paused.removeAll { $0.until <= .now }
                let index = Int.random(in: 0..<Self.size)
                guard !paused.contains(where: { $0.index == index }) else { continue }
                switch Int.random(in: 0..<10) {
                case 0..<6:
                    kills += 1
                    daemons[index].signal(SIGKILL)
                    _ = try daemons[index].waitForExit()
                    daemons[index] = try fleet.start(index, Self.arguments)
                case 6..<8:
                    stops += 1
                    daemons[index].signal(SIGTERM)
                    // One that has just started may not handle the signal yet.
                    let ending = try daemons[index].waitForExit()
                    let isEnded = ending == .exited(0) || ending == .killed(signal: SIGTERM)
                    #expect(isEnded, "\(ending): \(daemons[index].log)")
                    daemons[index] = try fleet.start(index, Self.arguments)
                default:
                    guard paused.count < Self.size / 8 else { continue }
                    pauses += 1
                    try daemons[index].pause()
                    paused.append((index, .now + .milliseconds(Int.random(in: 1...Self.longestPause))))
                }
                sleep(.milliseconds(Int.random(in: 0...300)))
                if ContinuousClock.now >= nextReport {
                    nextReport += .seconds(10)
                    let elapsed = began.duration(to: .now).components.seconds
                    let done = "\(kills) killed, \(stops) stopped, \(pauses) paused"
                    print("\(kind), \(elapsed) s: \(done), \(gatherers.count) IDs")
                }
            }
            for (index, _) in paused { daemons[index].signal(SIGCONT) }
            // Whatever happened to it, each serves in the end.
            for daemon in daemons { try eventually("it serves; it says: \(daemon.log)") { daemon.serves } }
            let result = gatherers.stop()
            var harvest = Harvest(layout: try Layout(parsing: Self.arguments[1]))
            harvest.add(result.spans)
            let done = "\(kills) killed, \(stops) stopped, \(pauses) paused"
            print("\(kind): \(done); \(harvest.count) IDs, \(harvest.duplicates) twice")
            #expect(result.problem == nil)
            #expect(harvest.duplicates == 0)
            #expect(result.workers.count > Self.size / 2, "IDs of \(result.workers.count) workers")
            #expect(kills > 0 && stops > 0 && harvest.count > 100 * Self.seconds)
        }
    }
}

/// Threads that go from daemon to daemon and take IDs of each. A quarter of the daemons is left alone at any time.
private final class Gatherers: Sendable {
    struct Result: Sendable {
        var spans: [Harvest.Span] = []
        /// The workers whose IDs were given out.
        var workers: Set<UInt64> = []
        /// IDs that did not rise on one connection.
        var problem: String?
    }

    private let result = Mutex(Result())
    private let stopped = Atomic(false)
    private let running: Atomic<Int>
    private static let threads = 3

    init(_ paths: [String]) {
        running = Atomic(Self.threads)
        for _ in 0..<Self.threads {
            Thread.detachNewThread { [self] in
                while !stopped.load(ordering: .relaxed) {
                    let quiet = Int(Date().timeIntervalSince1970 / 5) % 4
                    let number = Int.random(in: paths.indices)
                    if number % 4 != quiet { gather(paths[number]) }
                }
                running.subtract(1, ordering: .releasing)
            }
        }
    }

    var count: Int { result.withLock { $0.spans.reduce(0) { $0 + Int($1.last - $1.first) + 1 } } }

    func stop() -> Result {
        stopped.store(true, ordering: .relaxed)
        while running.load(ordering: .acquiring) > 0 { usleep(1000) }
        return result.withLock { $0 }
    }

    /// What a daemon gave before it ended or stood still counts, too.
    private func gather(_ path: String) {
        var spans: [Harvest.Span] = []
        defer {
            result.withLock { result in
                if let last = zip(spans, spans.dropFirst()).first(where: { $0.last >= $1.first }) {
                    result.problem = "on one connection \(last.1.first) came after \(last.0.last)"
                }
                result.spans += spans
                for span in spans { result.workers.insert(span.first >> 12 & 127) }
            }
        }
        do {
            let peer = try Peer.unix(path, timeout: .seconds(1))
            for turn in 0..<10 {
                if turn % 2 == 0 {
                    let id = try peer.nextID().rawValue
                    spans.append(Harvest.Span(first: id, last: id))
                } else {
                    for run in try peer.nextBatch(UInt32.random(in: 1...300)) {
                        let last = run.first.rawValue + UInt64(run.count) - 1
                        spans.append(Harvest.Span(first: run.first.rawValue, last: last))
                    }
                }
            }
        } catch {
            // It is killed, stopped or paused, or has no worker yet.
        }
    }
}
