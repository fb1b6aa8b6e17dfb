internal import ArgumentParser
internal import FirnLayout
internal import FirnStore

struct WorkersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the workers that the store has records of; all others are free.",
        discussion: """
            "limit" is the first moment that the holder may not use, "left" how far off that is by this host's clock: a \
            holder that lives moves it on, and a worker whose limit has passed is free. A worker in the state "used" is held \
            by nobody: it was released from a daemon whose clock was ahead (--holder-is-dead), and is free from the limit \
            that is shown. One in the state "reserved" is kept from all daemons until 'firn workers unreserve'. "lessee" is who \
            leases the worker from a daemon (firn lease, a minter); host, pod and pid are then the lessee's; of a reserved worker \
            it is what the worker is for. The json format is one object per line; ticks and generations are strings in it, for \
            they have up to 64 bits. Records that cannot be read are told on standard error, and the exit code is 65. Without \
            --store, standard error says which store was read.

            A large store is read and written in pages of 1,000 workers, in the order of their numbers, so that it takes \
            little memory. --limit writes so many workers at most; when there are more, standard error has the --after \
            that continues.
            """
    )

    @Option(help: ArgumentHelp("List the workers with numbers above this one.", valueName: "worker"))
    var after: UInt32?

    @Option(help: ArgumentHelp("List so many workers at most. (default: all)", valueName: "count"))
    var limit: Int?

    @OptionGroup var options: StoreOptions

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit); give 1 or more.") }
    }

    func run() async throws {
        try reportingErrors {
            let store = try options.open(forReading: true)
            if options.store == nil { StandardError.write(line: "firn: the workers of \(store.name)") }
            var pages = try WorkerPages(store.store, bounds: store.bounds, after: after)
            var output = StandardOutput()
            var table = WorkerTable(format: format, layout: store.layout)
            var room = limit ?? .max
            var last: UInt32?
            while room > 0, let page = try pages.next(atMost: room) {
                for line in table.lines(for: page, now: store.now.tick) { try output.write(line: line) }
                try output.flush()
                room -= page.count
                last = page.last?.number ?? last
            }
            for line in table.rest { try output.write(line: line) }
            try output.flush()
            if let last, !pages.isAtEnd { StandardError.write(line: "firn: there are more workers: --after \(last)") }
            if let problem = pages.firstProblem {
                let others = pages.problemCount - 1
                let more = others == 0 ? "" : " (and \(others) more: firn store check)"
                throw Refusal(message: problem + more, exitCode: .dataError)
            }
        }
    }
}

/// Workers as a table with a header, or as one JSON object each.
private struct WorkerTable {
    let format: AnswerFormat
    let layout: Layout
    private var table = Table(textColumns: 4)
    /// The header, until it is written.
    private var rows = [["worker", "state", "host", "pod", "pid", "generation", "limit", "left", "renewed", "lessee"]]

    init(format: AnswerFormat, layout: Layout) {
        self.format = format
        self.layout = layout
    }

    mutating func lines(for workers: [StoreReport.Worker], now: UInt64) -> [String] {
        switch format {
        case .text:
            let head = rows
            rows = []
            return table.lines(head + workers.map { $0.cells(layout, now) })
        case .json:
            return workers.map { $0.json(layout, now).text }
        }
    }

    /// The header of a table without workers.
    var rest: [String] {
        guard format == .text, !rows.isEmpty else { return [] }
        var table = table
        return table.lines(rows)
    }
}

extension StoreReport.Worker {
    /// Not held, and not usable before the time has passed that a daemon with a wrong clock used.
    func isUsedAhead(_ now: UInt64) -> Bool { record.limit <= now && record.freeFrom > now && !record.isReserved }

    private func state(_ now: UInt64) -> String {
        if record.isReserved { return "reserved" }
        if record.limit > now { return "held" }
        return isUsedAhead(now) ? "used" : "free"
    }

    private func millisecondsLeft(_ layout: Layout, _ now: UInt64) -> UInt64 {
        guard record.freeFrom > now, !record.isReserved else { return 0 }
        let (nanoseconds, isTooMuch) = (record.freeFrom - now).multipliedReportingOverflow(by: layout.tickNanoseconds)
        return isTooMuch ? .max / 1_000_000 : nanoseconds / 1_000_000
    }

    /// Without spaces, so that a program can split the columns at them.
    fileprivate func cells(_ layout: Layout, _ now: UInt64) -> [String] {
        [
            "\(number)", state(now), Self.cell(record.holder.host),
            record.holder.pod.map(Self.cell) ?? "-", "\(record.holder.pid)", "\(record.generation)",
            record.isReserved ? "-" : Self.time(layout, isUsedAhead(now) ? record.freeFrom : record.limit),
            Self.text(milliseconds: millisecondsLeft(layout, now)),
            "\(UTCTime(unixMilliseconds: record.renewedAtUnixMilliseconds))",
            record.lessee.map(Self.cell) ?? "-",
        ]
    }

    private static func time(_ layout: Layout, _ tick: UInt64) -> String {
        "\(layout.roundedTime(ofTick: tick))"
    }

    private static func cell(_ text: String) -> String {
        let plain = String(text.unicodeScalars.map { $0.value > 0x20 && $0.value != 0x7F ? Character($0) : "?" })
        return plain.isEmpty ? "-" : plain
    }

    private static func text(milliseconds: UInt64) -> String {
        switch milliseconds {
        case 0: "-"
        case ..<100_000: "\(milliseconds / 1000).\(milliseconds / 100 % 10)s"
        case ..<6_000_000: "\(milliseconds / 60_000)m"
        case ..<172_800_000: "\(milliseconds / 3_600_000)h"
        default: "\(milliseconds / 86_400_000)d"
        }
    }

    fileprivate func json(_ layout: Layout, _ now: UInt64) -> JSON {
        .object([
            ("worker", .number(UInt64(number))),
            ("state", .string(state(now))),
            ("host", .string(record.holder.host)),
            ("pod", record.holder.pod.map { .string($0) } ?? .null),
            ("pid", .number(UInt64(record.holder.pid))),
            ("generation", .string("\(record.generation)")),
            ("limit", .string(Self.time(layout, record.limit))),
            ("limitTick", .string("\(record.limit)")),
            ("usedUntil", record.used.map { .string(Self.time(layout, $0)) } ?? .null),
            ("leftMilliseconds", .number(min(millisecondsLeft(layout, now), 1 << 53))),
            ("renewed", .string("\(UTCTime(unixMilliseconds: record.renewedAtUnixMilliseconds))")),
            ("lessee", record.lessee.map { .string($0) } ?? .null),
        ])
    }
}
