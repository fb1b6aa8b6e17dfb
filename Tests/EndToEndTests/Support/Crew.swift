import FirnLayout
import Foundation
import Synchronization

/// Threads that do something over and over until they are told to stop.
///
/// Threads and not tasks: what they do blocks.
final class Crew: Sendable {
    private let stops = Atomic(false)
    private let running = Atomic(0)

    /// Whether the work should go on.
    var isOn: Bool { !stops.load(ordering: .relaxed) }

    /// Starts a thread that does `work` once; the work looks at ``isOn``.
    func start(_ work: @escaping @Sendable (Crew) -> Void) {
        running.wrappingAdd(1, ordering: .relaxed)
        let thread = Thread {
            work(self)
            self.running.wrappingSubtract(1, ordering: .releasing)
        }
        thread.stackSize = 512 * 1024
        thread.start()
    }

    /// Tells all to stop, and waits until they have.
    func stop() throws {
        stops.store(true, ordering: .relaxed)
        try eventually("the test's threads end") { running.load(ordering: .acquiring) == 0 }
    }
}

/// Threads that call a socket as fast as they can, and connect again when the connection breaks.
final class Clients: Sendable {
    private let connected = Atomic(0)
    private let crew = Crew()

    /// Starts one more.
    ///
    /// - Parameter turn: makes some calls and reads their answers. It is told how many turns there were before, and the
    ///   highest number that this connection had; it says whether the connection is of more use.
    func start(_ path: String, _ turn: @escaping @Sendable (Peer, Int, inout UInt64) -> Bool) {
        crew.start { [self] crew in
            var turns = 0
            while crew.isOn {
                guard let peer = try? Peer.unix(path, timeout: .seconds(20)) else {
                    sleep(.milliseconds(1))
                    continue
                }
                connected.wrappingAdd(1, ordering: .relaxed)
                var last: UInt64 = 0
                while crew.isOn, turn(peer, turns, &last) { turns += 1 }
                connected.wrappingSubtract(1, ordering: .releasing)
            }
        }
    }

    /// Waits until all have read a dead daemon's last answers.
    func haveNoticed() throws {
        try eventually("the clients notice that the daemon is dead") { connected.load(ordering: .acquiring) == 0 }
    }

    func stop() throws {
        try crew.stop()
    }
}

/// A connection that was open all along and asks for an ID every millisecond: what others do must not reach it.
final class Bystander: Sendable {
    private struct Record {
        var count = 0
        /// Less what the kernel kept it, or the daemon, from running.
        var worst = Duration.zero
        var last: UInt64 = 0
        var problem: String?
    }

    private let record = Mutex(Record())
    private let crew = Crew()

    init(of daemon: Daemon) throws {
        let path = daemon.socketPath
        crew.start { [self] crew in
            do {
                let peer = try Peer.unix(path)
                var watch = Stopwatch(daemon)
                while crew.isOn {
                    // What it reads to start costs too much to be read for each call.
                    if watch.age > .milliseconds(200) { watch = Stopwatch(daemon) }
                    let start = ContinuousClock.now
                    let id = try peer.nextID().rawValue
                    var took = start.duration(to: .now)
                    if took > .milliseconds(500) { took = min(took, watch.elapsed) }
                    record.withLock { record in
                        if id <= record.last { record.problem = "\(id) came after \(record.last)" }
                        record.last = id
                        record.count += 1
                        record.worst = max(record.worst, took)
                    }
                    sleep(.milliseconds(1))
                }
            } catch {
                record.withLock { $0.problem = "\(error)" }
            }
        }
        try served(atLeast: 1)
    }

    /// Waits until it was served so many times more.
    func served(atLeast more: Int) throws {
        let before = record.withLock { $0.count }
        try eventually("the bystander is served") {
            try record.withLock { record in
                if let problem = record.problem { throw TestFailure("the bystander noticed: \(problem)") }
                return record.count >= before + more
            }
        }
    }

    /// The processor time that the daemon uses for each of the next so many calls of the bystander, and for all else that
    /// it does meanwhile.
    func cost(ofCalls count: Int, to daemon: Daemon) throws -> Duration {
        let (before, start) = (record.withLock { $0.count }, try daemon.processorTime())
        try served(atLeast: count)
        let used = try daemon.processorTime() - start
        return used / (record.withLock { $0.count } - before)
    }

    /// Ends it.
    ///
    /// - Returns: the longest it waited for an ID, other than for a processor.
    func finish() throws -> Duration {
        try served(atLeast: 3)
        try crew.stop()
        return record.withLock { $0.worst }
    }
}

/// Runs an attack while a bystander is served.
func withBystander<Result>(of daemon: Daemon, _ body: () throws -> Result) throws -> Result {
    try withWatchedBystander(of: daemon) { _ in try body() }
}

/// The same, for attacks that look at the bystander.
func withWatchedBystander<Result>(of daemon: Daemon, _ body: (Bystander) throws -> Result) throws -> Result {
    let bystander = try Bystander(of: daemon)
    do {
        let result = try body(bystander)
        let worst = try bystander.finish()
        guard worst < .seconds(1) else { throw TestFailure("the bystander waited \(worst) for an ID") }
        return result
    } catch {
        _ = try? bystander.finish()
        throw error
    }
}
