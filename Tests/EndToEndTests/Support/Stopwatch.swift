import Foundation

/// Measures how long a daemon takes for something, less the time for which the kernel kept it waiting for a processor.
///
/// For promises that are times and nothing else: on a machine with other work they hold too. What is taken off is what the
/// thread that measures waited, and the one of the daemon's that waited longest. Where the kernel keeps no such account
/// (`CONFIG_SCHED_INFO`), it is plain time.
struct Stopwatch {
    private let daemon: Daemon
    private let start: ContinuousClock.Instant
    /// By the names of the daemon's threads, which are numbers.
    private let waitedBefore: [String: Duration]
    private let ownBefore = Self.waited(in: Self.ownAccount)

    private static let ownAccount = "/proc/thread-self/schedstat"

    /// Starts now.
    init(_ daemon: Daemon) {
        (self.daemon, start, waitedBefore) = (daemon, .now, Self.waits(of: daemon))
    }

    /// As if it had been started with the daemon.
    init(sinceTheStartOf daemon: Daemon) {
        (self.daemon, start, waitedBefore) = (daemon, daemon.started, [:])
    }

    /// How long ago that was, waiting included.
    var age: Duration { start.duration(to: .now) }

    /// To be read by the thread that started it.
    var elapsed: Duration {
        let longest = Self.waits(of: daemon).map { $0.value - waitedBefore[$0.key, default: .zero] }.max() ?? .zero
        return max(.zero, age - longest - (Self.waited(in: Self.ownAccount) - ownBefore))
    }

    private static func waits(of daemon: Daemon) -> [String: Duration] {
        let tasks = "/proc/\(daemon.pid)/task"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return names.reduce(into: [:]) { $0[$1] = waited(in: "\(tasks)/\($1)/schedstat") }
    }

    /// Of three numbers the second: nanoseconds for which a thread was ready to run and did not.
    private static func waited(in path: String) -> Duration {
        let numbers = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ") ?? []
        return numbers.count > 1 ? .nanoseconds(Int64(numbers[1]) ?? 0) : .zero
    }
}
