internal import FirnEngine

/// What a supervisor is told, and when. No I/O: it is told how the daemon stands, and says what to send.
///
/// - `READY=1` when the sockets are bound **and** a worker is held: a service that is started after the daemon finds IDs. Until
///   then the start is not over, however long that takes: the daemon tries again by itself, and being killed and started
///   anew would not help it. So, as long as its threads answer, the time for the start is extended.
/// - `STATUS=`, whenever it is another: which workers, or why there are none.
/// - `WATCHDOG=1` at half of the time that is allowed, each time after every reactor and the window thread have answered.
///   A store that is away does not end the pings; a thread that hangs does.
struct Supervision {
    /// How the daemon stands.
    struct Standing {
        /// Why no ID can be given out; `nil` when IDs can.
        var obstacle: String?
        var workers: [UInt64] = []
        /// Whether all threads have answered since they were asked last.
        var hasHeartbeat = true
    }

    struct Turn: Equatable {
        /// One datagram's lines; none: nothing is to be sent.
        var lines: [String] = []
        /// Whether the threads are to be asked for a sign of life.
        var requestsHeartbeat = false
    }

    /// Nanoseconds; `nil`: no pings are expected.
    private let watchdog: Int64?
    private var isReady = false
    private var status: String?
    private var isAsking = false
    private var lastSign: Int64

    /// How long the supervisor is asked to wait on while the daemon has no worker, and how often.
    private static let extensionTime: Int64 = 30_000_000_000
    private static let extensionInterval: Int64 = 10_000_000_000
    /// So soon is a change told, at the latest; and at the start, which others wait for, sooner.
    private static let longestTurn: Int64 = 1_000_000_000
    private static let turnAtStart: Int64 = 100_000_000
    /// A status of more workers gives their number.
    private static let workersNamed = 8

    /// - Parameter now: nanoseconds of a clock that never goes back.
    init(watchdog: Duration?, now: Int64) {
        self.watchdog = watchdog?.nanoseconds
        lastSign = now
    }

    /// Nanoseconds until the next turn. Four turns and more are in half a watchdog's time: one to ask, one to answer.
    var turnTime: Int64 {
        let longest = isReady ? Self.longestTurn : Self.turnAtStart
        return watchdog.map { min(longest, $0 / 8) } ?? longest
    }

    /// A turn's time has passed.
    mutating func turned(_ standing: Standing, now: Int64) -> Turn {
        var turn = Turn()
        if !isReady, standing.obstacle == nil {
            isReady = true
            // Here the supervisor starts to count.
            lastSign = now
            isAsking = false
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

    /// What is said when the daemon was told to stop: it needs its drain's time, and then the store's for giving the
    /// windows back.
    static func stopping(drainTimeout: Duration) -> [String] {
        let seconds = drainTimeout.components.seconds + 15
        return [
            "STOPPING=1", "STATUS=stopping: connections have \(drainTimeout) to end",
            "EXTEND_TIMEOUT_USEC=\(seconds)000000",
        ]
    }

    private static func status(_ standing: Standing) -> String {
        if let obstacle = standing.obstacle {
            // A line is a field's end.
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
