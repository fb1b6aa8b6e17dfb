internal import ArgumentParser
internal import FirnConfiguration
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore
internal import FirnWindows
internal import Foundation
internal import Synchronization

/// Simulated daemons in one process, against a real store: the calls to the store that daemons would make, without the
/// daemons.
@main struct Storm: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firn-storm",
        abstract: "Make the calls to a store that many daemons make, and print how fast it answers, as JSON.",
        subcommands: [Start.self, Windows.self]
    )
}

struct Simulation: ParsableArguments {
    @Option(help: "The store, as firnd takes it.")
    var store: String
    @Option(help: "The number of daemons.")
    var daemons = 1000
    @Option(help: "How many of them call at once; each has its own connection.")
    var threads = 32
    @Option(help: "The window of each, in seconds.")
    var window: UInt64 = 60
    @OptionGroup var etcd: EtcdOptions
    @OptionGroup var postgres: PostgresOptions
    @OptionGroup var upstream: UpstreamOptions

    static let layout = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:17,sequence:5")

    /// Each thread's store.
    func stores() throws -> [any Store] {
        let location = try StoreLocation(parsing: store)
        let remote = try RemoteStore.make(location, etcd: etcd, postgres: postgres, upstream: upstream, window: nil)
        return try (0..<threads).map { _ in try location.open(.make, remote: remote) }
    }

    func claims(_ number: Int, on store: any Store) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(host: "host-\(number)", pod: nil, pid: 1, instance: .random(in: 1...(.max))),
            maximumWorker: UInt32(Self.layout.maximumWorker),
            maximumTick: Self.layout.maximumTick - 1,
            windowTicks: window * 1_000_000_000 / Self.layout.tickNanoseconds
        )
    }

    /// Calls `body` once for each daemon, on all threads at once, with a store of the thread's own.
    func forEachDaemon(_ body: @escaping @Sendable (WorkerClaims) -> Void) throws {
        let stores = try stores()
        let next = Atomic(0)
        NativeThread.forEach(below: threads, name: "storm", within: Self.patience) { [self] thread in
            while case let number = next.add(1, ordering: .relaxed).oldValue, number < daemons {
                body(claims(number, on: stores[thread]))
            }
            return true
        }
    }

    static let patience = Duration.seconds(3600)

    var now: StoreInstant {
        let nanoseconds = Int64(Date().timeIntervalSince1970 * 1e9)
        return StoreInstant(
            tick: Self.layout.tick(atUnixNanoseconds: nanoseconds) ?? 0,
            unixMilliseconds: UInt64(nanoseconds / 1_000_000)
        )
    }
}

/// What a daemon would not have had to deal with here.
struct Unexpected: Error {
    var outcome: String
}

/// The duration of each call, and what failed.
final class Durations: Sendable {
    private let state = Mutex((milliseconds: [Double](), failures: [String: Int]()))
    private let began = ContinuousClock.now

    func measure(_ call: () throws -> Void) {
        let start = ContinuousClock.now
        let failure: String?
        do {
            try call()
            failure = nil
        } catch {
            failure = "\(error)"
        }
        let (seconds, attoseconds) = start.duration(to: .now).components
        state.withLock { state in
            if let failure {
                state.failures[failure, default: 0] += 1
            } else {
                state.milliseconds.append(Double(seconds) * 1000 + Double(attoseconds) / 1e15)
            }
        }
    }

    func report() throws {
        let (seconds, attoseconds) = began.duration(to: .now).components
        let elapsed = Double(seconds) + Double(attoseconds) / 1e18
        let (milliseconds, failures) = state.withLock { ($0.milliseconds.sorted(), $0.failures) }
        var fields: [String: Any] = ["done": milliseconds.count, "seconds": elapsed, "failures": failures]
        fields["per_second"] = Double(milliseconds.count) / elapsed
        if let most = milliseconds.last {
            fields["p50_ms"] = milliseconds[milliseconds.count / 2]
            fields["p99_ms"] = milliseconds[milliseconds.count * 99 / 100]
            fields["max_ms"] = most
        }
        print(String(decoding: try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys), as: UTF8.self))
    }
}

/// All start at once: each judges its clock and claims a worker.
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Daemons start at once, and claim a worker each.")
    @OptionGroup var simulation: Simulation

    func run() throws {
        let durations = Durations()
        try simulation.forEachDaemon { [simulation] claims in
            durations.measure {
                var random = SystemRandomNumberGenerator()
                _ = try claims.checkClock(nowTick: simulation.now.tick, allowedTicks: 100_000)
                var outcome = try claims.claim(.any(excluding: []), at: simulation.now, using: &random)
                // As where an SQLite file was locked by others for too long. A daemon reads back, too.
                if case .inDoubt(let held, _) = outcome, case .holding(let worker) = claims.reconcile(held) {
                    outcome = .claimed(worker)
                }
                guard case .claimed = outcome else { throw Unexpected(outcome: "\(outcome)") }
            }
        }
        try durations.report()
    }
}

/// Windows are extended as fast as the store answers.
struct Windows: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Daemons that hold a worker each extend their windows.")
    @OptionGroup var simulation: Simulation
    @Option(help: "For how long, in seconds.")
    var seconds = 10

    func run() throws {
        let held = Mutex([(claims: WorkerClaims, worker: HeldWorker)]())
        try simulation.forEachDaemon { [simulation] claims in
            var random = SystemRandomNumberGenerator()
            let outcome = try? claims.claim(.any(excluding: []), at: simulation.now, using: &random)
            guard case .claimed(let worker) = outcome else { return }
            held.withLock { $0.append((claims, worker)) }
        }
        let all = held.withLock { $0 }
        let durations = Durations()
        let end = ContinuousClock.now + .seconds(seconds)
        NativeThread.forEach(below: simulation.threads, name: "storm", within: Simulation.patience) {
            [simulation] thread in
            var mine = stride(from: thread, to: all.count, by: simulation.threads).map { all[$0] }
            var index = 0
            while ContinuousClock.now < end, !mine.isEmpty {
                let (claims, worker) = mine[index % mine.count]
                durations.measure {
                    var random = SystemRandomNumberGenerator()
                    let outcome = claims.extend(worker, toLimit: worker.limit + 1, at: simulation.now, using: &random)
                    guard case .holding(let longer) = outcome else { throw Unexpected(outcome: "\(outcome)") }
                    mine[index % mine.count].worker = longer
                }
                index += 1
            }
            return true
        }
        try durations.report()
    }
}
