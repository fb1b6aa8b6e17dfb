internal import FirnEngine
internal import FirnLayout
internal import FirnServer

/// A daemon's metrics in Prometheus' text format. `docs/METRICS.md` describes each; a test compares the two.
package struct MetricsDocument {
    private var page = PrometheusText()
    private let reading: DaemonReading

    /// - Parameter libraries: metrics that libraries record through swift-metrics.
    package static func text(_ reading: DaemonReading, libraries: MetricsRegistry) -> String {
        var document = MetricsDocument(reading: reading)
        document.writeDaemon()
        document.writeCalls()
        document.writeConnections()
        document.writeTLS()
        document.writeWorkers()
        document.writeSequences()
        document.writeStore()
        document.writeProcess()
        libraries.write(to: &document.page)
        return document.page.text
    }

    private init(reading: DaemonReading) {
        self.reading = reading
    }

    private static let bounds = LatencyHistogram.bounds.map { Double($0) / 1e9 }

    private mutating func writeDaemon() {
        page.family("firn_info", .gauge, "Always 1; what the daemon is, in its labels.")
        page.sample(
            [("version", reading.version), ("layout", reading.layout.name), ("store", reading.storeName)],
            UInt64(1)
        )
        page.family("firn_build_info", .gauge, "Always 1; how the program was built, in its labels.")
        page.sample(reading.build, UInt64(1))
        page.family("firn_ready", .gauge, "Whether IDs can be had (1) or not (0); /readyz says why not.")
        page.sample([], UInt64(reading.unreadiness == nil ? 1 : 0))
        page.family(
            "firn_clock_offset_seconds",
            .gauge,
            "Wall clock less the time that IDs carry, when they were last compared; below 0 after a clock was set back."
        )
        page.sample([], Double(reading.windows.clockOffsetNanoseconds) / 1e9)
        page.family(
            "firn_clock_slewing",
            .gauge,
            "Whether the time that IDs carry is closing a gap to the wall clock slowly (1) or follows it (0)."
        )
        page.sample([], UInt64(reading.windows.isClosingGap ? 1 : 0))
        page.family(
            "firn_layout_remaining_seconds",
            .gauge,
            "Until the last instant that the layout's time field holds."
        )
        page.sample([], reading.layoutSeconds ?? .infinity)
    }

    private mutating func writeCalls() {
        page.family(
            "firn_calls_total",
            .counter,
            "Calls that ended, by method and code; those over HTTP and gRPC too, as what they are in the framed protocol."
        )
        for shard in reading.shards {
            for method in CallMethod.allCases {
                for code in CallCode.allCases {
                    let count = shard.reading.calls(method, code)
                    // Most other codes never occur, so they are written only once counted.
                    guard count > 0 || code == .ok || code == .unavailable else { continue }
                    page.sample([("shard", shard.name), ("method", method.name), ("code", code.name)], count)
                }
            }
        }
        byShard("firn_ids_total", .counter, "IDs given out.") { $0.ids }
        byShard("firn_sequence_values_total", .counter, "Values of named sequences given out.") { $0.sequenceValues }
        byShard("firn_tick_waits_total", .counter, "Calls that had to wait for a later tick.") { $0.tickWaits }
        page.family(
            "firn_call_duration_seconds",
            .histogram,
            "From when a call was read until its answer was given to the kernel; over HTTP and gRPC, until it was known."
        )
        for shard in reading.shards {
            histogram([("shard", shard.name)], shard.reading.latency)
        }
    }

    private mutating func writeGRPC() {
        let shards = reading.shards.filter(\.isGRPC)
        guard !shards.isEmpty else { return }
        page.family("firn_grpc_connections", .gauge, "Connections of gRPC that are open.")
        for shard in shards { page.sample([("shard", shard.name)], shard.reading.connections) }
        page.family("firn_grpc_calls", .gauge, "Calls over gRPC that are open, streams and those that wait.")
        for shard in shards { page.sample([("shard", shard.name)], shard.reading.openCalls) }
    }

    private mutating func writeConnections() {
        page.family("firn_connections", .gauge, "Connections of the framed protocol that are open.")
        for shard in reading.shards where shard.hasConnections {
            page.sample([("shard", shard.name)], shard.reading.connections)
        }
        page.family("firn_connections_closed_total", .counter, "Connections that were closed, by reason.")
        for shard in reading.shards where shard.hasConnections {
            for reason in ClosingReason.allCases {
                page.sample([("shard", shard.name), ("reason", reason.name)], shard.reading.closed(reason))
            }
        }
        writeGRPC()
        page.family("firn_connections_accepted_total", .counter, "Connections that were taken, by kind of socket.")
        page.sample([("socket", "unix")], reading.acceptor.acceptedUnix)
        page.sample([("socket", "tcp")], reading.acceptor.acceptedTCP)
        if let tls = reading.tls { page.sample([("socket", "tls")], tls.accepted) }
        page.family("firn_connections_refused_total", .counter, "Connections that were turned away, by reason.")
        for reason in RefusalReason.allCases {
            let overTLS = reason == .limit ? reading.tls?.refused ?? 0 : 0
            page.sample([("reason", reason.name)], reading.acceptor.refused(reason) + overTLS)
        }
        guard !reading.tokensRefused.isEmpty else { return }
        page.family("firn_tokens_refused_total", .counter, "Calls and requests refused for their token, by door.")
        for (door, count) in reading.tokensRefused { page.sample([("door", door)], count) }
    }

    private mutating func writeTLS() {
        guard let tls = reading.tls else { return }
        page.family(
            "firn_tls_handshake_failures_total",
            .counter,
            "TLS handshakes that failed, were not finished in time, or showed a certificate that is not allowed."
        )
        for (door, count) in tls.failedHandshakes { page.sample([("door", door.name)], count) }
        page.family(
            "firn_tls_certificate_expiry_seconds",
            .gauge,
            "Until the certificate of the daemon's TLS expires; below 0 when it has."
        )
        page.sample([], Double(tls.expiryUnixSeconds) - Double(reading.now.unixNanoseconds) / 1e9)
    }

    private mutating func writeWorkers() {
        let places = reading.windows.places
        page.family("firn_workers_wanted", .gauge, "Workers that the daemon is to hold.")
        page.sample([], UInt64(places.count))
        page.family("firn_workers", .gauge, "Workers whose IDs can be given out now.")
        page.sample([], UInt64(places.count { (reading.windowSeconds($0) > 0 || $0.isResting) && $0.obstacle == nil }))
        page.family(
            "firn_worker_window_seconds",
            .gauge,
            "For how long IDs of the worker can be given out without another word of the store."
        )
        for place in places {
            guard let holding = place.holding else { continue }
            page.sample([("worker", "\(holding.worker)")], reading.windowSeconds(place))
        }
        page.family(
            "firn_worker_resting",
            .gauge,
            "1 while the worker's window is not extended because no IDs are taken, otherwise 0."
        )
        for place in places {
            guard let holding = place.holding else { continue }
            page.sample([("worker", "\(holding.worker)")], UInt64(place.isResting ? 1 : 0))
        }
        page.family("firn_worker_generation", .gauge, "How often the worker was claimed, by anyone.")
        for place in places {
            guard let holding = place.holding else { continue }
            page.sample([("worker", "\(holding.worker)")], holding.generation)
        }
        page.family(
            "firn_store_workers_far_ahead",
            .gauge,
            "Workers of the store that are known to be unused until a time far ahead, because a daemon's clock was."
        )
        page.sample([], UInt64(reading.windows.workersFarAhead))
        writeLayout()
    }

    private mutating func writeLayout() {
        page.family("firn_layout_workers", .gauge, "Workers of the layout without those that are excluded.")
        page.sample([], reading.layout.maximumWorker + 1 - reading.excludedWorkers)
        page.family(
            "firn_layout_workers_free",
            .gauge,
            "Workers of these that no holder has, estimated every ten minutes from 128 of them."
        )
        if let free = reading.freeWorkers { page.sample([], free) }
    }

    private mutating func writeSequences() {
        page.family(
            "firn_sequence_used_ratio",
            .gauge,
            "How much of its maximum a named sequence has used, from 0 to 1; of those that are nearest to it."
        )
        for sequence in reading.sequences { page.sample([("sequence", sequence.name)], sequence.share) }
    }

    private mutating func writeStore() {
        page.family("firn_store_operations_total", .counter, "Calls to the store that ended, by outcome.")
        for operation in StoreOperation.allCases {
            for (outcome, count) in (reading.store.outcomes[operation] ?? [:]).sorted(by: { $0.key < $1.key }) {
                page.sample([("operation", operation.rawValue), ("outcome", outcome)], count)
            }
        }
        page.family("firn_store_operation_duration_seconds", .histogram, "How long calls to the store took.")
        for operation in StoreOperation.allCases {
            histogram([("operation", operation.rawValue)], reading.store.latencies[operation] ?? LatencyReading())
        }
        page.family(
            "firn_store_last_answer_timestamp_seconds",
            .gauge,
            "When the store last answered, in seconds since 1970; 0 when it never has."
        )
        page.sample([], Double(reading.store.lastAnswerUnixNanoseconds ?? 0) / 1e9)
    }

    private mutating func writeProcess() {
        page.family(
            "firn_log_lines_dropped_total",
            .counter,
            "Lines of the log that were dropped, as nobody read them."
        )
        page.sample([], reading.droppedLogLines)
        page.family("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
        page.sample([], Double(reading.now.unixNanoseconds) / 1e9 - reading.uptimeSeconds)
        guard let process = reading.process else { return }
        page.family("process_resident_memory_bytes", .gauge, "Resident memory.")
        page.sample([], process.residentBytes)
        page.family("process_cpu_seconds_total", .counter, "Time on processors, in user and kernel mode.")
        page.sample([], process.processorSeconds)
        page.family("process_open_fds", .gauge, "Open file descriptors.")
        page.sample([], process.openDescriptors)
        page.family("process_max_fds", .gauge, "The most file descriptors that may be open.")
        page.sample([], process.maximumDescriptors)
    }

    private mutating func byShard(
        _ name: String,
        _ kind: PrometheusText.Kind,
        _ help: String,
        _ value: (ShardReading) -> UInt64
    ) {
        page.family(name, kind, help)
        for shard in reading.shards {
            page.sample([("shard", shard.name)], value(shard.reading))
        }
    }

    private mutating func histogram(_ labels: [(String, String)], _ latency: LatencyReading) {
        page.histogram(
            labels,
            bounds: Self.bounds,
            counts: latency.counts,
            sum: Double(latency.sumNanoseconds) / 1e9
        )
    }
}
