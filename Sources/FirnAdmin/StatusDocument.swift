internal import FirnEngine
internal import FirnLayout
internal import FirnServer

/// A daemon's state as JSON, for `/status` and the status page.
enum StatusDocument {
    /// The recent rates of a shard, per second.
    struct Rates {
        var ids: Double
        var calls: Double
    }

    /// - Parameter rates: one for each shard.
    static func json(_ reading: DaemonReading, rates: [Rates]) -> JSON {
        .object([
            ("version", .string(reading.version)),
            ("uptime_seconds", .decimal(reading.uptimeSeconds)),
            ("time", .string("\(UTCTime(unixMilliseconds: UInt64(max(0, reading.now.unixNanoseconds) / 1_000_000)))")),
            ("ready", .boolean(reading.unreadiness == nil)),
            ("reason", reading.unreadiness.map(JSON.string) ?? .null),
            ("layout", layout(reading)),
            ("window_seconds", .decimal(Double(reading.window.milliseconds) / 1e3)),
            ("workers", .array(reading.windows.places.map { worker($0, reading) })),
            ("shards", .array(zip(reading.shards, rates).map(shard))),
            ("connections", connections(reading)),
            ("store", store(reading)),
            (
                "clock",
                .object([
                    ("offset_seconds", .decimal(Double(reading.windows.clockOffsetNanoseconds) / 1e9)),
                    ("slewing", .boolean(reading.windows.isClosingGap)),
                ])
            ),
            ("process", reading.process.map(process) ?? .null),
        ])
    }

    private static func layout(_ reading: DaemonReading) -> JSON {
        let layout = reading.layout
        let fields = layout.fields.map { field in
            JSON.object([
                ("kind", .string(field.kind.rawValue)),
                ("name", .string(field.name)),
                ("width", .number(UInt64(field.width))),
                ("shift", .number(UInt64(field.shift))),
                // As a string, because it may exceed 2^53.
                ("constant", field.kind == .constant ? .string("\(field.constant)") : .null),
            ])
        }
        return .object([
            ("name", .string(layout.name)),
            ("specification", .string(layout.specification)),
            ("fields", .array(fields)),
            ("tick_nanoseconds", .number(layout.tickNanoseconds)),
            ("epoch_unix_ms", .number(layout.epochUnixMilliseconds)),
            ("ids_per_second", .decimal(layout.idsPerSecond)),
            ("last_day", layout.lastDay.map(JSON.string) ?? .null),
            ("remaining_seconds", reading.layoutSeconds.map(JSON.decimal) ?? .null),
        ])
    }

    private static func worker(_ place: WindowReading.Place, _ reading: DaemonReading) -> JSON {
        let left = reading.windowSeconds(place)
        return .object([
            ("worker", place.holding.map { .number(UInt64($0.worker)) } ?? .null),
            // As a string: it is only displayed, and may exceed 2^53.
            ("generation", place.holding.map { .string("\($0.generation)") } ?? .null),
            ("serving", .boolean(place.obstacle == nil && (left > 0 || place.isResting))),
            ("resting", .boolean(place.isResting)),
            ("window_left_seconds", .decimal(left)),
            (
                "window_until",
                place.holding.map { .string("\(reading.layout.roundedTime(ofTick: $0.limitTick))") } ?? .null
            ),
            ("reason", place.obstacle.map(JSON.string) ?? .null),
            ("store_error", place.storeError.map(JSON.string) ?? .null),
        ])
    }

    private static func shard(_ named: DaemonReading.Shard, _ rates: Rates) -> JSON {
        let shard = named.reading
        let seconds = { (share: Double) -> JSON in
            shard.latency.bound(ofShare: share).map { .decimal(Double($0) / 1e9) } ?? .null
        }
        return .object([
            ("shard", .string(named.name)),
            ("connections", named.hasConnections ? .number(shard.connections) : .null),
            ("ids", .number(shard.ids)),
            ("calls", .number(shard.allCalls)),
            ("failed_calls", .number(shard.failedCalls)),
            ("sequence_values", .number(shard.sequenceValues)),
            ("tick_waits", .number(shard.tickWaits)),
            ("ids_per_second", .decimal(rates.ids)),
            ("calls_per_second", .decimal(rates.calls)),
            ("p50_seconds", seconds(0.5)),
            ("p99_seconds", seconds(0.99)),
        ])
    }

    private static func connections(_ reading: DaemonReading) -> JSON {
        .object([
            ("open", .number(reading.shards.reduce(0) { $0 + $1.reading.connections })),
            ("accepted", .number(reading.acceptor.acceptedUnix + reading.acceptor.acceptedTCP)),
            ("refused", .number(RefusalReason.allCases.reduce(0) { $0 + reading.acceptor.refused($1) })),
        ])
    }

    private static func store(_ reading: DaemonReading) -> JSON {
        let store = reading.store
        let time = { (nanoseconds: Int64) in
            JSON.string("\(UTCTime(unixMilliseconds: UInt64(max(0, nanoseconds) / 1_000_000)))")
        }
        return .object([
            ("name", .string(reading.storeName)),
            ("failing", .boolean(store.isFailing)),
            ("last_answer", store.lastAnswerUnixNanoseconds.map(time) ?? .null),
            ("last_error", store.lastError.map { .string($0.message) } ?? .null),
            ("last_error_at", store.lastError.map { time($0.unixNanoseconds) } ?? .null),
        ])
    }

    private static func process(_ process: ProcessReading) -> JSON {
        .object([
            ("resident_bytes", .number(process.residentBytes)),
            ("cpu_seconds", .decimal(process.processorSeconds)),
            ("open_fds", .number(process.openDescriptors)),
        ])
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
