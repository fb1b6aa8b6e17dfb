/// What a daemon's `/metrics` said at one moment, as far as `firn top` shows it.
struct DaemonCounters: Equatable {
    /// Since the daemon's start.
    struct Shard: Equatable {
        var ids = 0.0
        var calls = 0.0
        var failed = 0.0
        var waits = 0.0
        /// Open now; nil where they are not counted.
        var connections: Double?
        /// How many calls took at most so many seconds, in the order of the bounds.
        var durations: [Bucket] = []
    }

    struct Bucket: Equatable {
        let bound: Double
        var count: Double
    }

    /// When the daemon started, in seconds since 1970.
    private(set) var started = 0.0
    private(set) var version = ""
    private(set) var layout = ""
    private(set) var isReady = false
    /// The shortest of the windows of its workers; nil without a worker.
    private(set) var windowSeconds: Double?
    /// Whether no window is extended, as no IDs are taken.
    private(set) var isResting = false
    private(set) var workers = 0.0
    /// By name, in the order of the text.
    private(set) var shards: [(name: String, counters: Shard)] = []

    /// - Returns: nil when these are no metrics of a Firn daemon.
    init?(_ samples: [MetricSample]) {
        guard let info = samples.first(where: { $0.name == "firn_info" }) else { return nil }
        version = info.labels["version"] ?? ""
        layout = info.labels["layout"] ?? ""
        var resting: [Double] = []
        for sample in samples {
            switch sample.name {
            case "process_start_time_seconds": started = sample.value
            case "firn_ready": isReady = sample.value > 0
            case "firn_workers": workers = sample.value
            case "firn_worker_window_seconds": windowSeconds = min(windowSeconds ?? .infinity, sample.value)
            case "firn_worker_resting": resting.append(sample.value)
            default: count(sample)
            }
        }
        isResting = !resting.isEmpty && resting.allSatisfy { $0 > 0 }
    }

    private mutating func count(_ sample: MetricSample) {
        guard let shard = sample.labels["shard"] else { return }
        switch sample.name {
        case "firn_ids_total": withShard(shard) { $0.ids += sample.value }
        case "firn_calls_total":
            withShard(shard) {
                $0.calls += sample.value
                if sample.labels["code"] != "OK" { $0.failed += sample.value }
            }
        case "firn_tick_waits_total": withShard(shard) { $0.waits += sample.value }
        case "firn_connections", "firn_grpc_connections":
            withShard(shard) { $0.connections = ($0.connections ?? 0) + sample.value }
        case "firn_call_duration_seconds_bucket":
            guard let bound = sample.labels["le"].flatMap({ Double($0) }) else { return }
            withShard(shard) { $0.durations.append(Bucket(bound: bound, count: sample.value)) }
        default: break
        }
    }

    private mutating func withShard(_ name: String, _ change: (inout Shard) -> Void) {
        if let index = shards.firstIndex(where: { $0.name == name }) {
            change(&shards[index].counters)
        } else {
            var counters = Shard()
            change(&counters)
            shards.append((name, counters))
        }
    }

    /// All shards together.
    var total: Shard { shards.reduce(into: Shard()) { $0.add($1.counters) } }

    static func == (one: DaemonCounters, other: DaemonCounters) -> Bool {
        one.started == other.started && one.isReady == other.isReady && one.windowSeconds == other.windowSeconds
            && one.shards.elementsEqual(other.shards) { $0.name == $1.name && $0.counters == $1.counters }
    }
}

extension DaemonCounters.Shard {
    mutating func add(_ other: DaemonCounters.Shard) {
        ids += other.ids
        calls += other.calls
        failed += other.failed
        waits += other.waits
        if let more = other.connections { connections = (connections ?? 0) + more }
        guard durations.map(\.bound) == other.durations.map(\.bound) else {
            if durations.isEmpty { durations = other.durations }
            return
        }
        for index in durations.indices { durations[index].count += other.durations[index].count }
    }

    /// What was counted since an earlier moment, per second.
    func rates(since earlier: DaemonCounters.Shard, seconds: Double) -> ShardRates {
        // Buckets of two moments differ only when the daemon is another one.
        let isSame = durations.map(\.bound) == earlier.durations.map(\.bound)
        let buckets = zip(durations, isSame ? earlier.durations : durations).map {
            DaemonCounters.Bucket(bound: $0.bound, count: $0.count - $1.count)
        }
        return ShardRates(
            ids: (ids - earlier.ids) / seconds,
            calls: (calls - earlier.calls) / seconds,
            failed: (failed - earlier.failed) / seconds,
            waits: (waits - earlier.waits) / seconds,
            median: Self.bound(ofShare: 0.5, in: buckets),
            slowest: Self.bound(ofShare: 0.99, in: buckets),
            connections: connections
        )
    }

    /// The bound that so many of the calls did not exceed; nil without calls.
    private static func bound(ofShare share: Double, in buckets: [DaemonCounters.Bucket]) -> Double? {
        guard let all = buckets.last?.count, all > 0 else { return nil }
        return buckets.first { $0.count >= all * share }?.bound
    }
}

/// What a shard, or a whole daemon, did in the last interval.
struct ShardRates: Equatable {
    /// Per second, as the next three.
    let ids: Double
    let calls: Double
    let failed: Double
    let waits: Double
    /// So many seconds half of the calls took at most, and 99 of a hundred; nil without calls.
    let median: Double?
    let slowest: Double?
    let connections: Double?
}
