internal import FirnEngine

/// Decides what is sent to a supervisor, and when. No I/O: it gets the daemon's state and returns the lines to send.
///
/// - `READY=1` when the sockets are bound **and** a worker is held, so that a service that is started after the daemon
///   gets IDs. Until then the start is not complete, however long it takes: the daemon retries by itself, and a restart
///   would not help. So the start timeout is extended as long as the threads answer.
/// - `RELOADING=1` when a reload begins, and `READY=1` again when it has ended.
/// - `STATUS=`, whenever it changes: the workers, or why there are none.
/// - `WATCHDOG=1` at half of the allowed interval, each time after every reactor and the window thread have answered.
///   An unavailable store does not stop the pings; a hanging thread does.
struct Supervision {
    /// The daemon's state.
    struct Standing {
        /// Why no ID can be given out; `nil` when IDs can.
        var obstacle: String?
        var workers: [UInt64] = []
        /// Whether all threads have answered since the last request.
        var hasHeartbeat = true
    }

    struct Turn: Equatable {
        /// The lines of one datagram; if empty, nothing is sent.
        var lines: [String] = []
        /// Whether to ask the threads for a heartbeat.
        var requestsHeartbeat = false
    }

    /// Nanoseconds; `nil` if no pings are expected.
    private let watchdog: Int64?
    private var isReady = false
    /// A reload has ended, and the supervisor has not been told yet.
    private var owesReady = false
    private var status: String?
    private var isAsking = false
    private var lastSign: Int64

    /// By how much the start timeout is extended while the daemon has no worker, and how often.
    private static let extensionTime: Int64 = 30_000_000_000
    private static let extensionInterval: Int64 = 10_000_000_000
    /// The longest delay before a change is reported; shorter during the start, because others wait for it.
    private static let longestTurn: Int64 = 1_000_000_000
    private static let turnAtStart: Int64 = 100_000_000
    /// With more workers than this, the status gives their number instead.
    private static let workersNamed = 8

    /// - Parameter now: nanoseconds of a monotonic clock.
    init(watchdog: Duration?, now: Int64) {
        self.watchdog = watchdog?.nanoseconds
        lastSign = now
    }

    /// Nanoseconds until the next turn. Half a watchdog interval has at least four turns: one sends the request, one
    /// gets the answer.
    var turnTime: Int64 {
        let longest = isReady ? Self.longestTurn : Self.turnAtStart
        return watchdog.map { min(longest, $0 / 8) } ?? longest
    }

    /// Called once per turn.
    mutating func turned(_ standing: Standing, now: Int64) -> Turn {
        var turn = Turn()
        if !isReady, standing.obstacle == nil {
            isReady = true
            // The supervisor's watchdog starts here.
            lastSign = now
            isAsking = false
            turn.lines.append("READY=1")
        }
        if owesReady {
            owesReady = false
            turn.lines.append("READY=1")
        }
        let status = Self.status(standing)
        if status != self.status {
            self.status = status
            turn.lines.append("STATUS=\(status)")
        }
        guard let interval = isReady ? watchdog.map({ $0 / 2 }) : Self.extensionInterval else { return turn }
        if !isAsking {
            isAsking = now - lastSign >= interval / 2
            turn.requestsHeartbeat = isAsking
        } else if standing.hasHeartbeat {
            isAsking = false
            lastSign = now
            turn.lines.append(isReady ? "WATCHDOG=1" : "EXTEND_TIMEOUT_USEC=\(Self.extensionTime / 1000)")
        }
        return turn
    }

    /// The lines when a reload begins, at this time of CLOCK_MONOTONIC; empty before the daemon is ready, because the
    /// supervisor waits for the start then. systemd needs both lines in one datagram (`Type=notify-reload`).
    func reloading(monotonicMicroseconds: Int64) -> [String] {
        isReady ? ["RELOADING=1", "MONOTONIC_USEC=\(monotonicMicroseconds)"] : []
    }

    /// The reload has ended: the next turn says so.
    mutating func reloaded() {
        owesReady = isReady
    }

    /// The lines when the daemon was told to stop. The timeout covers the drain, and then the store's time to take back
    /// the windows.
    static func stopping(drainTimeout: Duration) -> [String] {
        let seconds = drainTimeout.components.seconds + 15
        return [
            "STOPPING=1", "STATUS=stopping: connections have \(drainTimeout) to end",
            "EXTEND_TIMEOUT_USEC=\(seconds)000000",
        ]
    }

    private static func status(_ standing: Standing) -> String {
        if let obstacle = standing.obstacle {
            // A field ends at a line feed.
            return "no IDs: " + String(obstacle.map { $0.isNewline ? " " : $0 })
        }
        let workers = standing.workers
        switch workers.count {
        case 1: return "handing out IDs as worker \(workers[0])"
        case ...workersNamed: return "handing out IDs as workers " + workers.map(String.init).joined(separator: ", ")
        default: return "handing out IDs as \(workers.count) workers"
        }
    }
}
