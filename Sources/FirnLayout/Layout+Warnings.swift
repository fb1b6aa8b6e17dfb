extension Layout {
    /// What is probably not meant, as sentences that say what to do; none for most layouts.
    ///
    /// - The order time, sequence, worker is Sonyflake's, which counts whole units since 1970 and rounds its start down to
    ///   one. With an epoch between two units Firn, which counts from the epoch itself, gives other times.
    /// - A field with any name is a part of the worker. One whose name is that of something else, or nearly, such as
    ///   `sequnce`, `seq` or `timestamp`, is probably meant to be that.
    public var warnings: [String] {
        (epochWarning.map { [$0] } ?? []) + nameWarnings
    }

    private var epochWarning: String? {
        guard isSequenceAboveWorker, let clock, clock.nanosecondsOffTick != 0, let floored = clock.floored else {
            return nil
        }
        let unit = Self.shownTick(nanoseconds: tickNanoseconds)
        let start = UTCTime(unixMilliseconds: floored.epochUnixMilliseconds)
        return
            "The epoch \(epoch) of the layout \(name) is no multiple of its tick, \(unit): Sonyflake would round it down "
            + "to \(start). For its IDs write /floored after the epoch."
    }

    private var nameWarnings: [String] {
        let hasSequence = fields.contains { $0.kind == .sequence }
        let lowest = workerFields.last
        return workerFields.compactMap { field in
            let meant: PartName.Meaning
            if let likely = PartName(field.name).meaning {
                meant = likely
            } else if !hasSequence, field == lowest, !PartName(field.name).isUsual {
                meant = .sequence
            } else {
                return nil
            }
            return "The field \(field.name) of the layout \(name) is taken for a part of the worker: \(meant.advice)."
        }
    }
}

/// The name of a part of the worker, and what else it may be meant to be.
private struct PartName {
    enum Meaning: String, CaseIterable {
        case sequence, time, worker, unused

        var advice: String {
            switch self {
            case .sequence: "if it counts the IDs of a tick, call it sequence"
            case .time: "if it holds the time, call it time"
            case .worker: "if it is the whole number, call it worker"
            case .unused: "if its bits are always 0, give them as a constant, as in spare:1=0, or on top as unused:1"
            }
        }
    }

    private let name: String

    init(_ name: String) {
        self.name = name
    }

    /// What the name means elsewhere, or nearly.
    var meaning: Meaning? {
        if let known = Self.meanings[name] { return known }
        return Meaning.allCases.first { Self.differByOneSlip(Array(name.utf8), Array($0.rawValue.utf8)) }
    }

    /// Whether parts of a worker are often called so.
    var isUsual: Bool { Self.usualNames.contains(name) || name == "worker" }

    private static let meanings: [String: Meaning] = {
        let names: [Meaning: [String]] = [
            .sequence: [
                "seq", "seqno", "seqnum", "sequenz", "secuencia", "sequence-number", "sequence_number", "counter",
                "count",
                "increment", "incr", "autoincrement", "step", "serial",
            ],
            .time: [
                "timestamp", "ts", "millis", "milliseconds", "ms", "micros", "microseconds", "seconds", "tick", "ticks",
                "epoch", "date",
            ],
            .unused: ["sign", "spare", "reserved", "padding", "pad", "zero", "zeros"],
        ]
        let pairs = names.flatMap { meaning, names in names.map { ($0, meaning) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }()

    private static let usualNames: Set = [
        "app", "az", "cell", "center", "client", "cluster", "datacenter", "data-center", "data_center", "dc", "device",
        "entity",
        "generator", "group", "host", "id", "instance", "kind", "machine", "member", "node", "partition", "pid", "pod",
        "process", "rack", "region", "replica", "server", "service", "shard", "site", "slot", "tenant", "thread",
        "type", "vm",
        "zone",
    ]

    /// Whether one character was added, left out or replaced, or two neighbours change places.
    private static func differByOneSlip(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        let start = zip(first, second).prefix { $0 == $1 }.count
        let (first, second) = (first.dropFirst(start), second.dropFirst(start))
        let end = zip(first.reversed(), second.reversed()).prefix { $0 == $1 }.count
        let rests = (Array(first.dropLast(end)), Array(second.dropLast(end)))
        return max(rests.0.count, rests.1.count) == 1 || (rests.0.count == 2 && rests.0 == rests.1.reversed())
    }
}
