internal import FirnLayout

/// What `firn bench` found, as text and as JSON.
struct BenchReport {
    let plan: BenchPlan
    let tally: BenchTally
    /// From the beginning to the last answer, and at least to the planned end.
    let seconds: Double
    /// How busy the generator's threads were, from 0 to 1.
    let busy: Double
    /// The most IDs per second that the daemon's workers have.
    let maximumIDsPerSecond: Double
    let layout: String

    private static let shares: [(name: String, share: Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999),
    ]

    /// Above this the generator, and not the daemon, may be what is measured.
    private static let busyGenerator = 0.9
    /// From this part of the layout's maximum on, that is what was measured.
    private static let nearMaximum = 0.95

    private var idsPerSecond: Double { Double(tally.ids) / seconds }
    private var callsPerSecond: Double { Double(tally.calls) / seconds }

    func lines(columns: Int) -> [String] {
        var lines = [heading, ""]
        lines += Self.aligned([
            ("IDs per second", grouped(UInt64(idsPerSecond))),
            ("calls per second", grouped(UInt64(callsPerSecond))),
            ("IDs", grouped(tally.ids)),
            ("calls", grouped(tally.calls)),
            ("failed", grouped(tally.failed)),
        ])
        for (name, failure) in failures {
            lines.append("  \(name)  \(grouped(failure.count)): \(failure.message)")
        }
        if tally.calls > 0 {
            lines += ["", plan.hasRate ? "time from when a call was due" : "time from when a call was sent"]
            lines += Self.aligned(times.map { ($0, DurationLabel.text(nanoseconds: $1)) })
            lines += [""] + BarChart(rows: tally.latency.rows).lines(columns: columns)
        }
        return notes.isEmpty ? lines : lines + [""] + notes
    }

    private var heading: String {
        let connections = "\(plan.connections) \(plan.connections == 1 ? "connection" : "connections")"
        let calls = plan.rate.map { "\(grouped(UInt64($0))) calls per second" } ?? "\(plan.inFlight) in flight on each"
        let ids = "\(plan.batch) \(plan.batch == 1 ? "ID" : "IDs") per call"
        return "\(plan.address): \(seconds.inTenths) s, \(connections), \(calls), \(ids)"
    }

    private var failures: [(name: String, failure: BenchTally.Failure)] {
        tally.failures.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { ($0.key, $0.value) }
    }

    private var times: [(name: String, nanoseconds: Int64)] {
        Self.shares.map { ($0.name, tally.latency.time(ofShare: $0.share) ?? 0) } + [("max", tally.latency.highest)]
    }

    /// What the figures do not say of themselves.
    private var notes: [String] {
        var notes: [String] = []
        if idsPerSecond >= maximumIDsPerSecond * Self.nearMaximum {
            notes.append(
                "This is the limit of the layout \(layout) with the daemon's workers: "
                    + "\(grouped(UInt64(maximumIDsPerSecond))) IDs per second."
            )
        }
        if busy >= Self.busyGenerator {
            notes.append(
                "The generator was busy \(Int(busy * 100)) % of the time: it may be the limit, not the daemon. Give it "
                    + "more --threads, or run it on another host."
            )
        }
        return notes
    }

    private static func aligned(_ rows: [(String, String)]) -> [String] {
        let names = rows.map(\.0.count).max() ?? 0
        let values = rows.map(\.1.count).max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: names - name.count + 2 + values - value.count) + value
        }
    }

    var json: JSON {
        .object([
            ("address", .string("\(plan.address)")),
            ("seconds", .decimal(seconds)),
            ("connections", .number(UInt64(plan.connections))),
            ("inFlight", .number(UInt64(plan.inFlight))),
            ("rate", plan.rate.map { .number(UInt64($0)) } ?? .null),
            ("batch", .number(UInt64(plan.batch))),
            ("ids", .number(tally.ids)),
            ("calls", .number(tally.calls)),
            ("failed", .number(tally.failed)),
            ("failures", .object(failures.map { (name: $0.name, value: .number($0.failure.count)) })),
            ("idsPerSecond", .decimal(idsPerSecond)),
            ("callsPerSecond", .decimal(callsPerSecond)),
            (
                "latencyNanoseconds",
                tally.calls == 0
                    ? .null : .object(times.map { (name: $0.name, value: .number(UInt64($0.nanoseconds))) })
            ),
            ("maximumIDsPerSecond", .decimal(maximumIDsPerSecond)),
            ("generatorThreads", .number(UInt64(plan.threads))),
            ("generatorBusy", .decimal(busy)),
        ])
    }
}

extension Double {
    /// As text with one digit behind the point.
    var inTenths: String {
        let tenths = Int64((self * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
