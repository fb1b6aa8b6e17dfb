internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration
internal import FirnLayout
internal import NIOCore

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what daemons do now, once per second.",
        discussion: """
            It reads the metrics of each daemon at its --admin address, and shows what was counted between two readings: \
            IDs and calls per second, calls that failed or had to wait for a later tick, how long half of the calls took \
            at most (p50) and 99 of a hundred (p99), open connections, and for how long the daemon can give IDs without \
            another word of its store (the shortest window of its workers). The times are bounds of the daemon's \
            histogram: 1, 2 and 5 of each power of ten.

            A daemon that does not answer stays in the table with the reason, and comes back by itself. At a terminal the \
            table is drawn anew each time, until SIGINT; otherwise each reading is a block of lines, and an empty one. With \
            --json each reading of each daemon is one object per line.

            firnd has no --admin address unless it is told: start it with --admin 127.0.0.1:9464. Where nothing listens at an \
            address of this host, the reason says whether a daemon runs here without it ($FIRN_ADDRESS, or firnd's own default).

            EXIT CODES:
              0    done, or interrupted
              64   an argument is wrong
              69   with --once: no daemon answered
            """
    )

    private static let maximumDaemons = 100

    @Argument(
        help: ArgumentHelp(
            "Addresses of --admin, at most 100: HOST:PORT, tls:HOST:PORT or unix:PATH. (default: 127.0.0.1:9464)",
            valueName: "address"
        )
    )
    var addresses: [String] = []

    @Flag(help: "Show each thread that serves, below its daemon.")
    var shards = false

    @Flag(help: "Show one interval, and end.")
    var once = false

    @Option(duration: ArgumentHelp("The time between two readings: 100ms to 1h.", valueName: "duration"))
    var interval = DurationText(.seconds(1))

    @Flag(help: "Write one JSON object per line.")
    var json = false

    @OptionGroup var access: AccessOptions

    func validate() throws {
        guard addresses.count <= Self.maximumDaemons else {
            throw ValidationError("There are \(addresses.count) addresses; give at most \(Self.maximumDaemons).")
        }
        guard let value = interval.value, value >= .milliseconds(100), value <= .seconds(3600) else {
            throw ValidationError("--interval is \(interval.defaultValueDescription); give 100ms to 1h.")
        }
    }

    func run() async throws {
        try await reportingErrors {
            let readers = try readers()
            var view = TopView(addresses: readers.map { Self.text($0.address) }, showsShards: shards)
            var screen = TopScreen(isTerminal: Terminal.hasOutputOnTerminal && !json && !once)
            Interruption.catchSignals()
            defer { screen.end() }
            var next = ContinuousClock.now
            var isFirst = true
            while !Interruption.isRequested {
                await read(readers, into: &view)
                // The first reading has no rates.
                if !isFirst || !once, !Interruption.isRequested { try show(view, on: &screen) }
                if once, !isFirst { break }
                isFirst = false
                // A reading that took longer than the interval is not made up for.
                next = max(next + (interval.value ?? .zero), .now)
                try await Interruption.sleep(until: next)
            }
            guard !once || view.hasAnswer else { throw ExitCode.unavailable }
        }
    }

    private func readers() throws -> [MetricsReader] {
        let configuration = try access.clientConfiguration()
        let eventLoop = BareChannel.eventLoops(threads: 1).next()
        // Only for a message, so a wrong variable is not told.
        let known = Environment.ofProcess()["FIRN_ADDRESS"].flatMap { try? FirnAddress(parsing: $0) }
        let daemon = known ?? .default()
        let neighbour = Self.isOfThisHost(daemon) ? daemon : nil
        let given = try (addresses.isEmpty ? ["127.0.0.1:9464"] : addresses).map { text in
            // As for firnd --admin, TCP needs no scheme.
            let hasScheme = ["unix:", "tcp:", "tls:"].contains { text.hasPrefix($0) }
            return try FirnAddress(parsing: hasScheme ? text : "tcp:\(text)")
        }
        return Self.distinct(given).map { address in
            MetricsReader(
                address: address,
                configuration: configuration,
                eventLoop: eventLoop,
                neighbour: Self.isOfThisHost(address) ? neighbour : nil
            )
        }
    }

    /// Without those that were there before: their IDs would count twice in the sum.
    private static func distinct(_ addresses: [FirnAddress]) -> [FirnAddress] {
        var seen: [String: Int] = [:]
        let kept = addresses.filter { address in
            seen[text(address), default: 0] += 1
            return seen[text(address)] == 1
        }
        for address in kept {
            guard let count = seen[text(address)], count > 1 else { continue }
            StandardError.write(line: "firn: \(text(address)) is given \(count) times: it is shown and counted once")
        }
        return kept
    }

    private static func isOfThisHost(_ address: FirnAddress) -> Bool {
        let text = text(address)
        return ["unix:", "127.", "localhost:", "[::1]:"].contains { text.hasPrefix($0) }
    }

    /// As firnd's --admin has it.
    static func text(_ address: FirnAddress) -> String {
        let text = "\(address)"
        return text.hasPrefix("tcp:") ? String(text.dropFirst("tcp:".count)) : text
    }

    /// Asks all at once.
    private func read(_ readers: [MetricsReader], into view: inout TopView) async {
        await withTaskGroup(of: (Int, Result<DaemonCounters, MetricsReader.Failure>, Int64).self) { group in
            for (index, reader) in readers.enumerated() {
                group.addTask {
                    do throws(MetricsReader.Failure) {
                        return (index, .success(try await reader.read()), Terminal.nanoseconds)
                    } catch {
                        return (index, .failure(error), Terminal.nanoseconds)
                    }
                }
            }
            for await (index, result, time) in group {
                switch result {
                case .success(let counters): view.read(counters, from: index, at: time)
                case .failure(let failure): view.failed(failure.reason, from: index)
                }
            }
        }
    }

    private func show(_ view: TopView, on screen: inout TopScreen) throws {
        if json {
            try screen.write(view.json(time: .now).map(\.text), isBlock: false)
        } else {
            try screen.write(view.lines(columns: Terminal.size.columns), isBlock: !once)
        }
    }
}
