package import FirnEngine
package import FirnLayout
package import FirnServer

/// The state of a daemon at one moment, as plain values.
package struct DaemonReading: Sendable {
    /// A thread that gives out IDs, and its counters.
    package struct Shard: Sendable {
        /// `0` for the first that serves the framed protocol, `tls-0` for the first that serves it with TLS, `http-0` for
        /// the first that serves HTTP, `grpc-0` for the first that serves gRPC.
        package var name: String
        package var reading: ShardReading
        /// Whether it counts its connections: HTTP connections do not belong to a shard.
        package var hasConnections: Bool
        /// Whether it serves gRPC, and counts its connections and open calls.
        package var isGRPC = false

        package init(framed index: Int, _ reading: ShardReading) {
            name = "\(index)"
            self.reading = reading
            hasConnections = true
        }

        package init(grpc index: Int, _ reading: ShardReading) {
            name = "grpc-\(index)"
            self.reading = reading
            hasConnections = false
            isGRPC = true
        }

        package init(http index: Int, _ reading: ShardReading) {
            name = "http-\(index)"
            self.reading = reading
            hasConnections = false
        }

        package init(tls index: Int, _ reading: ShardReading) {
            name = "tls-\(index)"
            self.reading = reading
            hasConnections = true
        }
    }

    package var version: String
    package var layout: Layout
    /// The store's name, as `--store` is given it.
    package var storeName: String
    /// How far ahead windows are reserved.
    package var window: Duration
    /// The current time, by the clock that the daemon's IDs are made with.
    package var now: Moment
    /// When the daemon started, in the same boot nanoseconds as `now`.
    package var startedBootNanoseconds: Int64
    /// Why calls are refused, as the error message says it; `nil` when they are not.
    package var obstacle: String?
    package var shards: [Shard]
    package var acceptor: AcceptorReading
    /// `nil` where no door has TLS.
    package var tls: TLSReading?
    package var store: StoreReading
    package var windows: WindowReading
    package var process: ProcessReading?
    /// Log lines that were dropped because they were not read in time.
    package var droppedLogLines: UInt64
    /// Peers that were refused for their token, by door.
    package var tokensRefused: [(door: String, count: UInt64)]
    /// How the program was built, as labels.
    package var build: [(String, String)]
    /// How many of the layout's workers the daemon must not claim.
    package var excludedWorkers: UInt64
    /// Of the others, as last estimated; `nil` while that is not known.
    package var freeWorkers: UInt64?
    /// The sequences that are nearest to their maximum.
    package var sequences: [SequenceUsage]

    package init(
        version: String,
        layout: Layout,
        storeName: String,
        window: Duration,
        now: Moment,
        startedBootNanoseconds: Int64,
        obstacle: String?,
        shards: [Shard],
        acceptor: AcceptorReading,
        tls: TLSReading? = nil,
        store: StoreReading,
        windows: WindowReading,
        process: ProcessReading?,
        droppedLogLines: UInt64 = 0,
        tokensRefused: [(door: String, count: UInt64)] = [],
        build: [(String, String)] = [],
        excludedWorkers: UInt64 = 0,
        freeWorkers: UInt64? = nil,
        sequences: [SequenceUsage] = []
    ) {
        self.version = version
        self.layout = layout
        self.storeName = storeName
        self.window = window
        self.now = now
        self.startedBootNanoseconds = startedBootNanoseconds
        self.obstacle = obstacle
        self.shards = shards
        self.acceptor = acceptor
        self.tls = tls
        self.store = store
        self.windows = windows
        self.process = process
        self.droppedLogLines = droppedLogLines
        self.tokensRefused = tokensRefused
        self.build = build
        self.excludedWorkers = excludedWorkers
        self.freeWorkers = freeWorkers
        self.sequences = sequences
    }

    package var uptimeSeconds: Double {
        Double(now.bootNanoseconds - startedBootNanoseconds) / 1e9
    }

    /// Seconds until `tick` begins; 0 when it has.
    func seconds(untilTick tick: UInt64) -> Double {
        guard tick > now.tick else { return 0 }
        return Double(tick - now.tick) * Double(layout.tickNanoseconds) / 1e9
    }

    /// Seconds for which a place can give out IDs without another answer from the store.
    func windowSeconds(_ place: WindowReading.Place) -> Double {
        place.holding.map { seconds(untilTick: $0.limitTick) } ?? 0
    }

    /// Seconds until the layout's time field ends, or `nil` for a layout without one.
    var layoutSeconds: Double? {
        layout.lastInstant.map { (Double($0.unixMilliseconds) - Double(now.unixNanoseconds) / 1e6) / 1e3 }
    }

    /// Why no IDs can be given out; `nil` when they can. This is the obstacle that calls are refused with, or that a
    /// worker was used up to a time that this host's clock has not reached, for which calls would be told to retry
    /// later.
    package var unreadiness: String? {
        if let obstacle { return obstacle }
        for place in windows.places {
            guard let holding = place.holding else { continue }
            let wait = seconds(untilTick: holding.firstTick)
            if wait > Self.longestWait {
                return
                    "worker \(holding.worker) was used up to \(layout.roundedTime(ofTick: holding.firstTick)), and this host's clock says "
                    + "\(layout.roundedTime(ofTick: now.tick)); it is waited for: set the clock, if it is that which is wrong"
            }
        }
        return nil
    }

    /// Calls wait up to this long for a tick; they wait longer only in layouts with longer ticks.
    private static let longestWait = 1.0
}
