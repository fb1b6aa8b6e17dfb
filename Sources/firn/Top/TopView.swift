internal import FirnLayout

/// The daemons that `firn top` shows, and what is known of each. A state machine without I/O.
struct TopView {
    /// What a daemon's counters say of one interval.
    struct Reading: Equatable {
        let counters: DaemonCounters
        let total: ShardRates
        let shards: [(name: String, rates: ShardRates)]

        static func == (one: Reading, other: Reading) -> Bool {
            one.counters == other.counters && one.total == other.total
                && one.shards.elementsEqual(other.shards) { $0.name == $1.name && $0.rates == $1.rates }
        }
    }

    enum State: Equatable {
        /// Its counters were read once: there are no rates yet.
        case counted(DaemonCounters)
        case read(Reading)
        case away(reason: String)
    }

    private struct Daemon {
        let address: String
        var last: (counters: DaemonCounters, nanoseconds: Int64)?
        var state: State = .away(reason: "it was not asked yet")
    }

    let showsShards: Bool
    private var daemons: [Daemon]

    init(addresses: [String], showsShards: Bool) {
        daemons = addresses.map { Daemon(address: $0) }
        self.showsShards = showsShards
    }

    var states: [State] { daemons.map(\.state) }

    /// Whether any daemon answered at the last time.
    var hasAnswer: Bool {
        daemons.contains {
            if case .away = $0.state { false } else { true }
        }
    }

    /// - Parameters:
    ///   - index: of the daemon, in the order of the addresses.
    ///   - now: in nanoseconds of a clock that is not set back.
    mutating func read(_ counters: DaemonCounters, from index: Int, at now: Int64) {
        defer { daemons[index].last = (counters, now) }
        guard let last = daemons[index].last, now > last.nanoseconds, last.counters.isBefore(counters) else {
            daemons[index].state = .counted(counters)
            return
        }
        let seconds = Double(now - last.nanoseconds) / 1e9
        let shards = counters.shards.map { name, shard in
            let earlier = last.counters.shards.first { $0.name == name }?.counters ?? DaemonCounters.Shard()
            return (name: name, rates: shard.rates(since: earlier, seconds: seconds))
        }
        let total = counters.total.rates(since: last.counters.total, seconds: seconds)
        daemons[index].state = .read(Reading(counters: counters, total: total, shards: shards))
    }

    mutating func failed(_ reason: String, from index: Int) {
        daemons[index].state = .away(reason: reason)
        // The counters of before would give the rate of the whole absence.
        daemons[index].last = nil
    }
}

extension DaemonCounters {
    /// Whether these are of the same process as later ones.
    fileprivate func isBefore(_ later: DaemonCounters) -> Bool {
        // The start is computed from two clocks.
        abs(started - later.started) < 1 && total.ids <= later.total.ids && total.calls <= later.total.calls
    }

    /// What a table says of the daemon in a word or two.
    fileprivate var stateText: String {
        isReady ? (isResting ? "at rest" : "ready") : "no IDs"
    }
}

// MARK: - As a table

extension TopView {
    private static let head = [
        "daemon", "IDs/s", "calls/s", "failed/s", "waits/s", "p50", "p99", "connections", "window",
    ]

    /// The columns that a narrow terminal does not show, the least needed first.
    private static let spare = ["connections", "p50", "waits/s", "failed/s", "calls/s"]

    /// The table's lines, none longer than so many columns. Where there is no room, columns are left out, and why daemons are away is
    /// below the table; what does not fit then is cut.
    func lines(columns: Int) -> [String] {
        let whole = table(without: [], hasReasons: true)
        if whole.allSatisfy({ $0.count <= columns }) { return whole }
        var narrow: [String] = []
        for count in 0...Self.spare.count {
            narrow = table(without: Set(Self.spare.prefix(count)), hasReasons: false)
            if narrow.allSatisfy({ $0.count <= columns }) { break }
        }
        let reasons = daemons.flatMap { daemon -> [String] in
            guard case .away(let reason) = daemon.state else { return [] }
            return Self.wrapped("\(daemon.address) is away: \(reason)", columns)
        }
        return (narrow + reasons).map { Self.cut($0, columns) }
    }

    private func table(without left: Set<String>, hasReasons: Bool) -> [String] {
        var rows = [Self.head]
        var ends = ["state"]
        for daemon in daemons {
            let (cells, end) = Self.row(daemon, hasReason: hasReasons)
            rows.append(cells)
            ends.append(end)
            guard showsShards, case .read(let reading) = daemon.state else { continue }
            for (name, rates) in reading.shards {
                rows.append(["  \(name)"] + Self.cells(rates) + [""])
                ends.append("")
            }
        }
        if daemons.count > 1 {
            let sums = [sum(\.ids), sum(\.calls), sum(\.failed), sum(\.waits)].map(Self.rate)
            rows.append(["all"] + sums + ["", "", "", ""])
            ends.append("")
        }
        let shown = rows.map { row in zip(Self.head, row).filter { !left.contains($0.0) }.map(\.1) }
        var table = Table(textColumns: 1)
        return zip(table.lines(shown), ends).map { line, end in end.isEmpty ? Self.trimmed(line) : "\(line)  \(end)" }
    }

    /// Broken at spaces; each line but the first begins with two.
    private static func wrapped(_ text: String, _ columns: Int) -> [String] {
        text.split(separator: " ").reduce(into: []) { lines, word in
            if let last = lines.last, last.count + 1 + word.count <= columns {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(lines.isEmpty ? String(word) : "  \(word)")
            }
        }
    }

    private func sum(_ rate: KeyPath<ShardRates, Double>) -> Double {
        daemons.reduce(0) { sum, daemon in
            if case .read(let reading) = daemon.state { sum + reading.total[keyPath: rate] } else { sum }
        }
    }

    private static func row(_ daemon: Daemon, hasReason: Bool) -> (cells: [String], end: String) {
        switch daemon.state {
        case .away(let reason):
            return (
                [daemon.address] + Array(repeating: "-", count: head.count - 1), hasReason ? "away: \(reason)" : "away"
            )
        case .counted(let counters):
            let window = window(counters)
            return ([daemon.address] + Array(repeating: "-", count: head.count - 2) + [window], counters.stateText)
        case .read(let reading):
            let cells = cells(reading.total) + [window(reading.counters)]
            return ([daemon.address] + cells, reading.counters.stateText)
        }
    }

    private static func cells(_ rates: ShardRates) -> [String] {
        [
            rate(rates.ids), rate(rates.calls), rate(rates.failed), rate(rates.waits),
            seconds(rates.median), seconds(rates.slowest), rates.connections.map { grouped(UInt64(max($0, 0))) } ?? "-",
        ]
    }

    private static func rate(_ perSecond: Double) -> String {
        perSecond > 0 && perSecond < 10 ? perSecond.inTenths : grouped(UInt64(max(perSecond, 0).rounded()))
    }

    private static func seconds(_ seconds: Double?) -> String {
        guard let seconds else { return "-" }
        guard seconds.isFinite else { return "longer" }
        return DurationLabel.text(nanoseconds: Int64((seconds * 1e9).rounded()))
    }

    private static func window(_ counters: DaemonCounters) -> String {
        counters.windowSeconds.map { "\($0.inTenths) s" } ?? "-"
    }

    /// Without spaces at the end.
    private static func trimmed(_ line: String) -> String {
        String(line.prefix((line.lastIndex { $0 != " " }).map { line[...$0].count } ?? 0))
    }

    private static func cut(_ line: String, _ columns: Int) -> String {
        line.count > columns ? line.prefix(max(columns - 1, 0)) + "…" : line
    }
}

// MARK: - As JSON

extension TopView {
    /// An object for each daemon, and with shards an array in it.
    func json(time: UTCTime) -> [JSON] {
        daemons.map { daemon in
            let start: [(name: String, value: JSON)] = [
                ("time", .string("\(time)")), ("address", .string(daemon.address)),
            ]
            switch daemon.state {
            case .away(let reason): return .object(start + [("away", .string(reason))])
            case .counted(let counters): return .object(start + Self.members(counters))
            case .read(let reading):
                let shards = JSON.array(
                    reading.shards.map { .object([("shard", .string($0.name))] + Self.members($0.rates)) }
                )
                return .object(
                    start + Self.members(reading.counters) + Self.members(reading.total)
                        + (showsShards ? [("shards", shards)] : [])
                )
            }
        }
    }

    private static func members(_ counters: DaemonCounters) -> [(name: String, value: JSON)] {
        [
            ("version", .string(counters.version)),
            ("layout", .string(counters.layout)),
            ("ready", .boolean(counters.isReady)),
            ("resting", .boolean(counters.isResting)),
            ("workers", .number(UInt64(max(counters.workers, 0)))),
            ("windowSeconds", counters.windowSeconds.map(JSON.decimal) ?? .null),
        ]
    }

    private static func members(_ rates: ShardRates) -> [(name: String, value: JSON)] {
        [
            ("idsPerSecond", .decimal(rates.ids)),
            ("callsPerSecond", .decimal(rates.calls)),
            ("failedPerSecond", .decimal(rates.failed)),
            ("waitsPerSecond", .decimal(rates.waits)),
            ("p50Seconds", rates.median.map(JSON.decimal) ?? .null),
            ("p99Seconds", rates.slowest.map(JSON.decimal) ?? .null),
            ("connections", rates.connections.map { .number(UInt64(max($0, 0))) } ?? .null),
        ]
    }
}
