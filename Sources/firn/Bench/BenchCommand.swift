internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration
internal import FirnLayout
internal import NIOCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how many IDs a daemon gives, and how long its answers take.",
        discussion: """
            It opens connections to one daemon and takes IDs on them for a while, which are dropped. Without --rate each \
            connection has --in-flight calls open all the time, and makes the next when one is answered: that finds the \
            highest rate. With --rate calls are due evenly in time, and a time counts from when its call was due, also if \
            it had to wait because earlier ones were not answered yet: a daemon that stalls is charged with every call \
            that was due meanwhile, as its callers would be. Find the rate first, then measure times at half of it.

            A call that is not answered within --timeout has failed. A connection that is lost is made again after \
            100 ms; calls on it have failed. The command ends by itself, at the latest --timeout after --duration, and \
            with what it has so far on SIGINT. A run on the daemon's host shares its processors. The generator is part of \
            this command: where its threads were busy all the time, the answer says that it may be the limit.

            All IDs are real: they come from the daemon's workers, and other callers get fewer meanwhile.

            EXIT CODES:
              0    done, also when some calls failed; the answer has them by their kind
              64   an argument is wrong
              69   no daemon answers at the address
              70   no call was answered: the daemon refused all
              75   no call was answered: the daemon refused all, or was late; it may answer if asked again
            """
    )

    @Argument(help: "The daemon's address, as for --address.")
    var place: String?

    @Option(help: "How many connections: 1 to 1000.")
    var connections = 16

    @Option(help: "How many calls are in flight on each connection at most: 1 to 1024.")
    var inFlight = 32

    @Option(
        help: ArgumentHelp(
            "Calls per second, of all connections together: 1 to 10000000. (default: as many as are answered)",
            valueName: "calls"
        )
    )
    var rate: Int?

    @Option(help: "How many IDs each call takes: 1 to 65536.")
    var batch = 1

    @Option(duration: ArgumentHelp("How long to measure: 100ms to 24h.", valueName: "duration"))
    var duration = DurationText(.seconds(10))

    @Option(help: "How many threads make the calls: 1 to 64. (default: half of the processors)")
    var threads: Int?

    @Flag(help: "Write the answer as one JSON object.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if place != nil, daemon.address != nil {
            throw ValidationError("The address is given twice; give it as argument or with --address.")
        }
        try Self.check(connections, "--connections", 1...1000)
        try Self.check(inFlight, "--in-flight", 1...BenchCalls.maximumInFlight)
        if let rate { try Self.check(rate, "--rate", 1...10_000_000) }
        try Self.check(batch, "--batch", 1...65_536)
        if let threads { try Self.check(threads, "--threads", 1...64) }
        guard let value = duration.value, value >= .milliseconds(100), value <= .seconds(86_400) else {
            throw ValidationError("--duration is \(duration.defaultValueDescription); give 100ms to 24h.")
        }
    }

    private static func check(_ value: Int, _ option: String, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option) is \(value); give \(range.lowerBound) to \(range.upperBound).")
        }
    }

    func run() async throws {
        var daemon = daemon
        daemon.address = daemon.address ?? place
        var description: FirnDaemonDescription?
        // Also refuses an address that is none, a token that is wrong, and a daemon without IDs.
        try await daemon.withClient { client in
            let answer = try await client.daemonDescription()
            if case .unready(let code, let message, let retryAfter) = answer.readiness {
                throw FirnClientError(code: code, message: message, retryAfter: retryAfter)
            }
            description = answer
        }
        guard let description else { return }
        try await reportingErrors {
            try await measure(try plan(daemon, description), description)
        }
    }

    private func plan(_ daemon: DaemonOptions, _ description: FirnDaemonDescription) throws -> BenchPlan {
        guard batch <= description.maximumBatchSize else {
            throw Refusal(
                message: "--batch is \(batch), and this daemon gives at most \(description.maximumBatchSize) IDs "
                    + "per call.",
                exitCode: .usage
            )
        }
        let configuration = try daemon.access.clientConfiguration()
        return BenchPlan(
            address: try daemon.resolvedAddress,
            tls: configuration.tls,
            token: configuration.token,
            timeout: configuration.timeout,
            connections: connections,
            inFlight: inFlight,
            batch: batch,
            rate: rate,
            duration: duration.value ?? .zero,
            threads: min(threads ?? min(max(System.coreCount / 2, 1), 64), connections)
        )
    }

    private func measure(_ plan: BenchPlan, _ description: FirnDaemonDescription) async throws {
        let group = BareChannel.eventLoops(threads: plan.threads)
        let loops = try await BenchLoops(plan, group)
        try await loops.connect()
        Interruption.catchSignals()
        let processorTime = Self.processorSeconds
        try await loops.run(showing: BenchProgress(planned: duration.defaultValueDescription))
        let (tally, seconds) = try await loops.tally()
        let busy = (Self.processorSeconds - processorTime) / seconds / Double(plan.threads)
        try await group.shutdownGracefully()
        let layout = description.layout
        try write(
            BenchReport(
                plan: plan,
                tally: tally,
                seconds: seconds,
                busy: min(busy, 1),
                maximumIDsPerSecond: layout.idsPerSecond * Double(description.workers.count),
                layout: layout.name
            )
        )
        guard tally.calls == 0, let failure = tally.failures.values.max(by: { $0.count < $1.count }) else { return }
        throw ExitCode(failure.exitCode)
    }

    private func write(_ report: BenchReport) throws {
        var output = StandardOutput()
        let lines = json ? [report.json.text] : report.lines(columns: Terminal.columns)
        for line in lines { try output.write(line: line) }
        try output.flush()
    }

    /// What this process has used of processors.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
