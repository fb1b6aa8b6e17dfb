internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import Synchronization

/// An answer of the admin port, independent of the transport.
package struct AdminAnswer: Sendable, Equatable {
    /// An HTTP status.
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    init(_ status: Int = 200, _ contentType: String, _ body: String) {
        self.status = status
        self.contentType = contentType
        self.body = Array(body.utf8)
    }
}

/// The documents of the admin port. Thread-safe; nothing in it blocks.
package final class AdminPages: Sendable {
    private let read: @Sendable () -> DaemonReading
    private let askThreads: @Sendable () -> [(thread: String, count: UInt64)]
    private let libraries: MetricsRegistry
    private let liveness = Mutex(Liveness(limit: AdminPages.livenessLimit))
    private let rates: Mutex<(ids: RateWindow, calls: RateWindow)>

    /// All paths that exist; any other path is not found. `{id}` stands for any text without a slash.
    package static let paths: Set<String> = ["/", "/guess/{id}", "/livez", "/readyz", "/metrics", "/status"]

    /// One call to the store takes at most a third of a window, 20 s with etcd's default.
    static let livenessLimit = Duration.seconds(30)

    private static let plainText = "text/plain; charset=utf-8"

    /// - Parameters:
    ///   - shards: the number of the daemon's shards.
    ///   - startedBootNanoseconds: when all counters were 0.
    ///   - askThreads: asks each thread for a heartbeat, and returns how many each has answered so far.
    package init(
        shards: Int,
        startedBootNanoseconds: Int64,
        libraries: MetricsRegistry,
        askThreads: @escaping @Sendable () -> [(thread: String, count: UInt64)],
        read: @escaping @Sendable () -> DaemonReading
    ) {
        self.libraries = libraries
        self.askThreads = askThreads
        self.read = read
        let window = RateWindow(counters: shards, now: startedBootNanoseconds)
        rates = Mutex((ids: window, calls: window))
    }

    /// - Returns: `nil` for a path that is not among ``paths``.
    package func answer(_ path: String) -> AdminAnswer? {
        switch path {
        case "/":
            return AdminAnswer(200, "text/html; charset=utf-8", StatusPage.html)
        case "/livez":
            let now = read().now.bootNanoseconds
            let beats = askThreads()
            guard let silence = liveness.withLock({ $0.asked(beats, now: now) }) else {
                return AdminAnswer(200, Self.plainText, "alive\n")
            }
            return AdminAnswer(503, Self.plainText, "not alive: \(silence)\n")
        case "/readyz":
            guard let reason = read().unreadiness else { return AdminAnswer(200, Self.plainText, "ready\n") }
            return AdminAnswer(503, Self.plainText, "not ready: \(reason)\n")
        case "/metrics":
            return AdminAnswer(200, PrometheusText.contentType, MetricsDocument.text(read(), libraries: libraries))
        case "/status":
            return AdminAnswer(200, "application/json", status(read()).text + "\n")
        default:
            guard path.hasPrefix(Self.guessPath) else { return nil }
            return guess(String(path.dropFirst(Self.guessPath.count)))
        }
    }

    private static let guessPath = "/guess/"

    /// Which known layouts an ID can be of, for the page.
    private func guess(_ text: String) -> AdminAnswer {
        do {
            let id = try FirnID(parsing: text)
            let guess = LayoutGuess([id], now: UTCTime(unixNanoseconds: read().now.unixNanoseconds))
            let json = guess.json.adding(hints: guess.remarks(ofIDs: 1))
            return AdminAnswer(200, "application/json", json.text + "\n")
        } catch {
            return AdminAnswer(400, Self.plainText, "\(error.message)\n")
        }
    }

    private func status(_ reading: DaemonReading) -> JSON {
        let now = reading.now.bootNanoseconds
        let (ids, calls) = rates.withLock { rates in
            (
                rates.ids.rates(reading.shards.map(\.reading.ids), now: now),
                rates.calls.rates(reading.shards.map(\.reading.allCalls), now: now)
            )
        }
        return StatusDocument.json(reading, rates: zip(ids, calls).map { StatusDocument.Rates(ids: $0, calls: $1) })
    }
}
