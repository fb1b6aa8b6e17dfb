package import FirnEngine
package import FirnLayout
package import FirnServer

/// All that is known of a daemon at one moment, as plain values.
package struct DaemonReading: Sendable {
    /// One thread that gives out IDs, and what it has done.
    package struct Shard: Sendable {
        /// `0` for the first that serves the framed protocol, `http-0` for the first that serves HTTP.
        package var name: String
        package var reading: ShardReading
        /// Whether it counts its connections: those of HTTP are not a shard's.
        package var hasConnections: Bool

        package init(framed index: Int, _ reading: ShardReading) {
            name = "\(index)"
            self.reading = reading
            hasConnections = true
        }

        package init(http index: Int, _ reading: ShardReading) {
            name = "http-\(index)"
            self.reading = reading
            hasConnections = false
        }
    }

    package var version: String
    package var layout: Layout
    /// The store's name, as `--store` is given it.
    package var storeName: String
    /// How far ahead windows are reserved.
    package var window: Duration
    /// The present, by the time that the daemon's IDs carry.
    package var now: Moment
    /// When the daemon started, in the same boot nanoseconds as `now`.
    package var startedBootNanoseconds: Int64
    /// Why calls are refused, in the words that they are given; `nil` when they are not.
    package var obstacle: String?
    package var shards: [Shard]
    package var acceptor: AcceptorReading
    package var store: StoreReading
    package var windows: WindowReading
    package var process: ProcessReading?
    /// Lines of the log that were dropped, as nobody read them.
    package var droppedLogLines: UInt64

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
        store: StoreReading,
        windows: WindowReading,
        process: ProcessReading?,
        droppedLogLines: UInt64 = 0
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
        self.store = store
        self.windows = windows
        self.process = process
        self.droppedLogLines = droppedLogLines
    }

    package var uptimeSeconds: Double {
        Double(now.bootNanoseconds - startedBootNanoseconds) / 1e9
    }

    /// Seconds until `tick` begins; 0 when it has.
    func seconds(untilTick tick: UInt64) -> Double {
        guard tick > now.tick else { return 0 }
        return Double(tick - now.tick) * Double(layout.tickNanoseconds) / 1e9
    }

    /// Seconds for which IDs can be given out of a place without another word of the store.
    func windowSeconds(_ place: WindowReading.Place) -> Double {
        place.holding.map { seconds(untilTick: $0.limitTick) } ?? 0
    }

    /// Seconds until the layout's time field ends, or `nil` for a layout without one.
    var layoutSeconds: Double? {
        layout.lastInstant.map { (Double($0.unixMilliseconds) - Double(now.unixNanoseconds) / 1e6) / 1e3 }
    }

    /// Whether IDs can be had, or in words why not: what the calls are told, and besides when they would be told to come
    /// back later, for the worker was used up to a time that this host's clock has not reached.
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

    /// Calls wait so long for a tick, and longer only in layouts whose ticks are.
    private static let longestWait = 1.0
}
