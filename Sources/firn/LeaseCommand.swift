internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration
internal import FirnLayout
internal import FirnWire

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

struct LeaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Lease a worker, for a program that makes IDs by itself.",
        discussion: """
            A lease is a worker and a window of ticks on it, which nobody else uses: from FIRN_FIRST_TICK up to, and not \
            including, FIRN_LIMIT_TICK. Anyone who has it may make IDs of these ticks with this worker, once each has come: \
            a program that borrows ticks from the future must not end before they have come, because the worker is then \
            free from the present tick on.

            firn lease --exec 'python3 loop.py' runs the command in /bin/sh with the worker and the layout in its \
            environment, extends the lease while it runs, and gives it back when it has ended. The exit code is the \
            command's, or 128 and the signal that killed it. Processes that the command leaves behind are ended. \
            SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on.

            When the lease cannot be extended, the command gets SIGTERM a sixth of the window before the limit (5 s at \
            most) and SIGKILL before the limit. When the lease is lost, it gets SIGTERM at once, and SIGKILL at the \
            latest at the same time. The exit code is then 75. If firn itself is killed, the shell gets SIGTERM; have it \
            exec the program ('exec python3 loop.py') so that the program gets it.

            Two things cannot be prevented: if firn is stopped (SIGSTOP, a frozen cgroup) while the command runs on, \
            nobody ends the command at the limit; and if the wall clock is set ahead past the limit, the command is \
            ended up to a second later. A program for which that matters checks the limit before each ID, in \
            the file --lease-file: one line, LIMIT_TICK LIMIT_UNIX_MS LEASE_ID, replaced whole with each extension, and \
            0 0 when the lease is over. The last word is FIRN_LEASE_ID: with another one, the file is of another lease. The \
            wall clock is looked at once per second: if it is set ahead and back within that time, the worker is given back \
            too early when the command ends.

            Without --exec, the lease is printed, and nobody extends it: that is done with --extend, and --release ends \
            it. Its worker is then free when its window has passed, or from --first-unused-tick on. V=$(firn lease) && eval "$V" sets the variables in a shell:
              FIRN_WORKER, FIRN_LAYOUT, FIRN_EPOCH_UNIX_MS, FIRN_TICK_NS, FIRN_TIME_BITS, FIRN_WORKER_BITS,
              FIRN_SEQUENCE_BITS, FIRN_SEQUENCE_ABOVE_WORKER (0 or 1), FIRN_FIRST_TICK, FIRN_LEASE_ID
                                    for --exec too
              FIRN_TIME_SHIFT, FIRN_WORKER_SHIFT, FIRN_SEQUENCE_SHIFT, FIRN_CONSTANT_BITS
                                    for --exec too: how many bits are below each field, and the bits that all IDs have
              FIRN_LEASE_FILE       for --exec the path of --lease-file; otherwise empty, because the file of another lease has \
            another limit
              FIRN_LIMIT_TICK, FIRN_LIMIT_UNIX_MS
                                    the limit; --extend prints the new one
              FIRN_LEASE            what --extend and --release take; --extend prints the new one, and the old one \
            is then of no use

            firnd reads FIRN_WORKER and FIRN_LAYOUT as its settings: unset them for a firnd that such a command starts.

            EXIT CODES: those of firn, and with --exec the command's.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The name of the lease's holder, which firn workers shows: 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'. (default: firn-lease)",
            valueName: "name"
        )
    )
    var name: String?

    @Option(
        help: ArgumentHelp(
            "How long a lease lasts, such as 30s: at most the daemon's --max-lease-window. (default: the daemon's --lease-window)",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    var window: DurationText?

    @Option(help: ArgumentHelp("Extend this lease, and print what changes.", valueName: "lease"))
    var extend: String?

    @Option(help: ArgumentHelp("Give this lease back.", valueName: "lease"))
    var release: String?

    @Option(
        help: ArgumentHelp(
            "The first tick that was not used of the lease that is given back: without it, the worker is free when its window has passed.",
            valueName: "tick"
        )
    )
    var firstUnusedTick: UInt64?

    @Option(help: ArgumentHelp("Run this command with a lease.", valueName: "command"))
    var exec: String?

    @Option(help: ArgumentHelp("Keep the lease's limit in this file, for --exec.", valueName: "path"))
    var leaseFile: String?

    @Option(help: "How to write the lease, without --exec.")
    var format = AnswerFormat.text

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        let given = [("--extend", extend), ("--release", release), ("--exec", exec)].filter { $0.1 != nil }.map(\.0)
        guard given.count < 2 else {
            throw ValidationError("\(given.joined(separator: " and ")) do not go together; give one of them.")
        }
        if let exec, exec.allSatisfy(\.isWhitespace) {
            throw ValidationError("The command of --exec is empty; give one.")
        }
        if exec != nil, format != .text {
            throw ValidationError("--format is of a lease that is printed, and --exec prints none; leave it out.")
        }
        if firstUnusedTick != nil, release == nil {
            throw ValidationError("--first-unused-tick is of --release; give that too.")
        }
        if firstUnusedTick == 0 {
            throw ValidationError(
                "--first-unused-tick is 0: give FIRN_FIRST_TICK if no tick was used, or leave it out if that is not known."
            )
        }
        if leaseFile != nil, exec == nil { throw ValidationError("--lease-file is of --exec; give that too.") }
        if let name {
            guard extend == nil, release == nil else {
                throw ValidationError("--name is of a new lease; leave it out with \(given[0]).")
            }
            guard Name(name) != nil else {
                throw ValidationError(
                    "The name '\(name.excerpt)' is not 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'; give one."
                )
            }
        }
        if let window {
            guard release == nil else { throw ValidationError("--window is of no use with --release; leave it out.") }
            guard let value = window.value, value >= .milliseconds(100), value <= .seconds(86_400) else {
                throw ValidationError("--window is \(window.defaultValueDescription); give 100ms to 24h.")
            }
        }
        if leaseFile?.isEmpty == true { throw ValidationError("--lease-file is empty; give a path.") }
    }

    func run() async throws {
        try reportingErrors {
            if let extend { _ = try LeaseWord(parsing: extend) }
            if let release { _ = try LeaseWord(parsing: release) }
        }
        if let extend { return try await extendLease(extend) }
        if let release { return try await releaseLease(release) }
        if let exec { return try await run(exec) }
        try await daemon.withClient { client in
            let grant = try await begin(client)
            try write(
                LeaseVariables(worker: grant) + .noFile
                    + LeaseVariables(limitOf: grant.lease, limitUnixMilliseconds: grant.limitUnixMilliseconds)
            )
        }
    }

    static let uncheckedAnswer = FirnClientError(
        code: .protocolViolation,
        message: "The daemon answered another call than was made: report this."
    )

    func write(_ variables: LeaseVariables) throws {
        var output = StandardOutput()
        for line in variables.lines(format) { try output.write(line: line) }
        try output.flush()
    }

    private func begin(_ client: FirnClient) async throws -> LeaseGrant {
        guard let name = Name(name ?? "firn-lease") else { preconditionFailure("a name was checked") }
        let pod = Environment.ofProcess()["POD_NAME"] ?? ""
        guard LeaseCall.Beginning.label(Array(pod.utf8)) != nil else {
            throw ConfigurationError(
                "POD_NAME is '\(pod.excerpt.escapingControls)', and may have "
                    + "\(LeaseCall.Beginning.maximumTextLength) bytes at most and no control character; correct or unset it"
            )
        }
        let beginning = LeaseCall.Beginning(
            name: name,
            host: Self.hostName,
            pod: pod,
            pid: UInt32(getpid()),
            windowMilliseconds: window?.milliseconds ?? 0,
            unixMilliseconds: UInt64(max(0, Self.unixNanoseconds)) / 1_000_000
        )
        guard case .leased(let grant) = try await client.perform(.lease(.begin(beginning)), timeout: nil) else {
            throw Self.uncheckedAnswer
        }
        warn(ofShorter: grant)
        return grant
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return LeaseCall.Beginning.label(bytes) ?? ""
    }

    #if os(Linux)
        private func run(_ command: String) async throws {
            var exitCode: CInt = 0
            try await daemon.withClient { client in
                let file = try leaseFile.map { path throws(ConfigurationError) in try LeaseFile(path: path) }
                let grant = try await begin(client)
                let process = LeasedProcess(client: client, command: command, file: file, grant: grant, received: .now)
                let end = await process.run()
                exitCode = end.exitCode
                guard let rest = end.rest else { return }
                do throws(FirnClientError) {
                    _ = try await client.perform(
                        .lease(.release(rest.hold, firstUnusedTick: rest.firstUnusedTick)),
                        timeout: nil
                    )
                } catch {
                    // It ends by itself.
                    StandardError.write(line: "firn: the lease was not given back: \(error.message)")
                }
            }
            if exitCode != 0 { throw ExitCode(exitCode) }
        }
    #else
        private func run(_ command: String) async throws {
            throw ValidationError("--exec needs Linux, which tells a command that firn has ended; use --extend.")
        }
    #endif
}
